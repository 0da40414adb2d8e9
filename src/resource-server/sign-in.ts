import { z } from 'zod'
import { Refusal } from './refusal.ts'
import type { AccessToken } from './token.ts'

/** What a route asks of the sign-in behind a token (RFC 9470). */
export interface NeededSignIn {
  /** Authentication context classes, any of which will do. Empty: every one. */
  acr: readonly string[]
  /** Seconds since the person signed in, at most. Undefined: however long ago. */
  maxAuthAge: number | undefined
}

const claimsSchema = z.object({
  acr: z.string().optional().catch(undefined),
  amr: z.array(z.string()).catch([]),
  auth_time: z.number().optional().catch(undefined),
})

/**
 * How and when the person of a token signed in, by the claims of a JWT (RFC 9068 §2.2.1) or an introspection response (RFC 9470
 * §6.2). What is of another type than it should be is as if it were not there.
 */
export function signInOf(
  claims: Readonly<Record<string, unknown>>,
): Pick<AccessToken, 'acr' | 'amr' | 'authTime'> {
  const { acr, amr, auth_time: authTime } = claimsSchema.parse(claims)
  return { acr, amr, authTime }
}

/** @throws Error on what would ask for nothing, or cannot be had, while it looks as if it protected the route */
export function signInNeeded(config: {
  acr?: string | readonly string[]
  maxAuthAge?: number
}): NeededSignIn | undefined {
  const { acr, maxAuthAge } = config
  if (acr === undefined && maxAuthAge === undefined) return undefined
  const values = acr === undefined ? [] : [acr].flat()
  if (acr !== undefined && (values.length === 0 || !values.every(isAcr)))
    throw new Error(
      `latchkey/resource-server: acr ${JSON.stringify(acr)} is no list of authentication context classes`,
    )
  if (maxAuthAge !== undefined && !(Number.isSafeInteger(maxAuthAge) && maxAuthAge > 0))
    throw new Error(`latchkey/resource-server: maxAuthAge ${maxAuthAge} is not in whole seconds from 1`)
  return { acr: values, maxAuthAge }
}

/** It also stands in a header, in a list separated by spaces. */
const isAcr = (value: unknown): boolean =>
  typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value)

/**
 * Checks that the person behind a token has signed in as a route asks. A token that does not say so, like that of a machine, is not
 * enough.
 * @param now seconds since the epoch @param clockTolerance seconds @param scope what the route needs beside, for the challenge
 * @throws Refusal 401 insufficient_user_authentication (RFC 9470 §3)
 */
export function checkSignIn(
  token: Pick<AccessToken, 'acr' | 'authTime'>,
  needed: NeededSignIn,
  { now, clockTolerance, scope }: { now: number; clockTolerance: number; scope: readonly string[] },
): void {
  const { acr, maxAuthAge } = needed
  const inClass = acr.length === 0 || (token.acr !== undefined && acr.includes(token.acr))
  const recent =
    maxAuthAge === undefined ||
    (token.authTime !== undefined && now - token.authTime <= maxAuthAge + clockTolerance)
  if (inClass && recent) return
  throw new Refusal(401, {
    error: 'insufficient_user_authentication',
    description: inClass
      ? 'The sign-in is too long ago for this request.'
      : 'This request needs a stronger sign-in.',
    reason: inClass ? `auth_time is ${token.authTime ?? 'missing'}` : `acr is ${token.acr ?? 'missing'}`,
    signIn: needed,
    scope,
  })
}
