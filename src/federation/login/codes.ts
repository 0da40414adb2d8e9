import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { UpstreamSession } from '../../shared/upstream-session.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { UpstreamEnds } from '../ended.ts'

const MODEL = 'UpstreamCode'
/** Seconds to copy a code from one window into another. */
export const CODE_TTL = 300

const stored = z.object({
  account: z.string(),
  generation: z.number(),
  upstream: z.object({
    provider: z.string(),
    issuer: z.string(),
    subject: z.string(),
    sid: z.string().optional(),
  }),
  challenge: z.string(),
  /** When the person signed in at the provider, in milliseconds since the epoch. */
  at: z.number(),
})

/** A sign-in at a provider, and the generation of the account's sign-ins that it is of. */
interface SignedIn {
  accountId: string
  generation: number
  upstream: UpstreamSession
}

/**
 * One-time codes for programs that have no browser of their own: shown to the person, exchanged for tokens with the verifier
 * (RFC 7636) of the challenge that the sign-in was started with.
 */
export interface Codes {
  /** @param at when the person signed in at the provider, in milliseconds since the epoch */
  issue(signedIn: SignedIn, challenge: string, at: number): Promise<string>
  /**
   * The sign-in of a code; once. A wrong verifier uses the code up too. It dies with the link of the identity that it came
   * by, and with the provider's session.
   */
  redeem(code: string, verifier: string): Promise<SignedIn | undefined>
}

export function createCodes(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find' | 'consume'>
  ends: Pick<UpstreamEnds, 'hasEnded'>
  /** The account of an identity. */
  accountOf(identity: { issuer: string; subject: string }): Promise<string | undefined>
}): Codes {
  const { artifacts } = deps

  return {
    async issue({ accountId, generation, upstream }, challenge, at) {
      const code = randomBytes(32).toString('base64url')
      // Not under `accountId`: a code is no token of the account yet, and dies within minutes.
      const payload = { account: accountId, generation, upstream, challenge, at }
      await artifacts.upsert(MODEL, code, payload, CODE_TTL)
      return code
    },

    async redeem(code, verifier) {
      const found = stored.safeParse(await artifacts.find(MODEL, code)).data
      if (found === undefined || !(await artifacts.consume(MODEL, code))) return undefined
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      const { account, generation, upstream } = found
      if (challenge !== found.challenge || (await deps.accountOf(upstream)) !== account) return undefined
      if (await deps.ends.hasEnded(upstream, found.at)) return undefined
      return { accountId: account, generation, upstream }
    },
  }
}
