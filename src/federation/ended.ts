import type { Clock } from '../shared/clock.ts'
import type { ArtifactStore } from '../storage/artifacts/store.ts'
import type { EndedUpstream, UpstreamSession } from './dependencies.ts'

const MODEL = 'UpstreamEnded'
/** Seconds: as long as the longest-lived thing that waits for a person does, the proof of an e-mail address. */
const TTL = 3600

const idOf = (issuer: string, which: { sid: string } | { subject: string | undefined }) =>
  JSON.stringify([issuer, which])

/**
 * Sign-ins elsewhere that their provider has ended (OpenID Connect Back-Channel Logout), remembered for whatever is on its
 * way here: one-time codes, arrivals that wait for a name or a proof, and people who have still to prove their address.
 */
export function createEndedUpstream(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find'>
  clock: Clock
}) {
  const { artifacts, clock } = deps
  return {
    /** The provider has ended one of its sessions, or all of a subject. */
    async end({ issuer, subject, sid }: EndedUpstream): Promise<void> {
      const which = sid === undefined ? { subject } : { sid }
      await artifacts.upsert(MODEL, idOf(issuer, which), { at: clock() }, TTL)
    },

    /** @param since when they signed in there, in milliseconds since the epoch */
    async hasEnded({ issuer, subject, sid }: UpstreamSession, since: number): Promise<boolean> {
      // Whoever signs in there afterwards gets in, in the same session too: a provider may have ended it for us alone.
      const after = async (which: Parameters<typeof idOf>[1]) => {
        const ended = await artifacts.find(MODEL, idOf(issuer, which))
        return ended !== undefined && Number(ended.at) >= since
      }
      return (sid !== undefined && (await after({ sid }))) || after({ subject })
    },
  }
}

export type UpstreamEnds = ReturnType<typeof createEndedUpstream>
