import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { epochSeconds } from '../../shared/clock.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { currentContext } from './context.ts'
import { ABSOLUTE_LIFETIME_FACTOR, type Lifetimes } from './lifetimes.ts'
import { useUp } from './unit-of-work.ts'

/*
 * What works once, and for how long its use is remembered: as long as a second use could do harm, or has to have a
 * consequence. The whole list, with what is not the protocol library's, is in docs/security-model.md.
 */

/** Seconds that a person may take for one page of an interaction. */
export const INTERACTION_TTL = 3600

/**
 * Seconds that a pushed authorization request (RFC 9126) is remembered after it has expired: a person whose browser opened it in time
 * may take as long as the pages of an interaction last. Once it is forgotten it gives no code any more (adapter.ts).
 */
export const PUSHED_REQUEST_MEMORY = 3 * INTERACTION_TTL

/**
 * Seconds that a DPoP proof is remembered at least. It is good for five minutes to both sides of its `iat`, and the
 * library names the end of the first five.
 */
const PROOF_MEMORY = 2 * 300 + 1

/** Why a request_uri is refused, in the words of the library (RFC 9126 §4). */
export const refusedRequestUri = (): Error =>
  new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used')

/** Makes codes, refresh tokens, client assertions and DPoP proofs of a provider remember that they were used. */
export function rememberUses(
  provider: Provider,
  deps: {
    artifacts: Pick<ArtifactStore, 'commit' | 'consume' | 'insert'>
    /** Seconds. */
    lifetimes: Pick<Lifetimes, 'accessTokenTtl' | 'refreshTokenTtl'>
    /** How long access tokens of an API live, in seconds. Undefined: as long as all. */
    accessTokenTtlOf(ctx: KoaContextWithOIDC, resource: string): Promise<number | undefined>
  },
): void {
  const { artifacts, lifetimes } = deps
  const now = () => epochSeconds(Date.now)
  /** When the last token of a family ends that began then. */
  const endOfFamily = (startedAt: number, accessTokenTtl: number) =>
    startedAt + lifetimes.refreshTokenTtl * ABSOLUTE_LIFETIME_FACTOR + accessTokenTtl
  /** The longest that an access token lives of what these resources were granted. */
  const longestTtl = async (resource: string | string[] | undefined) => {
    const ctx = currentContext()
    if (ctx === undefined) return lifetimes.accessTokenTtl
    const own = await Promise.all([resource ?? []].flat().map((each) => deps.accessTokenTtlOf(ctx, each)))
    return Math.max(lifetimes.accessTokenTtl, ...own.map((each) => each ?? 0))
  }
  const endOfWhatItGives = async (code: { resource?: string | string[] | undefined }) => {
    const refreshes = currentContext()?.oidc?.client?.grantTypeAllowed('refresh_token') ?? true
    const longest = await longestTtl(code.resource)
    return refreshes ? endOfFamily(now(), longest) : now() + longest
  }
  const consume = (model: string, id: string, until: number, done: () => void) =>
    useUp(artifacts, { model, id, remember: until - now() }, done)

  // A second use ends what the first one got (RFC 6749 §4.1.2), for as long as any of it can live.
  provider.AuthorizationCode.prototype.consume = async function () {
    const used = () => void provider.emit('authorization_code.consumed', this)
    await consume('AuthorizationCode', this.jti, await endOfWhatItGives(this), used)
  }
  // Likewise: the first to redeem a device code may have been the thief of it, and hold the tokens.
  provider.DeviceCode.prototype.consume = async function () {
    const used = () => void provider.emit('device_code.consumed', this)
    await consume('DeviceCode', this.jti, await endOfWhatItGives(this), used)
  }
  // Likewise (RFC 9700 §4.14.2): also when the old refresh token has expired by then, and a thief goes on with newer ones.
  provider.RefreshToken.prototype.consume = async function () {
    const end = endOfFamily(this.iiat ?? now(), await longestTtl(this.resource))
    await consume('RefreshToken', this.jti, end, () => void provider.emit('refresh_token.consumed', this))
  }

  // Insert-only, in one statement: the library's own version reads, then writes, and lets a replay race through.
  Object.assign(provider.ReplayDetection, {
    unique: (iss: string, jti: string, exp: number) =>
      artifacts.insert(
        'ReplayDetection',
        `${iss}\0${jti}`,
        { iss },
        Math.max(PROOF_MEMORY, Math.ceil(exp) - now()),
      ),
  })
}
