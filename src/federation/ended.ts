import type { Clock } from '../shared/clock.ts'
import type { EndedUpstream, UpstreamSession } from '../shared/upstream-session.ts'
import type { ArtifactStore } from '../storage/artifacts/store.ts'

const MODEL = 'UpstreamEnded'
/** Seconds: as long as the longest-lived thing that waits for a person does, the proof of an email address. */
const TTL = 3600

const idOf = (issuer: string, which: { sid: string } | { subject: string | undefined }) =>
  JSON.stringify([issuer, which])

/**
 * Sign-ins that their provider has ended (OpenID Connect Back-Channel Logout), remembered for what has not become a session
 * yet: one-time codes, pending logins, and people who have still to prove their address.
 */
export interface UpstreamEnds {
  /** The provider has ended one of its sessions, or all of a subject. */
  end(ended: EndedUpstream): Promise<void>
  /** @param since when the person signed in at the provider, in milliseconds since the epoch */
  hasEnded(upstream: UpstreamSession, since: number): Promise<boolean>
}

export function createEndedUpstream(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find'>
  clock: Clock
}): UpstreamEnds {
  const { artifacts, clock } = deps
  return {
    async end({ issuer, subject, sid }) {
      const which = sid === undefined ? { subject } : { sid }
      await artifacts.upsert(MODEL, idOf(issuer, which), { at: clock() }, TTL)
    },

    async hasEnded({ issuer, subject, sid }, since) {
      // A later sign-in counts, in the same session too: a provider may have ended it for us alone.
      const after = async (which: Parameters<typeof idOf>[1]) => {
        const ended = await artifacts.find(MODEL, idOf(issuer, which))
        return ended !== undefined && Number(ended.at) >= since
      }
      return (sid !== undefined && (await after({ sid }))) || after({ subject })
    },
  }
}
