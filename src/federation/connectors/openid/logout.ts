import { createRemoteJWKSet, customFetch, jwtVerify, type RemoteJWKSet } from 'jose'
import { z } from 'zod'
import { UpstreamError, type UpstreamLogout } from '../../connector.ts'
import { asUpstreamError, TIMEOUT, upstreamFetch } from '../../upstream.ts'
import { identifier } from './claims.ts'
import { parseAnswer, type Signature } from './metadata.ts'

/** Seconds after which a logout token is stale, and by how much clocks may differ. */
const MAX_AGE = 300
const TOLERANCE = 15

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

const claims = z
  .object({
    iss: z.string(),
    iat: z.number(),
    jti: identifier(500),
    sub: identifier(255).optional(),
    sid: identifier(500).optional(),
    events: z.object({ [EVENT]: z.looseObject({}) }),
    // Only id_tokens have one: it keeps them from passing as logout tokens (OpenID Connect Back-Channel Logout §2.4).
    nonce: z.never().optional(),
  })
  .refine(({ sub, sid }) => sub !== undefined || sid !== undefined, { path: ['sub or sid'] })

export type LogoutKeys = RemoteJWKSet

/** The provider's keys, remembered; an unknown one makes them be fetched again, once a minute at most. */
export const createLogoutKeys = (jwksUri: string): LogoutKeys =>
  createRemoteJWKSet(new URL(jwksUri), {
    timeoutDuration: TIMEOUT * 1000,
    cooldownDuration: 60_000,
    [customFetch]: async (url, { headers, signal }) => {
      try {
        return await upstreamFetch(url, {
          method: 'GET',
          body: undefined,
          headers: Object.fromEntries(headers),
          redirect: 'manual',
          signal,
        })
      } catch (error) {
        throw asUpstreamError(error)
      }
    },
  })

/**
 * What a logout token ends (OpenID Connect Back-Channel Logout §2.6). `expiresAt` is when it would be refused for its
 * age, so a `jti` that is remembered until then cannot be used twice.
 * @throws UpstreamError `invalid` when the token is no good, `unreachable` when the provider's keys cannot be fetched
 */
export async function verifyLogoutToken(
  token: string,
  expected: { issuer: string; clientId: string; signatures: readonly Signature[]; keys: LogoutKeys },
): Promise<UpstreamLogout> {
  const { payload, protectedHeader } = await jwtVerify(token, expected.keys, {
    issuer: expected.issuer,
    audience: expected.clientId,
    algorithms: [...expected.signatures],
    requiredClaims: ['iat', 'jti', 'events'],
    maxTokenAge: MAX_AGE,
    clockTolerance: TOLERANCE,
  }).catch((error: unknown) => {
    if (error instanceof UpstreamError) throw error
    throw new UpstreamError('invalid', `the logout token is refused: ${reasonOf(error)}`)
  })
  if (!isLogoutType(protectedHeader.typ))
    throw new UpstreamError('invalid', 'the logout token is refused: it is a token of another type')
  const { iss, sub, sid, jti, iat } = parseAnswer(claims, payload, 'the logout token')
  return { issuer: iss, subject: sub, sid, jti, expiresAt: Math.ceil(iat) + MAX_AGE + TOLERANCE }
}

/** Providers of before the type was recommended send none, or the general one. */
const isLogoutType = (type: string | undefined): boolean =>
  type === undefined || ['logout+jwt', 'jwt'].includes(type.toLowerCase().replace(/^application\//, ''))

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? `${error.code}${'claim' in error ? ` ${String(error.claim)}` : ''}`
    : 'it cannot be read'
