import type { FastifyInstance } from 'fastify'
import type { Account } from '../accounts/account.ts'
import { createDeviceEffects } from '../accounts/lockout/remember-device.ts'
import { type BrowserState, createBrowserState } from '../accounts/pages/browser-state.ts'
import { EXTRA_METADATA } from '../clients/fields/views.ts'
import { explainRedirectMismatch } from '../clients/redirect-uris/mismatch.ts'
import { createMfaTokens } from '../factors/mfa-tokens.ts'
import { createRememberedAccounts, type RememberedAccounts } from '../http/cookies/remembered-accounts.ts'
import type { Http } from '../http/http.ts'
import { pageText } from '../http/pages/views.ts'
import { openProtocol, type Protocol } from '../oidc/protocol.ts'
import { registrationDiscovery } from '../registration/discovery.ts'
import { pkceLine } from '../rejections/pkce-software.ts'
import type { Services } from '../services.ts'
import { isApiCredential } from '../shared/api-credential-id.ts'
import { currentAuditContext } from '../shared/audit-context.ts'
import { secondFactorRequired } from '../shared/second-factor-rule.ts'
import { asStorageError } from '../storage/unavailable.ts'

/** The protocol, and what browsers remember between the pages of accounts. */
export interface WiredProtocol extends Protocol<Account> {
  browser: BrowserState
  remembered: RememberedAccounts
}

/** The protocol endpoints, on the services. */
export async function wireProtocol(
  app: FastifyInstance,
  http: Http,
  services: Services,
  { fastPaths = () => true, background = true }: { fastPaths?: () => boolean; background?: boolean } = {},
): Promise<WiredProtocol> {
  const { accounts, artifacts, clock, config, consents, keys, observers, rejections } = services
  const { lastUses, resourceCredentials, resources, secrets, settings, usage } = services
  const { values } = settings
  const mfaTokens = createMfaTokens({ artifacts, clock, issuer: config.issuer })
  const browser = createBrowserState({ ...http, artifacts, clock })
  const remembered = createRememberedAccounts({
    ...http,
    clock,
    enabled: () => values.rememberedAccounts === 'on',
  })
  const protocol = await openProtocol(app, {
    issuer: config.issuer,
    clock,
    artifacts,
    secrets,
    keys,
    consents,
    usage,
    lastUses,
    accounts,
    resources,
    membershipsOf: services.access.membershipsOf,
    organizations: {
      exist: services.organizations.exist,
      ...services.organizations.members,
    },
    hooks: services.hooks,
    customClaims: {
      live: services.customClaims.live,
      attributesOf: services.attributes.shown,
      labelOf: (name) => services.attributes.live().find((each) => each.name === name)?.label || name,
    },
    privateHosts: config.privateHosts,
    log: app.log,
    http,
    fastPaths,
    background,
    queue: services.queue,
    tokenReads: services.tokenReads,
    holderReads: services.holderReads,
    render: (view, data) => pageText(app, view, data),
    translateError: asStorageError,
    lifetimes: values,
    secondFactor: () => values.secondFactor,
    signInGate: services.signInGate,
    appPasswordCounts: services.factors.appPasswords.counts,
    impersonationCounts: services.impersonations.counts,
    impersonationEnded: services.impersonations.ended,
    async mfaRequired({ accountId, generation, amr, upstream }, account) {
      const methods = await services.factors.methodsOf(account)
      if (methods.length === 0) return secondFactorRequired()
      return mfaTokens.begin({ accountId, generation, amr, upstream, ends: 'tokens' }, methods)
    },
    clients: {
      find: services.findForProtocol,
      extraMetadata: EXTRA_METADATA,
      secretMatches: services.clients.secretMatches,
      notePkce: services.clients.notePkce,
    },
    apiCredentials: { isApiCredential, ...resourceCredentials },
    rejections: {
      record: rejections.record,
      explainRedirect: explainRedirectMismatch,
      diagnose: services.clientEvidence.diagnose,
    },
    pkceLine,
    signOutConfirmation: () => values.signOutConfirmation,
    discovery: () => registrationDiscovery(config.issuer, values),
    effects: {
      async endPending(request, reply) {
        // Who signs out, or in as another person, is signed out: no session kept aside is a way back.
        const kept = http.support.read(request)
        http.support.clear(reply)
        if (kept) await artifacts.destroy('Session', kept.own)
        return browser.endPending(request, reply)
      },
      ...createDeviceEffects({ accounts, devices: http.devices, remembered, gate: services.signInGate }),
    },
    events: services.event,
    issued: observers?.issued,
    rejected: observers?.rejected,
  })
  http.support.decideBy(protocol.sessions.isImpersonated)
  return {
    ...protocol,
    browser,
    remembered,
    firstPartyTokens: {
      ...protocol.firstPartyTokens,
      async issue(who) {
        const tokens = await protocol.firstPartyTokens.issue(who)
        const { address = '', userAgent = '' } = currentAuditContext() ?? {}
        accounts.newDevices.byTokens({ ...who, address, userAgent })
        return tokens
      },
    },
  }
}
