import type { OfAdministrators } from '../../access/administrators.ts'
import type { NamedField } from '../../access/fields/field.ts'
import type { Groups } from '../../access/groups/groups.ts'
import type { Roles } from '../../access/roles/roles.ts'
import type { Account } from '../../accounts/account.ts'
import type { Accounts } from '../../accounts/accounts.ts'
import type { Impersonations } from '../../accounts/impersonations/impersonations.ts'
import type { AdministratorRoles } from '../../administrators/administrator-roles.ts'
import type { Attributes } from '../../attributes/attributes.ts'
import type { Claims } from '../../attributes/claims/claims.ts'
import type { Audit } from '../../audit/audit.ts'
import type { Entry } from '../../audit/entry.ts'
import type { AuditDocument } from '../../audit/export.ts'
import type { Branding } from '../../branding/branding.ts'
import type { NamedBrandField } from '../../branding/fields.ts'
import type { Clients } from '../../clients/clients.ts'
import type { ClientField } from '../../clients/fields/table.ts'
import type { AdministeredResources } from '../../clients/resources/administered.ts'
import type { ClientScopes } from '../../clients/scopes/registered.ts'
import type { ConfigurationService } from '../../configuration/configuration.ts'
import type { Factors } from '../../factors/factors.ts'
import type { Recovery } from '../../factors/recovery/recovery.ts'
import type { Providers } from '../../federation/providers/providers.ts'
import type { Hooks } from '../../hooks/hooks.ts'
import type { Limit } from '../../http/rate-limits/rate-limits.ts'
import type { SendTestMail } from '../../mail/test-mail.ts'
import type { Consent } from '../../oidc/consent/consents.ts'
import type { SigningKeys } from '../../oidc/keys/keys.ts'
import type { SignedInDevice } from '../../oidc/sessions/devices.ts'
import type { AcceptedAdminToken } from '../../oidc/tokens/admin-tokens.ts'
import type { NamedOrganizationField } from '../../organizations/fields.ts'
import type { Organizations } from '../../organizations/organizations.ts'
import type { InitialAccessTokens } from '../../registration/tokens.ts'
import type { Rejections } from '../../rejections/rejections.ts'
import type { ScimTokens } from '../../scim/tokens/tokens.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Texts } from '../../settings/texts.ts'
import type { Authority } from '../../shared/administration/authority.ts'
import type { Clock } from '../../shared/clock.ts'
import type { NamedDefinitionField } from '../../shared/definitions/field.ts'
import type { SecondFactorSetting } from '../../shared/second-factor-rule.ts'
import type { Webhooks } from '../../webhooks/webhooks.ts'
import type { FiguresDependencies } from '../figures.ts'

/** The relations of an account that are not in its row. */
export interface AccountRelations {
  sessions(accountId: string): Promise<SignedInDevice[]>
  /** Ends one of `sessions`, by its `uid`. */
  endSession(accountId: string, uid: string): Promise<void>
  consents(accountId: string): Promise<Consent[]>
}

export interface RestDependencies {
  issuer: string
  clock: Clock
  limit: Limit
  /** Undefined: no such token, or none that counts here. */
  accept(accessToken: string): Promise<AcceptedAdminToken | undefined>
  /** The account, if it and its sign-ins of a generation still count. */
  /** Who has to have a second factor. */
  secondFactor(): SecondFactorSetting
  /** What a role comes to now. */
  authorityOf(role: string): Promise<Authority>
  findLive(accountId: string, generation: number): Promise<Account | undefined>
  answers: KeptAnswers
  clients: Pick<
    Clients,
    | 'list'
    | 'get'
    | 'create'
    | 'update'
    | 'delete'
    | 'disable'
    | 'enable'
    | 'setVerified'
    | 'rotateSecret'
    | 'removeSecret'
  >
  /** What there is to be said of a client. */
  clientFields: readonly ClientField[]
  clientScopes: Pick<ClientScopes, 'warningsOf'>
  /** Never gives or takes a password. */
  accounts: Pick<
    Accounts,
    | 'byId'
    | 'search'
    | 'createByAdmin'
    | 'updateByAdmin'
    | 'delete'
    | 'disable'
    | 'enable'
    | 'unlock'
    | 'sendReset'
    | 'sendInvitation'
    | 'withdrawInvitation'
    | 'endSessions'
  > & { linked: Pick<Accounts['linked'], 'signInMethods'> }
  relations: AccountRelations
  /** Starting to remove second factors, never removing them. */
  factors: Pick<Factors, 'list'> & { recovery: Pick<Recovery, 'start' | 'waiting' | 'stop'> }
  groups: Groups
  roles: Roles
  ofAdministrators: OfAdministrators
  /** What there is to be said of each. */
  groupFields: readonly NamedField[]
  roleFields: readonly NamedField[]
  organizations: Omit<Organizations, 'exist' | 'purge'>
  organizationFields: readonly NamedOrganizationField[]
  attributes: Attributes
  customClaims: Claims
  claimFields: readonly NamedDefinitionField[]
  attributeFields: readonly NamedDefinitionField[]
  resources: AdministeredResources
  providers: Pick<
    Providers,
    'kinds' | 'list' | 'get' | 'getVersioned' | 'add' | 'update' | 'disable' | 'enable' | 'remove' | 'test'
  >
  keys: Pick<SigningKeys, 'list' | 'rotate' | 'retire'>
  registrationTokens: Pick<InitialAccessTokens, 'list' | 'create' | 'revoke'>
  audit: Pick<Audit, 'list' | 'find' | 'verify' | 'export'>
  /** An entry as programs read it. */
  auditDocument(entry: Entry): AuditDocument
  rejections: Pick<Rejections, 'list' | 'show'>
  configuration: Pick<ConfigurationService, 'export' | 'plan' | 'apply' | 'drift'>
  figures: FiguresDependencies
  hooks: Omit<Hooks, 'ask' | 'asked'>
  hookFields: readonly NamedDefinitionField[]
  administratorRoles: Omit<AdministratorRoles, 'requireMayGive'>
  administratorRoleFields: readonly NamedDefinitionField[]
  webhooks: Omit<Webhooks, 'dispatch'>
  impersonations: Pick<Impersonations, 'running' | 'end'>
  scimTokens: Omit<ScimTokens, 'accept'>
  settings: Pick<Settings, 'described' | 'list' | 'change'>
  testMail: SendTestMail
  texts: Pick<Texts, 'list' | 'change'>
  branding: Pick<Branding, 'get' | 'set'>
  brandFields: readonly NamedBrandField[]
}

/** Where answers to be given again are kept; src/storage/artifacts. Its ids are stored hashed. */
export interface KeptAnswers {
  /** False: there is one with this id. @param ttl seconds */
  claim(id: string, kept: Kept, ttl: number): Promise<boolean>
  find(id: string): Promise<Kept | undefined>
  replace(id: string, kept: Kept, ttl: number): Promise<void>
  drop(id: string): Promise<void>
  seal(text: string, id: string): string
  open(sealed: string, id: string): string
}

/** `answer` is sealed: it may hold a secret that is shown once. Absent: still being worked on. */
export interface Kept {
  request: string
  answer?: string
}
