import { randomBytes } from 'node:crypto'
import type { PendingSignIn, RelyingParty, TokenSet } from './oidc.ts'

/** A visitor's session: sign-ins under way, and the tokens once signed in. It never leaves the server. */
export interface Session {
  id: string
  /** By state. Several, because people press the button in two tabs. */
  pending: Map<string, PendingSignIn>
  tokens: TokenSet | undefined
  /** The refresh under way, which every request of this session waits for. */
  refreshing: Promise<void> | undefined
  /** Something to tell on the next page, once. */
  notice: string | undefined
  usedAt: number
}

export interface Sessions {
  find(id: string | undefined): Session | undefined
  create(): Session
  destroy(session: Session): void
}

const MINUTE = 60_000
const SIGNED_IN_IDLE = 8 * 60 * MINUTE
const PENDING_IDLE = 15 * MINUTE
const MAX_PENDING = 10
const MAX_SESSIONS = 10_000

/** In memory: they end with the process. With more than one process, keep them in a shared store instead. */
export function createSessions(): Sessions {
  const sessions = new Map<string, Session>()
  const over = (session: Session) =>
    Date.now() - session.usedAt > (session.tokens ? SIGNED_IN_IDLE : PENDING_IDLE)

  function makeRoom(): void {
    for (const session of sessions.values()) {
      if (over(session) || sessions.size >= MAX_SESSIONS) sessions.delete(session.id)
    }
  }

  return {
    find(id) {
      const session = id === undefined ? undefined : sessions.get(id)
      if (!session) return undefined
      if (over(session)) {
        sessions.delete(session.id)
        return undefined
      }
      session.usedAt = Date.now()
      return session
    },
    create() {
      makeRoom()
      const id = randomBytes(32).toString('base64url')
      const nothing = { tokens: undefined, refreshing: undefined, notice: undefined }
      const session = { id, pending: new Map(), ...nothing, usedAt: Date.now() }
      sessions.set(id, session)
      return session
    },
    destroy: (session) => void sessions.delete(session.id),
  }
}

export function remember(session: Session, pending: PendingSignIn): void {
  const [oldest] = session.pending.keys()
  if (oldest !== undefined && session.pending.size >= MAX_PENDING) session.pending.delete(oldest)
  session.pending.set(pending.state, pending)
}

/** When to fetch the next tokens: five minutes before these expire, or at half their life when that is shorter. */
export function refreshDueAt(tokens: TokenSet): number | undefined {
  if (tokens.expiresAt === undefined || !tokens.refreshToken) return undefined
  const lifetime = tokens.expiresAt - tokens.receivedAt
  return tokens.expiresAt - Math.min(5 * MINUTE, lifetime / 2)
}

/**
 * Refreshes the tokens of a session when they are due, or now with `force`. Requests that come in parallel share one
 * refresh: a refresh token that rotates works once, and a second use looks like theft to the provider.
 */
export async function freshen(session: Session, party: RelyingParty, force = false): Promise<void> {
  const { tokens } = session
  if (!tokens?.refreshToken) return
  const due = refreshDueAt(tokens)
  if (!session.refreshing && !force && (due === undefined || Date.now() < due)) return
  session.refreshing ??= party
    .refresh(tokens)
    .then((next) => {
      session.tokens = next
    })
    .finally(() => {
      session.refreshing = undefined
    })
  await session.refreshing
}
