import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Provider, Session } from 'oidc-provider'
import { epochSeconds } from '../clock.ts'
import { endGrant } from './end-grant.ts'
import { pinToIssuer } from './mount.ts'
import { deviceOf } from './session-device.ts'

/** How a person proved who they are (RFC 8176): “pwd” for a password. */
export interface Authentication {
  accountId: string
  amr: string[]
}

/** The browser's sign-in session: what single sign-on, the account pages and the JSON API share. */
export interface SignInSession {
  accountId: string
  uid: string
  /** When the person last proved who they are, in seconds since the epoch. */
  loginTs: number
}

export interface SignInSessions {
  current(request: FastifyRequest, reply: FastifyReply): Promise<SignInSession | undefined>
  /** Starts a session under a fresh id; another person's session in this browser ends. */
  start(request: FastifyRequest, reply: FastifyReply, authentication: Authentication): Promise<void>
  /** Ends the session, with what was issued in it, as the sign-out page does; apps are told in the background. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

export function createSignInSessions(deps: {
  issuer: string
  current(): Provider
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
  return {
    async current(request, reply) {
      const { session } = await open(request, reply)
      const { accountId, uid, loginTs } = session
      if (accountId === undefined || loginTs === undefined) return undefined
      return (await deps.isLive(accountId, loginTs)) ? { accountId, uid, loginTs } : undefined
    },
    async start(request, reply, { accountId, amr }) {
      const opened = await open(request, reply)
      let { session } = opened
      if (session.accountId !== undefined && session.accountId !== accountId) {
        await session.destroy()
        session = new opened.provider.Session()
      } else {
        session.resetIdentifier()
      }
      session.loginAccount({ accountId, amr, loginTs: epochSeconds(Date.now) })
      Object.assign(session, { device: deviceOf(request.raw) })
      await session.save(deps.sessionTtl)
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
  }
}

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
