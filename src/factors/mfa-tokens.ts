import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import { message } from '../shared/locales/texts.ts'
import type { VerificationMethod } from '../shared/second-factor.ts'
import type { ArtifactStore } from '../storage/artifacts/store.ts'

/** Seconds between the two steps of a sign-in. */
const TTL = 300
const MODEL = 'MfaToken'

const pendingSchema = z.object({
  accountId: z.string(),
  generation: z.number(),
  /** What was shown in the first step (RFC 8176). */
  amr: z.array(z.string()),
  /** What the sign-in is to end in. */
  ends: z.enum(['tokens', 'session']),
  /** The browser that began it; absent: a program began it, and gets tokens. */
  binding: z.string().optional(),
  /** When its first step was done, in milliseconds since the epoch. */
  at: z.number(),
  /** The session at a provider. */
  upstream: z
    .object({ provider: z.string(), issuer: z.string(), subject: z.string(), sid: z.string().optional() })
    .optional(),
})

/** A sign-in whose first step is done. */
export type PendingSignIn = z.infer<typeof pendingSchema>

/** The JSON API's sign-ins between their two steps, as `mfa_token` names them. */
export interface MfaTokens {
  /** Begins the second factor; the answer to the first. Good for five minutes and one sign-in. */
  begin(pending: Omit<PendingSignIn, 'at'>, methods: readonly VerificationMethod[]): Promise<AppError>
  /** Undefined: unknown, used, too old, or not for this ending or browser. */
  find(token: string, ends: PendingSignIn['ends'], binding?: string): Promise<PendingSignIn | undefined>
  /** Uses it up. True for exactly one caller. */
  use(token: string): Promise<boolean>
}

export function createMfaTokens(deps: {
  artifacts: Pick<ArtifactStore, 'insert' | 'find' | 'consume'>
  clock: Clock
  issuer: string
}): MfaTokens {
  const { artifacts } = deps
  const recover_url = `${deps.issuer.replace(/\/+$/, '')}/login/recover`
  return {
    async begin(pending, methods) {
      const mfa_token = randomBytes(32).toString('base64url')
      const stored = { ...pending, at: deps.clock() } satisfies PendingSignIn
      await artifacts.insert(MODEL, mfa_token, stored, TTL)
      return new AppError('mfa_required', 401, message('verify.needed'), {
        // A code by email is of a person who has no factor to lose.
        members: { mfa_token, methods: [...methods], ...(!methods.includes('email') && { recover_url }) },
      })
    },
    async find(token, ends, binding) {
      const found = await artifacts.find(MODEL, token)
      if (found === undefined || found.consumed !== undefined) return undefined
      const { data } = pendingSchema.safeParse(found)
      return data?.ends === ends && data.binding === binding ? data : undefined
    },
    use: (token) => artifacts.consume(MODEL, token),
  }
}
