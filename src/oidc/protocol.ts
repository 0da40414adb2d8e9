// The protocol owns: OpenID Connect and OAuth 2.0, as oidc-provider speaks them: endpoints, tokens, sessions, consent, keys. It is
// the only room that imports the library. It does not own accounts, clients and APIs: it asks for them (dependencies.ts).
//
//   request ─► mount ─► the provider of this moment (reload) ─► adapter ─► artefacts, clients
//                                    └─► events ─► audit log, rejections, usage
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createAdmits } from './app-access/rule.ts'
import type { Interactions } from './authorization/interaction.ts'
import { createInteractions } from './authorization/interactions.ts'
import { type AccessInWords, describeRequestedAccess } from './consent/requested-access.ts'
import type { AccountOfProtocol, ProtocolDependencies } from './dependencies.ts'
import { createDeviceCodes } from './device/codes.ts'
import { createDeviceVerification, type DeviceVerification } from './device/verification.ts'
import { createFastPaths, liveTokensOf } from './fast-paths/fast-paths.ts'
import { type AdmitSignIn, createAdmitSignIn } from './hooks/sign-in.ts'
import { createProviderBuilder } from './provider/build.ts'
import { grantTtl } from './provider/lifetimes.ts'
import { mountProvider } from './provider/mount.ts'
import { createReloadableProvider } from './provider/reload.ts'
import { routes } from './provider/routes.ts'
import { type AuditedSessions, auditSessions } from './sessions/audited.ts'
import { createEndDevice, type DeviceEndedBy } from './sessions/end-device.ts'
import { liveAccounts } from './sessions/generations.ts'
import { createSignInSessions } from './sessions/sign-in.ts'
import { openTemporarySession, type TemporarySession } from './sessions/temporary.ts'
import { createUpstreamSessions } from './sessions/upstream.ts'
import { type AdminTokens, createAdminTokens, withAdminApi } from './tokens/admin-tokens.ts'
import { customInWords } from './tokens/custom-claims.ts'
import { FIRST_PARTY_ID } from './tokens/first-party-client.ts'
import { createFirstPartyTokens, type FirstPartyTokens } from './tokens/first-party-tokens.ts'

/** How often the server looks for signing keys that another process has changed, in milliseconds. */
const KEY_WATCH = 2000

/** What the rest of the server needs of the protocol. */
export interface Protocol<Account extends AccountOfProtocol = AccountOfProtocol> {
  /** Authorization requests that wait for a person, and the ways they go on. */
  interactions: Interactions
  /** What an authorization request asks for, in words for the consent page. */
  describeRequestedAccess(details: Parameters<typeof describeRequestedAccess>[2]): Promise<AccessInWords>
  /** The sign-in sessions of browsers. */
  sessions: AuditedSessions
  /** Asks the hooks of a sign-in without a session. */
  admitSignIn: AdmitSignIn
  /** Ends one signed-in device of an account. @param by.own it is the browser that asks */
  endDevice(accountId: string, uid: string, by: DeviceEndedBy): Promise<void>
  /** From the user code of a device to the interaction in which a person decides on it (RFC 8628). */
  deviceVerification: DeviceVerification
  /** Tokens of the built-in client, issued outside of an authorization request. */
  firstPartyTokens: FirstPartyTokens<Account>
  /** Access tokens at the administration API. */
  adminTokens: AdminTokens
  /** A second session beside that of the browser, of the same account and sign-in. @throws Error when it is not signed in */
  openTemporarySession(request: FastifyRequest, reply: FastifyReply): Promise<TemporarySession>
  /** Waits for what is being written and delivered. */
  close(): Promise<void>
}

/** Opens the provider, and mounts its endpoints. */
export async function openProtocol<Account extends AccountOfProtocol>(
  app: FastifyInstance,
  deps: ProtocolDependencies<Account>,
): Promise<Protocol<Account>> {
  const { issuer, artifacts, accounts, clock, consents, effects, events, http, lifetimes, secrets } = deps
  const resources = withAdminApi(issuer, deps.resources)
  const deviceCodes = createDeviceCodes(artifacts, secrets.key('user-codes'), clock, events)
  const builder = createProviderBuilder({ ...deps, resources, deviceCodes })
  const provider = await createReloadableProvider({
    keys: deps.keys,
    onError: (err) => deps.log.error({ err }, 'signing keys could not be reloaded'),
    build: builder.build,
  })
  const current = () => provider.current()
  const liveToken = liveTokensOf({ ...deps, provider }, deps.tokenReads)
  const liveHolder = liveTokensOf({ ...deps, provider }, deps.holderReads)
  await mountProvider(app, {
    issuer,
    answer: provider.answer,
    answerDirectly: http.direct,
    fastPaths: createFastPaths({ ...deps, provider, liveToken, liveHolder, targets: builder.targets }),
    limits: {
      token: http.limit('token'),
      authorization: http.limit('authorization'),
      deviceAuthorization: http.limit('deviceAuthorization'),
    },
    takesFastPaths: deps.fastPaths,
    signsOut: effects.endPending,
  })

  const findLive = liveAccounts(accounts)
  const upstreamSessions = createUpstreamSessions(artifacts, () => grantTtl(lifetimes))
  const admit = createAdmitSignIn({
    hooks: deps.hooks,
    groupsOf: async (id) => (await deps.membershipsOf(id)).groups.map(({ name }) => name),
  })
  const signIns = createSignInSessions({
    ...{ issuer, current, artifacts, lifetimes, upstreamSessions, findLive },
    impersonationCounts: deps.impersonationCounts,
    gate: deps.signInGate,
  })
  const sessions = auditSessions(signIns, {
    ...effects,
    events,
    impersonationEnded: deps.impersonationEnded,
    lastUses: deps.lastUses,
    admit,
    findLive,
    endOtherSessions: accounts.endOtherSessions,
  })
  const admits = createAdmits(deps.membershipsOf)
  const interactions = createInteractions({
    issuer,
    devicePath: routes.code_verification,
    current,
    consents,
    findLive,
    gate: deps.signInGate,
    admits,
    organizations: deps.organizations,
    sessions,
    effects,
    asksHooks: () => deps.hooks.asked('sign_in', undefined),
    speak: http.language.ofAuthorizationRequest,
  })
  if (deps.background) provider.watch(KEY_WATCH)
  return {
    interactions,
    describeRequestedAccess: (details) =>
      describeRequestedAccess(resources.findForProtocol, lifetimes, details, (clientId, scopes) =>
        customInWords(deps.customClaims, clientId, scopes),
      ),
    sessions,
    admitSignIn: admit,
    endDevice: createEndDevice({
      artifacts,
      grantKey: secrets.key('grants'),
      findAccount: accounts.byId,
      events,
      impersonationEnded: deps.impersonationEnded,
    }),
    deviceVerification: createDeviceVerification({
      issuer,
      path: routes.code_verification,
      current,
      codes: deviceCodes,
      answer: provider.answer,
    }),
    firstPartyTokens: createFirstPartyTokens({
      current,
      admits,
      issued: deps.issued,
      clock,
      artifacts,
      upstreamSessions,
      liveToken: async (value) => (deps.fastPaths() ? liveToken(value) : undefined),
      revoked: (what) => events({ type: 'token.revoked', client_id: FIRST_PARTY_ID, ...what }),
      findLive,
      admit,
      secondFactor: deps.secondFactor,
      appPasswordCounts: deps.appPasswordCounts,
      mfaRequired: deps.mfaRequired,
    }),
    adminTokens: createAdminTokens({ issuer, current, admits }),
    async openTemporarySession(request, reply) {
      const session = await signIns.current(request, reply)
      if (session === undefined) throw new Error('a temporary session without a session')
      return openTemporarySession({ issuer, current, artifacts }, session)
    },
    async close() {
      await provider.close()
      await builder.close()
    },
  }
}
