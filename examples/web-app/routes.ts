import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RelyingParty } from './oidc.ts'
import { homePage, problemPage, signedInPage, signedOutPage } from './pages.ts'
import { explain, type Problem, sessionEnded, sessionIsOver, unknownSignIn } from './problems.ts'
import { freshen, refreshDueAt, remember, type Session, type Sessions } from './session.ts'

export interface RouteOptions {
  base: URL
  issuer: string
  party: RelyingParty
  sessions: Sessions
  report: (error: unknown) => void
}

export const show = (reply: FastifyReply, page: string, status = 200): FastifyReply =>
  reply.code(status).type('text/html; charset=utf-8').send(page)

export const showProblem = (reply: FastifyReply, problem: Problem): FastifyReply =>
  show(reply, problemPage(problem), problem.status)

export async function routes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { base, issuer, party, sessions, report } = options
  const secure = base.protocol === 'https:'
  const cookieName = secure ? '__Host-web_app_session' : 'web_app_session'
  const cookieOptions = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const
  const sessionOf = (request: FastifyRequest) => sessions.find(request.cookies[cookieName])
  const setCookie = (reply: FastifyReply, session: Session) =>
    reply.setCookie(cookieName, session.id, cookieOptions)

  app.get('/login', async (request, reply) => {
    const { url, pending } = await party.start()
    const session = sessionOf(request) ?? sessions.create()
    remember(session, pending)
    return setCookie(reply, session).redirect(url.href, 303)
  })

  app.get('/callback', async (request, reply) => {
    const callback = new URL(request.url, base)
    const before = sessionOf(request)
    const pending = before?.pending.get(callback.searchParams.get('state') ?? '')
    if (!before || !pending) return showProblem(reply, unknownSignIn)
    before.pending.delete(pending.state)
    const tokens = await party.finish(callback, pending)
    // A new id for the signed-in session: a session fixation attack would know the old one.
    sessions.destroy(before)
    const session = sessions.create()
    session.tokens = tokens
    session.pending = before.pending
    return setCookie(reply, session).redirect('/', 303)
  })

  /** False: the provider has ended it, and so have we. */
  async function renew(session: Session, force: boolean): Promise<boolean> {
    const before = session.tokens
    try {
      await freshen(session, party, force)
      if (session.tokens !== before) session.notice = 'The tokens were renewed.'
    } catch (error) {
      report(error)
      if (sessionIsOver(error)) {
        sessions.destroy(session)
        return false
      }
      session.notice = `The tokens could not be renewed. ${explain(error).title}.`
    }
    return true
  }

  app.get('/', async (request, reply) => {
    const session = sessionOf(request)
    if (!session?.tokens) return show(reply, homePage(issuer))
    if (!(await renew(session, false))) return showProblem(reply, sessionEnded)
    const { tokens, notice } = session
    session.notice = undefined
    const userinfo = await party.userinfo(tokens).then(
      (claims) => ({ claims }),
      (error: unknown) => {
        report(error)
        return { problem: explain(error) }
      },
    )
    const due = refreshDueAt(tokens)
    // The page comes back when the tokens are due; every half minute while the provider does not answer.
    const reloadAfter = due === undefined ? undefined : Math.max(30, Math.ceil((due - Date.now()) / 1000) + 1)
    return show(reply, signedInPage({ tokens, userinfo, notice, refreshDueAt: due, reloadAfter }))
  })

  app.post('/refresh', async (request, reply) => {
    const session = sessionOf(request)
    if (session?.tokens && !(await renew(session, true))) return showProblem(reply, sessionEnded)
    return reply.redirect('/', 303)
  })

  app.post('/logout', async (request, reply) => {
    const session = sessionOf(request)
    if (session) sessions.destroy(session)
    reply.clearCookie(cookieName, cookieOptions)
    const url = session?.tokens ? await party.signOutUrl(session.tokens) : undefined
    return reply.redirect(url?.href ?? '/signed-out', 303)
  })

  app.get('/signed-out', (_request, reply) => show(reply, signedOutPage()))
}
