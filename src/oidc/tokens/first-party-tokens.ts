import type { AccessToken, Client, Grant, Provider, RefreshToken } from 'oidc-provider'
import { acrOf, neededBy, reaches, satisfies } from '../../shared/acr.ts'
import { currentAuditContext } from '../../shared/audit-context.ts'
import type { Clock } from '../../shared/clock.ts'
import { epochSeconds } from '../../shared/clock.ts'
import type { SecondFactor } from '../../shared/second-factor.ts'
import { requiredAcr, type SecondFactorSetting } from '../../shared/second-factor-rule.ts'
import type { TokenSet } from '../../shared/token-set.ts'
import type { EndedUpstream } from '../../shared/upstream-session.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { Admits } from '../app-access/rule.ts'
import { endGrant } from '../consent/end-grant.ts'
import type { FindLiveToken } from '../fast-paths/live-tokens.ts'
import type { AdmitSignIn } from '../hooks/sign-in.ts'
import { upstreamOf } from '../sessions/details.ts'
import { appPasswordOf, type Generation, generationOf } from '../sessions/generations.ts'
import type { Authentication } from '../sessions/sign-in.ts'
import { endsWith, type UpstreamSessions } from '../sessions/upstream.ts'
import { FIRST_PARTY_ID, FIRST_PARTY_SCOPE } from './first-party-client.ts'
import { amrOfToken, authTimeOf } from './sign-in-of.ts'

/** An access token that is good now. Whether its account and generation still count is the caller's question, unless the account is here. */
export interface AcceptedToken<Account = unknown> extends Generation {
  accountId: string
  /** Where one look has found all of it: the account, which counts, and so does the generation. */
  account?: Account | undefined
  grantId: string
  /**
   * What it may do at the JSON API. `full`: a token of the built-in client. `read`: one of a registered first-party client with
   * the same scopes. `none`: any other; what a person allowed an app says nothing about this API.
   */
  access: 'full' | 'read' | 'none'
  /** The methods of its sign-in (RFC 8176); undefined: it does not say. */
  amr: readonly string[] | undefined
  /** When the person signed in, in seconds since the epoch; refreshing does not move it. Undefined: it was made by HTTP Basic. */
  signedInAt: number | undefined
  /** When it was issued, in seconds since the epoch. */
  issuedAt: number
}

/**
 * Tokens that are issued outside of an authorization request: OAuth tokens of a built-in client, which userinfo, the token
 * endpoint and revocation know like any other.
 *
 *   issue ──► Grant ─┬─ AccessToken
 *                    └─ RefreshToken ──refresh──► RefreshToken, AccessToken ──► …   one family, ended by its Grant
 */
export interface FirstPartyTokens<Account = unknown> {
  /**
   * @param who.amr how the person proved who they are (RFC 8176)
   * @throws AppError mfa_required (401), with what its second factor needs, when the account has a second factor that was not shown ·
   *   second_factor_required (403) when it has none and has to
   */
  issue(who: Authentication): Promise<TokenSet>
  /** An access token alone. `expires_in` in seconds. @param who.appPassword the id of that which it is made by, and ends with */
  issueAccessToken(
    who: Generation & { accountId: string; appPassword?: string | undefined },
  ): Promise<{ access_token: string; expires_in: number }>
  /** As the token endpoint does it: once, with its grace window; a reuse after that ends the family. */
  refresh(refreshToken: string): Promise<TokenSet | { refused: string } | 'unverified'>
  /** Undefined: unknown, expired, revoked, of another kind, for another audience, of a client that is not for the person, or bound to a key. */
  accept(accessToken: string): Promise<AcceptedToken<Account> | undefined>
  /** Ends every token that hangs on a grant. */
  endFamily(grantId: string): Promise<void>
  /** Ends the family of a refresh token of the built-in client; of any other nothing (RFC 7009 §2.1). */
  endFamilyOf(refreshToken: string): Promise<void>
  /** Ends the token families of an account that an upstream sign-in started: those of the sign-ins that the provider ended, or all. */
  endFederated(accountId: string, which?: EndedUpstream): Promise<void>
}

const SCOPES = FIRST_PARTY_SCOPE.split(' ')

/** What a good token may do. */
function accepted(
  token: AccessToken,
  grant: object,
  { clientId, first_party }: Client,
): AcceptedToken<never> {
  const enough = SCOPES.every((scope) => token.scopes.has(scope))
  const most = clientId === FIRST_PARTY_ID ? 'full' : first_party === true ? 'read' : 'none'
  return {
    ...{ accountId: token.accountId, grantId: token.grantId ?? '', generation: generationOf(grant) },
    ...{ amr: amrOfToken(token), signedInAt: authTimeOf(token), issuedAt: token.iat },
    access: enough ? most : 'none',
  }
}

/** In a token's `gty`, beside the names of grants. */
const ORIGIN = 'first_party_api'

/** An account, as its tokens are judged by it. */
interface LiveAccount {
  id: string
  username: string
  email: string | null
  role: string
  secondFactors: readonly SecondFactor[]
  secondFactorRequired: boolean
}

export function createFirstPartyTokens<Account>(deps: {
  current(): Provider
  admits: Admits
  clock: Clock
  artifacts: Pick<ArtifactStore, 'listByAccount'>
  /** The plain case of a token, of one look. */
  liveToken: FindLiveToken<Account>
  upstreamSessions: Pick<UpstreamSessions, 'remember'>
  /** Told by which grant tokens were issued. */
  issued?: ((grant: string) => void) | undefined
  /** Told when a family of tokens has ended before its time. */
  revoked(event: { accountId?: string; reason: 'signed_out' | 'replayed' }): void
  /** The account, if it and its sign-ins of a generation still count. */
  findLive(accountId: string, generation: number): Promise<LiveAccount | undefined>
  /** Asks hooks, where there are any. @throws AppError sign_in_denied (403) */
  admit: AdmitSignIn
  /** Who has to have a second factor. */
  secondFactor(): SecondFactorSetting
  /** Whether an app password still counts, by its id. */
  appPasswordCounts(id: string): Promise<boolean>
  /** What a sign-in is answered with, that has shown less than its account, or a rule, asks for. */
  mfaRequired(who: Authentication, account: LiveAccount): Promise<Error>
}): FirstPartyTokens<Account> {
  async function newGrant(
    provider: Provider,
    {
      accountId,
      ...details
    }: Pick<Authentication, 'accountId' | 'generation' | 'upstream'> & { appPassword?: string | undefined },
  ) {
    const client = await provider.Client.find(FIRST_PARTY_ID)
    if (client === undefined) throw new Error('the built-in client is not known to the provider')
    const grant = new provider.Grant({ accountId, clientId: FIRST_PARTY_ID })
    grant.addOIDCScope(FIRST_PARTY_SCOPE)
    Object.assign(grant, details)
    return { accountId, client, scope: FIRST_PARTY_SCOPE, grantId: await grant.save() }
  }

  const endFamily = (grantId: string) => endGrant(deps.current(), grantId)

  /** Why a refresh token is no good, in the order in which the token endpoint looks. */
  function problemOf(token: RefreshToken | undefined, grant: Grant | undefined): string | undefined {
    if (token === undefined) return 'refresh token not found'
    if (token.clientId !== FIRST_PARTY_ID) return 'client mismatch'
    if (token.isExpired) return 'refresh token is expired'
    if (grant?.clientId !== FIRST_PARTY_ID || grant.accountId !== token.accountId) return 'grant not found'
    return token.isSenderConstrained() ? 'the refresh token is bound to a key' : undefined
  }

  /** False: another request used it up, and its grace window is over. */
  async function consume(token: RefreshToken): Promise<boolean> {
    try {
      await token.consume()
      return true
    } catch (error) {
      // The adapter says so by the error that the token endpoint answers with.
      if (error instanceof Error && 'error' in error && error.error === 'invalid_grant') return false
      throw error
    }
  }

  /** The one place where a sign-in becomes tokens, whichever way it came: none that its account asks more of. */
  async function assertVerified(who: Authentication): Promise<void> {
    const account = await deps.findLive(who.accountId, who.generation)
    if (account === undefined) return
    if (!reaches(who.amr, neededBy(account))) throw await deps.mfaRequired(who, account)
    // Whose address is not verified yet gets tokens that do nothing until then (registering).
    const required = requiredAcr(deps.secondFactor(), account)
    if (account.email !== null && !satisfies(who.amr, required)) throw await deps.mfaRequired(who, account)
    // A hook is told of no sign-in that has not shown what the account asks for.
    const { address } = currentAuditContext() ?? {}
    const { secondFactor } = await deps.admit({ account: async () => account, amr: who.amr, address })
    if (secondFactor) throw await deps.mfaRequired(who, account)
  }

  return {
    async issue(who) {
      await assertVerified(who)
      const provider = deps.current()
      const { accountId, generation, upstream, amr } = who
      const shared = { ...(await newGrant(provider, { accountId, generation, upstream })), gty: ORIGIN }
      const authTime = epochSeconds(deps.clock)
      const extra = { auth_time: authTime, acr: acrOf(amr), amr }
      await deps.upstreamSessions.remember(who.accountId, who.upstream)
      const access = new provider.AccessToken({ ...shared, extra })
      const refresh = new provider.RefreshToken({ ...shared, amr, acr: acrOf(amr), authTime })
      const [access_token, refresh_token] = await Promise.all([access.save(), refresh.save()])
      deps.issued?.(ORIGIN)
      return { access_token, refresh_token, token_type: 'Bearer', expires_in: access.expiration }
    },

    async issueAccessToken(who) {
      const provider = deps.current()
      const access = new provider.AccessToken({ ...(await newGrant(provider, who)), gty: ORIGIN })
      const access_token = await access.save()
      deps.issued?.(ORIGIN)
      return { access_token, expires_in: access.expiration }
    },

    async refresh(value) {
      const provider = deps.current()
      const token = await provider.RefreshToken.find(value, { ignoreExpiration: true })
      const grant = await provider.Grant.find(token?.grantId ?? '')
      const refused = problemOf(token, grant)
      if (token === undefined || refused !== undefined) return { refused: refused ?? '' }
      const { accountId = '', grantId = '' } = token
      const account = await deps.findLive(accountId, generationOf(grant))
      if (account === undefined) return { refused: 'the account or its sign-in no longer counts' }
      if (account.email === null) return 'unverified'
      const required = requiredAcr(deps.secondFactor(), account)
      if (!satisfies(token.amr, required)) return { refused: 'a second factor is required since' }
      if (token.consumed) {
        await endFamily(grantId)
        deps.revoked({ accountId, reason: 'replayed' })
        return { refused: 'refresh token already used' }
      }
      if (!(await consume(token))) return { refused: 'refresh token already used' }
      const client = await provider.Client.find(FIRST_PARTY_ID)
      if (client === undefined) throw new Error('the built-in client is not known to the provider')
      const { scope = FIRST_PARTY_SCOPE, amr, acr, authTime, iiat, rotations = 0, gty = ORIGIN } = token
      const shared = { accountId, client, grantId, scope }
      const origin = gty.endsWith('refresh_token') ? gty : `${gty} refresh_token`
      const next = { ...shared, gty: origin, amr, acr, authTime, iiat, rotations: rotations + 1 }
      const extra = { auth_time: authTime, acr: acrOf(amr), amr }
      const access = new provider.AccessToken({ ...shared, gty: origin, extra })
      const refresh_token = await new provider.RefreshToken(next).save()
      deps.issued?.('refresh_token')
      return {
        access_token: await access.save(),
        refresh_token,
        token_type: 'Bearer',
        expires_in: access.expiration,
      }
    },

    async accept(value) {
      // A JWT is for an API, and never for this one.
      const live = value.includes('.') ? undefined : await deps.liveToken(value)
      if (live?.grant !== undefined && live.token.aud === undefined)
        return { ...accepted(live.token, live.grant, live.client), account: live.account }
      const provider = deps.current()
      const token = await provider.AccessToken.find(value)
      if (token === undefined || token.isExpired || token.aud !== undefined) return undefined
      // This API checks no DPoP proof (RFC 9449 §7.1), so it accepts no bound token.
      if (token.isSenderConstrained()) return undefined
      const { accountId, clientId, grantId } = token
      if (clientId === undefined || grantId === undefined) return undefined
      const [grant, client] = await Promise.all([
        provider.Grant.find(grantId),
        provider.Client.find(clientId),
      ])
      if (grant?.accountId !== accountId || grant.clientId !== clientId || client === undefined)
        return undefined
      if (!(await deps.admits(client, accountId))) return undefined
      const appPassword = appPasswordOf(grant)
      if (appPassword !== undefined && !(await deps.appPasswordCounts(appPassword))) return undefined
      return accepted(token, grant, client)
    },

    async endFamily(grantId) {
      await endFamily(grantId)
      deps.revoked({ reason: 'signed_out' })
    },
    async endFamilyOf(value) {
      const token = await deps.current().RefreshToken.find(value, { ignoreExpiration: true })
      if (token?.clientId !== FIRST_PARTY_ID || token.grantId === undefined) return
      await endFamily(token.grantId)
      deps.revoked({ accountId: token.accountId, reason: 'signed_out' })
    },
    async endFederated(accountId, which) {
      const provider = deps.current()
      // A family has a refresh token that was not used yet for as long as any of it works.
      for (const { payload } of await deps.artifacts.listByAccount('RefreshToken', accountId)) {
        const { clientId, grantId, amr } = payload as { clientId?: string; grantId?: string; amr?: string[] }
        if (clientId !== FIRST_PARTY_ID || grantId === undefined || !amr?.includes('fed')) continue
        const grant = which && (await provider.Grant.find(grantId))
        if (which === undefined || endsWith(upstreamOf(grant), which)) await endFamily(grantId)
      }
    },
  }
}
