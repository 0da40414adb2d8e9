// The console owns: pages for administrators and auditors, below /admin. It does not own what it shows: every area works on the
// service of its feature, through the interface that it names itself, so that console, REST and command line do the same.
//
//   request ─► guard (context.ts): session, role, fresh sign-in ─► area ─► service ─► page in the frame
import type { FastifyInstance } from 'fastify'
import type { OfAdministrators } from '../../access/administrators.ts'
import type { AccessAreaDependencies } from './access/form.ts'
import { groupsArea } from './access/groups.ts'
import { rolesArea } from './access/roles.ts'
import { type AuditDependencies, auditArea } from './audit/routes.ts'
import { type BrandingAreaDependencies, brandingArea } from './branding/routes.ts'
import type { ClientsDependencies } from './clients/dependencies.ts'
import type { ClientInsightDependencies } from './clients/insight.ts'
import { clientsArea } from './clients/routes.ts'
import { type ConfigurationAreaDependencies, configurationArea } from './configuration.ts'
import { type ConsoleDependencies, consoleContext } from './context.ts'
import { type DashboardDependencies, dashboardArea } from './dashboard.ts'
import {
  type AdministratorRolesAreaDependencies,
  administratorRolesArea,
} from './definitions/administrator-roles.ts'
import { attributesArea, claimsArea, type DefinitionsAreaDependencies } from './definitions/areas.ts'
import { type HooksAreaDependencies, hooksArea } from './definitions/hooks.ts'
import { type KeysDependencies, keysArea } from './keys.ts'
import { type LanguagesDependencies, languagesArea } from './languages/routes.ts'
import { limited } from './limited.ts'
import { type OrganizationsAreaDependencies, organizationsArea } from './organizations/routes.ts'
import { partsArea } from './parts.ts'
import { type ProvidersDependencies, providersArea } from './providers/routes.ts'
import { type RegistrationDependencies, registrationArea } from './registration/routes.ts'
import { type RejectionsDependencies, rejectionsArea } from './rejections/routes.ts'
import { type ResourcesDependencies, resourcesArea } from './resources/routes.ts'
import { type ScimAreaDependencies, scimArea } from './scim/routes.ts'
import { type SearchDependencies, searchArea } from './search/routes.ts'
import { type SettingsAreaDependencies, settingsArea } from './settings/routes.ts'
import { type SetupAreaDependencies, setupArea } from './setup/routes.ts'
import { type UsersDependencies, usersArea } from './users/routes.ts'
import type { WhyDependencies } from './users/why.ts'
import { type WebhooksDependencies, webhooksArea } from './webhooks/routes.ts'

/** Everything that the areas ask for. */
export interface ConsoleAreas
  extends ConsoleDependencies,
    AccessAreaDependencies,
    AdministratorRolesAreaDependencies,
    AuditDependencies,
    ClientsDependencies,
    ClientInsightDependencies,
    BrandingAreaDependencies,
    ConfigurationAreaDependencies,
    DashboardDependencies,
    DefinitionsAreaDependencies,
    HooksAreaDependencies,
    KeysDependencies,
    OrganizationsAreaDependencies,
    ProvidersDependencies,
    RejectionsDependencies,
    RegistrationDependencies,
    ResourcesDependencies,
    ScimAreaDependencies,
    LanguagesDependencies,
    SearchDependencies,
    SettingsAreaDependencies,
    SetupAreaDependencies,
    UsersDependencies,
    WhyDependencies,
    WebhooksDependencies {
  /** Whether what a change is about is of a person who administers. */
  ofAdministrators: OfAdministrators
}

/** Each is a plugin that adds its routes; `config: { admin }` on every one names its permission (src/shared/administration/permissions.ts). */
const AREAS: readonly ((app: FastifyInstance, deps: ConsoleAreas) => Promise<void>)[] = [
  dashboardArea,
  setupArea,
  searchArea,
  clientsArea,
  usersArea,
  groupsArea,
  rolesArea,
  organizationsArea,
  attributesArea,
  claimsArea,
  resourcesArea,
  providersArea,
  administratorRolesArea,
  keysArea,
  registrationArea,
  rejectionsArea,
  auditArea,
  configurationArea,
  hooksArea,
  webhooksArea,
  scimArea,
  settingsArea,
  languagesArea,
  brandingArea,
  partsArea,
]

/** `/admin` and below. */
export async function consolePages(app: FastifyInstance, deps: ConsoleAreas): Promise<void> {
  await consoleContext(app, deps)
  const within = limited(deps)
  for (const area of AREAS) await area(app, within)
}
