import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { type Clock, epochSeconds } from '../clock.ts'
import type { ArtifactStore } from '../storage/artifacts/store.ts'

const MODEL = 'UpstreamCode'
/** Seconds to copy a code from one window into another. */
export const CODE_TTL = 300

const stored = z.object({
  account: z.string(),
  identity: z.object({ issuer: z.string(), subject: z.string() }),
  challenge: z.string(),
  at: z.number(),
})

/**
 * One-time codes for programs that have no browser of their own: shown to the person, exchanged for tokens by whoever
 * knows the verifier (RFC 7636) of the challenge that the sign-in was started with.
 */
export function createCodes(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find' | 'consume'>
  clock: Clock
  /** The account of an identity. */
  accountOf(identity: { issuer: string; subject: string }): Promise<string | undefined>
}) {
  const { artifacts } = deps
  return {
    async issue(
      accountId: string,
      { issuer, subject }: { issuer: string; subject: string },
      challenge: string,
    ): Promise<string> {
      const code = randomBytes(32).toString('base64url')
      // Not under `accountId`: a code is no token of the account yet, and dies within minutes.
      await artifacts.upsert(
        MODEL,
        code,
        { account: accountId, identity: { issuer, subject }, challenge, at: epochSeconds(deps.clock) },
        CODE_TTL,
      )
      return code
    },

    /**
     * Who signed in, and when (seconds since the epoch); once. A wrong verifier uses the code up too, and it dies with
     * the link that it came by.
     */
    async redeem(code: string, verifier: string): Promise<{ accountId: string; at: number } | undefined> {
      const found = stored.safeParse(await artifacts.find(MODEL, code)).data
      if (found === undefined || !(await artifacts.consume(MODEL, code))) return undefined
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      if (challenge !== found.challenge || (await deps.accountOf(found.identity)) !== found.account)
        return undefined
      return { accountId: found.account, at: found.at }
    },
  }
}
