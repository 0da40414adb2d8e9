import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../shared/errors.ts'
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
  /** The session at a provider. */
  upstream: z
    .object({ provider: z.string(), issuer: z.string(), subject: z.string(), sid: z.string().optional() })
    .optional(),
})

/** A sign-in whose first step is done. */
export type PendingSignIn = z.infer<typeof pendingSchema>

/** The JSON API's sign-ins between their two steps, as `mfa_token` names them. */
export interface MfaTokens {
  /** Begins the second step; the answer to the first. Good for five minutes and one sign-in. */
  begin(pending: PendingSignIn, methods: readonly VerificationMethod[]): Promise<AppError>
  /** Undefined: unknown, used, too old, or not for this ending or browser. */
  find(token: string, ends: PendingSignIn['ends'], binding?: string): Promise<PendingSignIn | undefined>
  /** Uses it up. True for exactly one caller. */
  use(token: string): Promise<boolean>
}

export function createMfaTokens(artifacts: Pick<ArtifactStore, 'insert' | 'find' | 'consume'>): MfaTokens {
  return {
    async begin(pending, methods) {
      const mfa_token = randomBytes(32).toString('base64url')
      await artifacts.insert(MODEL, mfa_token, pending satisfies z.input<typeof pendingSchema>, TTL)
      return new AppError('mfa_required', 401, 'This account asks for a second factor.', {
        members: { mfa_token, methods: [...methods] },
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
