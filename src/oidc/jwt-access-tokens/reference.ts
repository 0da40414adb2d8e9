import type { AccessToken, ClientCredentials } from 'oidc-provider'
import { z } from 'zod'
import type { Secrets } from '../../shared/secrets.ts'
import { incarnationOf } from '../consent/incarnations.ts'
import { currentContext } from '../provider/context.ts'

/** What of a JWT access token only this server may know, and has to know when it is introspected or revoked. */
const reference = z.strictObject({
  /** Absent: a machine's token hangs on none. */
  grantId: z.string().optional(),
  /** Which of the Grants that have had this id (consent/incarnations.ts). */
  incarnation: z.string().optional(),
  sessionUid: z.string().optional(),
  expiresWithSession: z.literal(true).optional(),
  /** The grants that it came by; absent: authorization_code. */
  gty: z.string().optional(),
  /** The `claims` parameter of the request, as far as it asks for userinfo. */
  userinfo: z.record(z.string(), z.unknown()).optional(),
})
export type Reference = z.infer<typeof reference>

const CONTEXT = 'jwt-access-token'

/** Whether a `jti` is sealed: others, such as the id of an opaque token, have no dot. */
export const isSealed = (jti: string): boolean => jti.includes('.')

export interface References {
  /** The `jti` of a token that is being issued. */
  seal(token: AccessToken | ClientCredentials): string
  /** Undefined: the `jti` is of a version that sealed nothing, or of another SECRET_KEY. */
  open(jti: string): Reference | undefined
}

/**
 * The `jti` of a JWT access token: what belongs to it here, sealed. APIs read the token, and a hash of the Grant or the
 * session, keyed or not, would tell them which tokens are of one sign-in; sealed, no two are alike.
 */
export function createReferences(secrets: Pick<Secrets, 'seal' | 'open'>): References {
  return {
    seal(token) {
      return secrets.seal(JSON.stringify(token.kind === 'AccessToken' ? referenceOf(token) : {}), CONTEXT)
    },
    open(jti) {
      try {
        return reference.parse(JSON.parse(secrets.open(jti, CONTEXT)))
      } catch {
        return undefined
      }
    },
  }
}

function referenceOf(token: AccessToken): Reference {
  const { grantId, sessionUid, expiresWithSession, gty, claims } = token
  const ctx = currentContext()
  const grant = ctx?.oidc.entities.Grant
  return {
    grantId,
    // The Grant as it was read before the code or refresh token was used up: what ended since stays ended.
    incarnation: grant?.jti === grantId ? incarnationOf(grant) : undefined,
    sessionUid,
    expiresWithSession: expiresWithSession ? true : undefined,
    gty: gty?.startsWith('authorization_code') ? undefined : gty,
    userinfo: claims?.userinfo as Reference['userinfo'],
  }
}
