import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { ArtifactStore } from '../storage/artifacts/store.ts'
import type { EndedUpstream, UpstreamSession } from './dependencies.ts'

const MODEL = 'UpstreamCode'
const ENDED = 'UpstreamEnded'
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
  /** Milliseconds since the epoch. */
  at: z.number(),
})

const endedId = (issuer: string, which: { sid: string } | { subject: string | undefined }) =>
  JSON.stringify([issuer, which])

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
  clock: Clock
  /** The account of an identity. */
  accountOf(identity: { issuer: string; subject: string }): Promise<string | undefined>
}) {
  const { artifacts } = deps

  async function hasEnded({ upstream, at }: z.output<typeof stored>): Promise<boolean> {
    const { issuer, subject, sid } = upstream
    // A provider's session that ended does not come back; a subject may sign in again.
    if (sid !== undefined && (await artifacts.find(ENDED, endedId(issuer, { sid })))) return true
    const all = await artifacts.find(ENDED, endedId(issuer, { subject }))
    return all !== undefined && Number(all.at) >= at
  }

  return {
    async issue({ accountId, generation, upstream }: SignedIn, challenge: string): Promise<string> {
      const code = randomBytes(32).toString('base64url')
      // Not under `accountId`: a code is no token of the account yet, and dies within minutes.
      const payload = { account: accountId, generation, upstream, challenge, at: deps.clock() }
      await artifacts.upsert(MODEL, code, payload, CODE_TTL)
      return code
    },

    /** The provider has ended one of its sessions, or all of a subject: codes that came by them are worth nothing. */
    async end({ issuer, subject, sid }: EndedUpstream): Promise<void> {
      const which = sid === undefined ? { subject } : { sid }
      await artifacts.upsert(ENDED, endedId(issuer, which), { at: deps.clock() }, CODE_TTL)
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
      if (await hasEnded(found)) return undefined
      return { accountId: account, generation, upstream }
    },
  }
}

export type Codes = ReturnType<typeof createCodes>
