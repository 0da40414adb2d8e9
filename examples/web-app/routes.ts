import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type BooksApi, stepUpAsked } from './books.ts'
import type { RelyingParty } from './oidc.ts'
import { booksPage, homePage, problemPage, signedInPage, signedOutPage } from './pages.ts'
import { explain, type Problem, sessionEnded, sessionIsOver, unknownSignIn } from './problems.ts'
import { freshen, refreshDueAt, remember, type Session, type Sessions } from './session.ts'

export interface RouteOptions {
  base: URL
  issuer: string
  party: RelyingParty
  sessions: Sessions
  /** Undefined: there is no API. */
  books: BooksApi | undefined
  report: (error: unknown) => void
}

export const show = (reply: FastifyReply, page: string, status = 200): FastifyReply =>
  reply.code(status).type('text/html; charset=utf-8').send(page)

export const showProblem = (reply: FastifyReply, problem: Problem): FastifyReply =>
  show(reply, problemPage(problem), problem.status)

export async function routes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { base, issuer, party, sessions, books, report } = options
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
    setCookie(reply, session)
    if (!books || !pending.stepUp) return reply.redirect('/', 303)
    // What the API had refused. A second refusal is an error: to ask again would not end.
    await books.deleteAll(tokens)
    session.notice = 'All your books are deleted.'
    return reply.redirect('/books', 303)
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
    const view = { tokens, userinfo, notice, refreshDueAt: due, reloadAfter, books: books !== undefined }
    return show(reply, signedInPage(view))
  })

  app.post('/refresh', async (request, reply) => {
    const session = sessionOf(request)
    if (session?.tokens && !(await renew(session, true))) return showProblem(reply, sessionEnded)
    return reply.redirect('/', 303)
  })

  if (books) app.register(bookRoutes, { books })

  async function bookRoutes(app: FastifyInstance, { books }: { books: BooksApi }): Promise<void> {
    app.get('/books', async (request, reply) => {
      const session = sessionOf(request)
      if (!session?.tokens) return reply.redirect('/login', 303)
      if (!(await renew(session, false))) return showProblem(reply, sessionEnded)
      const { tokens, notice } = session
      session.notice = undefined
      return show(reply, booksPage({ titles: await books.titles(tokens), notice }))
    })

    app.post('/books/delete', async (request, reply) => {
      const session = sessionOf(request)
      if (!session?.tokens) return reply.redirect('/login', 303)
      if (!(await renew(session, false))) return showProblem(reply, sessionEnded)
      const { tokens } = session
      try {
        await books.deleteAll(tokens)
      } catch (error) {
        const stepUp = stepUpAsked(error, tokens)
        if (!stepUp) throw error
        // The callback goes on from here.
        const { url, pending } = await party.start(stepUp)
        remember(session, pending)
        return reply.redirect(url.href, 303)
      }
      session.notice = 'All your books are deleted.'
      return reply.redirect('/books', 303)
    })
  }

  app.post('/logout', async (request, reply) => {
    const session = sessionOf(request)
    if (session) sessions.destroy(session)
    reply.clearCookie(cookieName, cookieOptions)
    const url = session?.tokens ? await party.signOutUrl(session.tokens) : undefined
    return reply.redirect(url?.href ?? '/signed-out', 303)
  })

  app.get('/signed-out', (_request, reply) => show(reply, signedOutPage()))
}
