import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { UpstreamSession } from '../dependencies.ts'
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
  /** When they signed in there, in milliseconds since the epoch. */
  at: z.number(),
})

/** Who has signed in elsewhere, as `generation` of the account's sign-ins. */
interface SignedIn {
  accountId: string
  generation: number
  upstream: UpstreamSession
}

/**
 * One-time codes for programs that have no browser of their own: shown to the person, exchanged for tokens by whoever
 * knows the verifier (RFC 7636) of the challenge that the sign-in was started with.
 */
export function createCodes(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find' | 'consume'>
  ends: Pick<UpstreamEnds, 'hasEnded'>
  /** The account of an identity. */
  accountOf(identity: { issuer: string; subject: string }): Promise<string | undefined>
}) {
  const { artifacts } = deps

  return {
    /** @param at when they signed in elsewhere, in milliseconds since the epoch */
    async issue(
      { accountId, generation, upstream }: SignedIn,
      challenge: string,
      at: number,
    ): Promise<string> {
      const code = randomBytes(32).toString('base64url')
      // Not under `accountId`: a code is no token of the account yet, and dies within minutes.
      const payload = { account: accountId, generation, upstream, challenge, at }
      await artifacts.upsert(MODEL, code, payload, CODE_TTL)
      return code
    },

    /**
     * Who signed in; once. A wrong verifier uses the code up too. It dies with the link that it came by, and with the
     * provider's session.
     */
    async redeem(code: string, verifier: string): Promise<SignedIn | undefined> {
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

export type Codes = ReturnType<typeof createCodes>
