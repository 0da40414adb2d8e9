import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Provider, Session } from 'oidc-provider'
import { epochSeconds } from '../clock.ts'
import type { ArtifactStore } from '../storage/artifacts/store.ts'
import { endGrant } from './end-grant.ts'
import { pinToIssuer } from './mount.ts'
import { ABSOLUTE_LIFETIME_FACTOR } from './provider.ts'
import { deviceOf, type UpstreamSession } from './session-facts.ts'

/** How a person proved who they are (RFC 8176): “pwd” for a password, “fed” at a provider elsewhere. */
export interface Authentication {
  accountId: string
  amr: string[]
  /** Where, when that was elsewhere. */
  upstream?: UpstreamSession | undefined
}

/** The browser's sign-in session: what single sign-on, the account pages and the JSON API share. */
export interface SignInSession {
  accountId: string
  uid: string
  /** When the person last proved who they are, in seconds since the epoch. */
  loginTs: number
  /** How they did. */
  amr: string[]
}

export interface SignInSessions {
  current(request: FastifyRequest, reply: FastifyReply): Promise<SignInSession | undefined>
  /** Starts a session under a fresh id; another person's session in this browser ends. */
  start(request: FastifyRequest, reply: FastifyReply, authentication: Authentication): Promise<void>
  /** Ends the session, with what was issued in it, as the sign-out page does; apps are told in the background. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /**
   * Ends the sessions of an account that came by a sign-in elsewhere, in every browser; apps are told. With `sid` those
   * of that session there alone, else all of that subject. Returns how many.
   */
  endUpstream(
    accountId: string,
    which: {
      issuer: string
      subject?: string | undefined
      sid?: string | undefined
      except?: string | undefined
    },
  ): Promise<number>
  /** The account whose session came by this session elsewhere. */
  findByUpstream(issuer: string, sid: string): Promise<string | undefined>
}

export function createSignInSessions(deps: {
  issuer: string
  current(): Provider
  artifacts: Pick<ArtifactStore, 'find' | 'upsert' | 'listByAccount' | 'revokeSession'>
  /** Seconds. */
  sessionTtl: number
  /** False when the account, or its sign-ins from before some moment, no longer count. */
  isLive(accountId: string, loginTs: number): Promise<boolean>
}): SignInSessions {
  const secure = deps.issuer.startsWith('https:')
  const open = async (request: FastifyRequest, reply: FastifyReply) => {
    pinToIssuer(request, deps.issuer)
    const provider = deps.current()
    const ctx = provider.createContext(request.raw, reply.raw)
    return { provider, ctx, session: await provider.Session.get(ctx) }
  }
  // Not under `accountId`, so that ending some of an account's sessions leaves those of the others findable.
  const remember = (issuer: string, sid: string, account: string) =>
    deps.artifacts.upsert(
      UPSTREAM_SESSION,
      upstreamId(issuer, sid),
      { account },
      deps.sessionTtl * ABSOLUTE_LIFETIME_FACTOR,
    )
  return {
    async current(request, reply) {
      const { session } = await open(request, reply)
      const { accountId, uid, loginTs, amr = ['pwd'] } = session
      if (accountId === undefined || loginTs === undefined) return undefined
      return (await deps.isLive(accountId, loginTs)) ? { accountId, uid, loginTs, amr } : undefined
    },
    async start(request, reply, { accountId, amr, upstream }) {
      const opened = await open(request, reply)
      let { session } = opened
      if (session.accountId !== undefined && session.accountId !== accountId) {
        await session.destroy()
        session = new opened.provider.Session()
      } else {
        session.resetIdentifier()
      }
      session.loginAccount({ accountId, amr, loginTs: epochSeconds(Date.now) })
      Object.assign(session, { device: deviceOf(request.raw), upstream })
      await session.save(deps.sessionTtl)
      if (upstream?.sid !== undefined) await remember(upstream.issuer, upstream.sid, accountId)
      opened.ctx.cookies.secure = secure
      opened.ctx.cookies.set(opened.provider.cookieName('session'), session.jti, {
        httpOnly: true,
        sameSite: 'lax',
        signed: true,
        overwrite: true,
        path: '/',
        expires: new Date((epochSeconds(Date.now) + deps.sessionTtl) * 1000),
      })
    },
    async end(request, reply) {
      const { provider, ctx, session } = await open(request, reply)
      await tellApps(provider, session)
      for (const { grantId, persistsLogout } of Object.values(session.authorizations ?? {}))
        if (grantId !== undefined && !persistsLogout) await endGrant(provider, grantId)
      await session.destroy()
      ctx.cookies.secure = secure
      const attributes = { httpOnly: true, sameSite: 'lax', signed: true, path: '/' } as const
      ctx.cookies.set(provider.cookieName('session'), null, attributes)
    },
    async endUpstream(accountId, { issuer, subject, sid, except }) {
      const provider = deps.current()
      let ended = 0
      for (const { payload } of await deps.artifacts.listByAccount('Session', accountId)) {
        const { uid, upstream } = payload as { uid?: string; upstream?: UpstreamSession }
        if (uid === undefined || uid === except || upstream?.issuer !== issuer) continue
        if (sid === undefined ? upstream.subject !== subject : upstream.sid !== sid) continue
        const session = await provider.Session.findByUid(uid)
        if (session) await tellApps(provider, session)
        await deps.artifacts.revokeSession(accountId, uid)
        ended++
      }
      return ended
    },
    async findByUpstream(issuer, sid) {
      const found = await deps.artifacts.find(UPSTREAM_SESSION, upstreamId(issuer, sid))
      return typeof found?.account === 'string' ? found.account : undefined
    },
  }
}

const UPSTREAM_SESSION = 'UpstreamSession'
const upstreamId = (issuer: string, sid: string) => `${issuer}\0${sid}`

/** Back-Channel Logout §2.5 for every app that this session signed in to. */
async function tellApps(provider: Provider, session: Session): Promise<void> {
  const { accountId } = session
  if (accountId === undefined) return
  for (const clientId of Object.keys(session.authorizations ?? {})) {
    const client = await provider.Client.find(clientId)
    if (client?.backchannelLogoutUri === undefined) continue
    // The published types leave this method out; it hands over to the background at once (back-channel.ts).
    const told = client as unknown as { backchannelLogout(sub: string, sid?: string): Promise<unknown> }
    await told.backchannelLogout(accountId, session.sidFor(clientId))
  }
}
