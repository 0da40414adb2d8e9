import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Provider, Session } from 'oidc-provider'
import { epochSeconds } from '../../shared/clock.ts'
import type { EndedUpstream, UpstreamSession } from '../../shared/upstream-session.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { Lifetimes } from '../provider/lifetimes.ts'
import { pinToIssuer } from '../provider/mount.ts'
import { deviceOf } from './details.ts'
import { endSession, tellApps } from './end.ts'
import { type Generation, generationOf } from './generations.ts'
import { isCurrent } from './merge.ts'
import { endsWith, type UpstreamSessions } from './upstream.ts'

/** How a person proved who they are (RFC 8176): “pwd” by a password, “fed” at an upstream provider. */
export interface Authentication extends Generation {
  accountId: string
  amr: string[]
  /** The upstream sign-in, with “fed”. */
  upstream?: UpstreamSession | undefined
  /** When, in seconds since the epoch; now, unless said. */
  at?: number | undefined
}

/** The browser's sign-in session: what single sign-on, the account pages and the JSON API share. */
export interface SignInSession extends Generation {
  accountId: string
  uid: string
  /** When the person last proved who they are, in seconds since the epoch. */
  loginTs: number
  /** How they did. */
  amr: string[]
}

export interface SignInSessions {
  current(request: FastifyRequest, reply: FastifyReply): Promise<SignInSession | undefined>
  /** Starts a session under a fresh id; another person's session in this browser ends, and one that had ended already. */
  start(request: FastifyRequest, reply: FastifyReply, authentication: Authentication): Promise<void>
  /** Ends the session, with what was issued in it, as the sign-out page does; apps are told in the background. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /**
   * Ends the sessions of an account that an upstream sign-in started, in every browser; clients get a logout token. With `sid` those
   * of that session of the provider alone, else all of that subject. Returns how many.
   */
  endUpstream(accountId: string, which: EndedUpstream & { except?: string | undefined }): Promise<number>
  /** The account that signed in by this session of an upstream provider. */
  findByUpstream(issuer: string, sid: string): Promise<string | undefined>
}

export function createSignInSessions(deps: {
  issuer: string
  current(): Provider
  artifacts: Pick<ArtifactStore, 'listByAccount' | 'revokeSession'>
  upstreamSessions: UpstreamSessions
  lifetimes: Pick<Lifetimes, 'sessionTtl'>
  /** False when the account, or its sign-ins of a generation, no longer count. */
  isLive(accountId: string, generation: number): Promise<boolean>
}): SignInSessions {
  const secure = deps.issuer.startsWith('https:')
  const open = async (request: FastifyRequest, reply: FastifyReply) => {
    pinToIssuer(request, deps.issuer)
    const provider = deps.current()
    const ctx = provider.createContext(request.raw, reply.raw)
    return { provider, ctx, session: await provider.Session.get(ctx) }
  }
  return {
    async current(request, reply) {
      const { session } = await open(request, reply)
      const { accountId, uid, loginTs, amr = ['pwd'] } = session
      if (accountId === undefined || loginTs === undefined) return undefined
      const generation = generationOf(session)
      return (await deps.isLive(accountId, generation))
        ? { accountId, generation, uid, loginTs, amr }
        : undefined
    },
    async start(request, reply, { accountId, generation, amr, upstream, at }) {
      const opened = await open(request, reply)
      let { session } = opened
      if (isAnother(session, { accountId, generation })) {
        await session.destroy()
        session = new opened.provider.Session()
      } else {
        session.resetIdentifier()
      }
      session.loginAccount({ accountId, amr, loginTs: at ?? epochSeconds(Date.now) })
      Object.assign(session, { device: deviceOf(request.raw), upstream, generation })
      await session.save(deps.lifetimes.sessionTtl)
      if (!isCurrent(session)) return
      await deps.upstreamSessions.remember(accountId, upstream)
      opened.ctx.cookies.secure = secure
      opened.ctx.cookies.set(opened.provider.cookieName('session'), session.jti, {
        httpOnly: true,
        sameSite: 'lax',
        signed: true,
        overwrite: true,
        path: '/',
        expires: new Date((epochSeconds(Date.now) + deps.lifetimes.sessionTtl) * 1000),
      })
    },
    async end(request, reply) {
      const { provider, ctx, session } = await open(request, reply)
      await endSession(provider, session)
      ctx.cookies.secure = secure
      const attributes = { httpOnly: true, sameSite: 'lax', signed: true, path: '/' } as const
      ctx.cookies.set(provider.cookieName('session'), null, attributes)
    },
    async endUpstream(accountId, { except, ...which }) {
      const provider = deps.current()
      let ended = 0
      for (const { payload } of await deps.artifacts.listByAccount('Session', accountId)) {
        const { uid, upstream } = payload as { uid?: string; upstream?: UpstreamSession }
        if (uid === undefined || uid === except || !endsWith(upstream, which)) continue
        const session = await provider.Session.findByUid(uid)
        if (session) await tellApps(provider, session)
        await deps.artifacts.revokeSession(accountId, uid)
        ended++
      }
      return ended
    },
    findByUpstream: deps.upstreamSessions.accountOf,
  }
}

/** Whether a session is of another account, or of a generation that has passed: nothing of it may live on, not even its uid. */
export const isAnother = (
  session: Pick<Session, 'accountId'>,
  { accountId, generation }: { accountId: string } & Generation,
): boolean =>
  session.accountId !== undefined && (session.accountId !== accountId || generationOf(session) !== generation)
