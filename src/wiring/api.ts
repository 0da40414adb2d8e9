import type { FastifyInstance } from 'fastify'
import { GROUP_FIELDS, ROLE_FIELDS } from '../access/fields/table.ts'
import { keptAnswers } from '../admin/rest/kept-answers.ts'
import { adminRest } from '../admin/rest/routes.ts'
import { ADMINISTRATOR_ROLE_FIELDS } from '../administrators/table.ts'
import { apiRoutes } from '../api/routes.ts'
import { CLAIM_FIELDS } from '../attributes/claims/table.ts'
import { ATTRIBUTE_FIELDS } from '../attributes/table.ts'
import { auditDocument } from '../audit/export.ts'
import { NAMED_BRAND_FIELDS } from '../branding/fields.ts'
import { FIELDS } from '../clients/fields/table.ts'
import { administeredResources } from '../clients/resources/administered.ts'
import { emailCodeNotSent } from '../factors/codes/not-sent.ts'
import { createMfaTokens } from '../factors/mfa-tokens.ts'
import { createMailboxProof } from '../factors/pages/mailbox-proof.ts'
import { reportVerified } from '../factors/pages/verify-form.ts'
import { notSent } from '../factors/phone/not-sent.ts'
import type { Federation } from '../federation/federation.ts'
import { HOOK_FIELDS } from '../hooks/table.ts'
import type { Http } from '../http/http.ts'
import { listDevices } from '../oidc/sessions/devices.ts'
import { liveAccounts } from '../oidc/sessions/generations.ts'
import { ORGANIZATION_FIELDS } from '../organizations/fields.ts'
import type { Services } from '../services.ts'
import { figuresOf } from './console.ts'
import { openPersonalData } from './personal-data.ts'
import type { WiredProtocol } from './protocol.ts'

/** Both JSON APIs, on the services and the protocol: that of a site's own front end, and the administration API. */
export async function wireApi(
  app: FastifyInstance,
  http: Http,
  services: Services,
  { adminTokens, admitSignIn, endDevice, firstPartyTokens, sessions }: WiredProtocol,
  federation: Federation,
): Promise<void> {
  const { accounts, artifacts, audit, clients, clientScopes, clock, config, configuration, consents } =
    services
  const {
    factors,
    keys,
    providers,
    registration,
    rejections,
    resourceCredentials,
    resources,
    secrets,
    settings,
  } = services
  const findLive = liveAccounts(accounts)
  const administration = (scope: FastifyInstance): Promise<void> =>
    adminRest(scope, {
      issuer: config.issuer,
      clock,
      limit: http.limit,
      accounts,
      clients,
      hooks: services.hooks,
      hookFields: HOOK_FIELDS,
      administratorRoles: services.administratorRoles,
      administratorRoleFields: ADMINISTRATOR_ROLE_FIELDS,
      authorityOf: services.administratorRoles.authorityOf,
      webhooks: services.webhooks,
      testMail: services.testMail,
      impersonations: services.impersonations,
      scimTokens: services.scimTokens,
      groups: services.access.groups,
      roles: services.access.roles,
      ofAdministrators: services.access.ofAdministrators,
      groupFields: GROUP_FIELDS,
      roleFields: ROLE_FIELDS,
      organizations: services.organizations,
      organizationFields: ORGANIZATION_FIELDS,
      attributes: services.attributes,
      customClaims: services.customClaims,
      claimFields: CLAIM_FIELDS,
      attributeFields: ATTRIBUTE_FIELDS,
      clientFields: FIELDS,
      clientScopes,
      providers,
      keys,
      audit,
      rejections,
      configuration,
      settings,
      texts: services.texts,
      branding: services.branding,
      brandFields: NAMED_BRAND_FIELDS,
      factors,
      accept: adminTokens.accept,
      secondFactor: () => settings.values.secondFactor,
      findLive,
      answers: keptAnswers(artifacts, secrets),
      relations: {
        sessions: async (accountId) => listDevices(services, await accounts.byId(accountId)),
        endSession: (accountId, uid) => endDevice(accountId, uid, { own: false, administrator: true }),
        consents: consents.list,
      },
      resources: administeredResources(resources, resourceCredentials),
      registrationTokens: registration.tokens,
      auditDocument,
      figures: figuresOf(services),
    })
  await app.register((scope) =>
    apiRoutes(
      scope,
      {
        issuer: new URL(config.issuer),
        clock,
        limit: http.limit,
        devices: http.devices,
        accounts,
        factors,
        personalData: openPersonalData(services),
        managing: services.access.managing,
        organizations: services.organizations,
        ownProvider: services.ownProvider,
        attributes: services.attributes,
        activity: services.activity,
        launchableApps: services.launchableApps,
        lastUses: services.lastUses,
        findLive,
        firstPartyTokens,
        sessions,
        admitSignIn,
        upstream: federation,
        cookies: http.cookies,
        mailboxProof: createMailboxProof(http),
        mfaTokens: createMfaTokens({ artifacts, clock, issuer: config.issuer }),
        secondFactor: () => settings.values.secondFactor,
        gate: services.signInGate,
        codeNotSent: (outcome) => notSent(outcome, clock()),
        emailCodeNotSent: (outcome) => emailCodeNotSent(outcome, clock()),
        signedIn: reportVerified(services.event),
      },
      administration,
    ),
  )
}
