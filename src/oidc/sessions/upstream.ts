import type { EndedUpstream, UpstreamSession } from '../../shared/upstream-session.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'

/** Whether an upstream sign-in is one of those that its provider has ended. */
export const endsWith = (upstream: UpstreamSession | undefined, ended: EndedUpstream): boolean =>
  upstream?.issuer === ended.issuer &&
  (ended.sid === undefined ? upstream.subject === ended.subject : upstream.sid === ended.sid)

const MODEL = 'UpstreamSession'
const idOf = (issuer: string, sid: string) => `${issuer}\0${sid}`

/** Which account a session at a provider signed in, for logout tokens that name nothing else. */
export interface UpstreamSessions {
  /** Does nothing for a provider that has not told its `sid`. */
  remember(accountId: string, upstream: UpstreamSession | undefined): Promise<void>
  /** Undefined: no account was signed in by this session, or it is forgotten. */
  accountOf(issuer: string, sid: string): Promise<string | undefined>
}

/**
 * Not stored under the account, so that ending some of its sign-ins leaves the others findable.
 * @param ttl gives seconds, as long as what came by such a session can last
 */
export function createUpstreamSessions(
  artifacts: Pick<ArtifactStore, 'find' | 'upsert'>,
  ttl: () => number,
): UpstreamSessions {
  return {
    async remember(accountId, upstream) {
      if (upstream?.sid === undefined) return
      await artifacts.upsert(MODEL, idOf(upstream.issuer, upstream.sid), { account: accountId }, ttl())
    },
    async accountOf(issuer, sid) {
      const found = await artifacts.find(MODEL, idOf(issuer, sid))
      return typeof found?.account === 'string' ? found.account : undefined
    },
  }
}
