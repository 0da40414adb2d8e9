import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Http } from '../../http/http.ts'
import { renderPage } from '../../http/pages/views.ts'
import { safeReturnTo } from '../../http/return-to.ts'
import type { AuditedSessions } from '../../oidc/sessions/audited.ts'
import type { GatedAccount, SignInGate } from '../../shared/second-factor-rule.ts'
import { isBehindFirstStep } from './recovery.ts'
import { RECOVERY_CODES } from './recovery-codes.ts'
import { isSetUp, setUpPath } from './set-up.ts'
import type { VerifiedPerson, VerifyForm, VerifyPage } from './verify-form.ts'

const CODES_LEFT = '/login/recovery-codes'

export interface LoginVerifyDependencies {
  issuer: URL
  http: Pick<Http, 'limit' | 'forms'>
  sessions: Pick<AuditedSessions, 'current' | 'incomplete' | 'verify' | 'end' | 'ownerOf'>
  findAccount(id: string): Promise<(VerifiedPerson & GatedAccount) | undefined>
  verifyForm: VerifyForm
  gate: Pick<SignInGate, 'needed'>
}

/**
 * `/login/verify`: the second factor of a sign-in without an interaction. Until then its session counts for nothing.
 *
 *   GET  /login/verify          the form; the set-up for who has to have a factor and has none; the next page for who needs no more
 *   POST /login/verify          ► the next page (303), by the page below behind a recovery code
 *   POST /login/verify/send     ► a code is sent; the form (303)
 *   POST /login/verify/another  ► the sign-in ends; the sign-in page (303)
 *   GET  /login/recovery-codes  how many are left, once signed in; the next page where they are not few
 */
export async function loginVerifyRoutes(app: FastifyInstance, deps: LoginVerifyDependencies): Promise<void> {
  const { http, sessions, verifyForm } = deps
  await http.forms(app)
  const returnTo = (request: FastifyRequest) =>
    safeReturnTo(deps.issuer, (request.query as { return_to?: unknown }).return_to)
  const pathTo = (request: FastifyRequest, path: string) =>
    `${path}?return_to=${encodeURIComponent(returnTo(request))}`

  /** Whose sign-in waits here. Undefined: none does, and the answer leads on. */
  async function waiting(request: FastifyRequest, reply: FastifyReply) {
    const session = await sessions.incomplete(request, reply)
    const person = session && (await deps.findAccount(session.accountId))
    if (session?.missing === 'set-up') {
      const next = returnTo(request)
      reply.redirect(isSetUp(next) ? next : setUpPath(next), 303)
      return undefined
    }
    if (session && person)
      return { session, person: session.byHook ? { ...person, secondFactorRequired: true } : person }
    const done = await sessions.current(request, reply)
    reply.redirect(done ? returnTo(request) : pathTo(request, '/login'), 303)
    return undefined
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    person: VerifiedPerson & GatedAccount,
    form: Partial<VerifyPage> = {},
    status = 200,
  ) {
    const at = pathTo(request, '/login/verify')
    const page: VerifyPage = {
      another: { action: pathTo(request, '/login/verify/another') },
      ...(await verifyForm.page(request, reply, person, deps.gate.needed(person), { path: at, action: at })),
      ...form,
    }
    return renderPage(reply, 'factors/verify', page, status)
  }

  app.get('/login/verify', async (request, reply) => {
    const found = await waiting(request, reply)
    if (!found) return reply
    const next = returnTo(request)
    // Who is on the way to recover the account has no second factor to show.
    if (isBehindFirstStep(next)) return reply.redirect(next, 303)
    return show(request, reply, found.person)
  })

  app.post('/login/verify', http.limit('signIn', null), async (request, reply) => {
    const found = await waiting(request, reply)
    if (!found) return reply
    const { session, person } = found
    const outcome = await verifyForm.submit(request, reply, person)
    if (outcome.kind === 'refused') {
      const { status, kind: _kind, ...form } = outcome
      return show(request, reply, person, form, status)
    }
    const { accountId, uid } = session
    const verified = await sessions.verify(request, reply, { accountId, uid, amr: outcome.amr })
    if (!verified) return reply.redirect(pathTo(request, '/login'), 303)
    const next = outcome.method === 'recovery_code' ? pathTo(request, CODES_LEFT) : returnTo(request)
    return reply.redirect(next, 303)
  })

  app.get(CODES_LEFT, async (request, reply) => {
    const session = await sessions.current(request, reply)
    const person = session && (await deps.findAccount(session.accountId))
    if (!person) return reply.redirect(pathTo(request, '/login'), 303)
    const next = returnTo(request)
    const left = await verifyForm.fewCodes(person)
    if (left === undefined) return reply.redirect(next, 303)
    return renderPage(reply, 'factors/recovery-code-used', { left, next, renewHref: RECOVERY_CODES })
  })

  app.post('/login/verify/send', http.limit('signIn', null), async (request, reply) => {
    const found = await waiting(request, reply)
    if (!found) return reply
    const outcome = await verifyForm.send(request, found.person, pathTo(request, '/login/verify'))
    if (outcome.kind === 'sent') return reply.redirect(outcome.href, 303)
    const { status, kind: _kind, ...form } = outcome
    return show(request, reply, found.person, form, status)
  })

  app.post('/login/verify/another', http.limit('account'), async (request, reply) => {
    if (await sessions.incomplete(request, reply)) await sessions.end(request, reply)
    return reply.redirect(pathTo(request, '/login'), 303)
  })
}
