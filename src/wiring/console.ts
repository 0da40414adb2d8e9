import type { FastifyInstance } from 'fastify'
import { GROUP_FIELDS, ROLE_FIELDS } from '../access/fields/table.ts'
import { isLeaving } from '../accounts/deletion/leaving.ts'
import { createAuditSentence } from '../admin/console/audit/sentence.ts'
import { consolePages } from '../admin/console/console.ts'
import { innerRequest } from '../admin/console/try-it/inner-request.ts'
import { type FiguresDependencies, firstStepsOf } from '../admin/figures.ts'
import { supportPages } from '../admin/support-pages.ts'
import { ADMINISTRATOR_ROLE_FIELDS } from '../administrators/table.ts'
import { CLAIM_FIELDS } from '../attributes/claims/table.ts'
import { ATTRIBUTE_FIELDS } from '../attributes/table.ts'
import { createAuditCounts } from '../audit/counts-store.ts'
import { actionGroups, EVENT_TYPES } from '../audit/event-types.ts'
import { OUTSIDE_TYPES } from '../audit/outside/types.ts'
import { fromText, NAMED_BRAND_FIELDS } from '../branding/fields.ts'
import { FORM } from '../clients/fields/form.ts'
import { administeredResources } from '../clients/resources/administered.ts'
import { HOOK_FIELDS } from '../hooks/table.ts'
import type { Http } from '../http/http.ts'
import { senderInWords, senderOf } from '../mail/sender.ts'
import { createMailTemplates } from '../mail/templates.ts'
import { createAdmits } from '../oidc/app-access/rule.ts'
import { createConnectedApps } from '../oidc/consent/connected-apps.ts'
import { listDevices } from '../oidc/sessions/devices.ts'
import { createClaimPreview } from '../oidc/tokens/claim-preview.ts'
import { COUNTED, createClientUsage } from '../oidc/usage/client-usage.ts'
import {
  ORGANIZATION_FIELDS,
  textOf as organizationText,
  valueIn as organizationValue,
} from '../organizations/fields.ts'
import type { Services } from '../services.ts'
import { shownText, textOf, valueIn } from '../shared/definitions/field.ts'
import type { WiredProtocol } from './protocol.ts'

/** What console and REST show at a glance. */
export function figuresOf(services: Services): FiguresDependencies {
  const counts = createAuditCounts(services.db)
  return {
    countsByDay: counts.byDay,
    people: counts.people,
    countsBefore: counts.before,
    activeClients: services.usage.activeClients,
    secondFactorShares: services.accounts.secondFactorShares,
    firstSteps: firstStepsOf(services),
  }
}

/** The console, on the services and the protocol. */
export async function wireConsole(
  app: FastifyInstance,
  http: Http,
  services: Services,
  { endDevice, sessions, openTemporarySession }: WiredProtocol,
): Promise<void> {
  const { accounts, artifacts, audit, clients, clientScopes, clock, config, configuration, consents } =
    services
  const { keys, providers, registration, rejections, resources, selfRegistered, settings, usage } = services
  const { values } = settings
  const apps = createConnectedApps(services)
  await app.register(supportPages, { http, sessions, impersonations: services.impersonations })
  await app.register((scope) =>
    consolePages(scope, {
      ...figuresOf(services),
      http,
      cookies: http.cookies,
      sealed: http.sealed,
      clock,
      issuer: new URL(config.issuer),
      sessions,
      support: http.support,
      impersonations: services.impersonations,
      findAccount: accounts.byId,
      findPerson: accounts.find,
      organizations: services.organizations,
      isMember: services.organizations.members.has,
      organizationFields: ORGANIZATION_FIELDS,
      organizationTexts: { textOf: organizationText, valueIn: organizationValue },
      groups: services.access.groups,
      roles: services.access.roles,
      ofAdministrators: services.access.ofAdministrators,
      groupFields: GROUP_FIELDS,
      roleFields: ROLE_FIELDS,
      attributes: services.attributes,
      customClaims: services.customClaims,
      attributeForm: services.attributes.form,
      attributeFields: ATTRIBUTE_FIELDS,
      claimFields: CLAIM_FIELDS,
      definitionTexts: { textOf, shownText, valueIn },
      previewClaim: createClaimPreview({
        metadataOf: async (id) => (await services.findClient(id))?.metadata,
        membershipsOf: services.access.membershipsOf,
        resources,
        attributesOf: services.attributes.shown,
      }),
      restrictedClients: clients.restricted,
      attention: {
        endingSecrets: clients.endingSecrets,
        failedMails: (most) => services.queue.failed('mail', most),
        refused: rejections.countBetween,
      },
      why: {
        client: clients.get,
        clients: async (limit) => (await clients.list({ limit })).items,
        admits: createAdmits(services.access.membershipsOf),
        lockedDevices: accounts.lockedDevices,
        hooks: async () =>
          (await services.hooks.list()).filter(({ at, state }) => state === 'enabled' && at === 'sign_in'),
        isLeaving,
      },
      found: {
        ...{ users: accounts, clients, resources, rejections, audit },
        groups: services.access.groups,
        roles: services.access.roles,
        organizations: services.organizations,
        providers: services.providers,
      },
      secondFactor: () => services.settings.values.secondFactor,
      factors: services.factors,
      hooks: services.hooks,
      hookFields: HOOK_FIELDS,
      administratorRoles: services.administratorRoles,
      administratorRoleFields: ADMINISTRATOR_ROLE_FIELDS,
      authorityOf: services.administratorRoles.authorityOf,
      webhooks: services.webhooks,
      webhookTypes: [...OUTSIDE_TYPES.keys()],
      async sendTestMail(accountId) {
        const account = await accounts.byId(accountId)
        return account ? services.testMail(account) : { kind: 'no_address' }
      },
      scimTokens: services.scimTokens,
      organizationNames: services.organizations.names,
      organizationDomains: services.organizations.domains.list,
      configuration,
      yamlOf: configuration.yamlOf,
      settings,
      texts: services.texts,
      setup: services.setup,
      async branded() {
        const { brand } = await services.branding.get({ kind: 'server' })
        return Object.values(brand).some((value) => value !== null)
      },
      environment: () => ({
        smtpUrl: config.smtpUrl,
        mailFrom: senderInWords(
          senderOf(values.mailFrom, { issuer: config.issuer, name: services.branding.mail().name }),
        ),
        trustsProxy: config.trustProxy !== false,
      }),
      branding: services.branding,
      brandFields: NAMED_BRAND_FIELDS,
      brandFromText: fromText,
      sealedText: http.sealedText,
      sampleMail: createMailTemplates({ issuer: config.issuer }),
      providers,
      keys,
      registration,
      selfRegistered,
      rejections,
      clients,
      clientForm: FORM,
      clientListing: services.clientListing,
      groupListing: services.groupListing,
      roleListing: services.roleListing,
      organizationListing: services.organizationListing,
      resourceListing: services.resourceListing,
      clientScopes,
      listApis: () => resources.list({ limit: 100 }),
      usageOf: createClientUsage(artifacts),
      usageCounted: COUNTED,
      tryOut: { call: innerRequest(app), openSession: openTemporarySession, consents },
      users: {
        ...accounts,
        exported: services.exportUsers,
        signInMethods: accounts.linked.signInMethods,
        devices: async (id) => listDevices(services, await accounts.byId(id)),
        endSession: (id, uid, by) => endDevice(id, uid, { ...by, administrator: true }),
        apps: apps.list,
      },
      resources: administeredResources(resources, services.resourceCredentials),
      keyUses: usage.keyUses,
      clientDays: usage.clientDays,
      audit,
      auditSentence: createAuditSentence(EVENT_TYPES),
      auditActions: actionGroups(),
      clientName: async (id) => (await services.findClient(id))?.metadata.client_name,
      get metadataDocuments() {
        return values.clientMetadataDocuments === 'on'
      },
      get keyRotationDays() {
        return values.keyRotationDays
      },
    }),
  )
}
