import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Signed } from '../../accounts/pages/account/signed-in.ts'
import { setFormPage } from '../../http/forms/page.ts'
import { renderPage } from '../../http/pages/views.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { t } from '../../shared/locales/texts.ts'
import { type FactorPagesDependencies, SECURITY } from './dependencies.ts'
import { mailboxPath } from './mailbox-proof.ts'
import { newCodesPage } from './recovery-codes-page.ts'
import { createTotpEnrolment, type TotpSetupPage } from './totp-enrolment.ts'

const params = z.object({ id: z.string().max(64) })

/**
 * Setting up an authenticator app on the page of an account.
 *
 *   POST /account/security/app ► GET /account/security/app/:id ► POST the same ─┬► recovery codes, with the first factor
 *                                                                                └► /account/security
 */
export async function totpRoutes(app: FastifyInstance, deps: FactorPagesDependencies): Promise<void> {
  const { clock, factors, http, issuer, mailboxProof, signedIn } = deps
  const enrolment = createTotpEnrolment(factors.totp)
  const pathOf = (id: string) => `${SECURITY}/app/${id}`

  async function show(
    reply: FastifyReply,
    signed: Signed,
    id: string,
    form: Partial<TotpSetupPage> = {},
    status = 200,
  ) {
    const setup = await enrolment.page(signed.account.id, id)
    if (!setup) return reply.redirect(`${SECURITY}?done=app_gone`, 303)
    const page: TotpSetupPage = {
      account: deps.frame(signed),
      action: pathOf(id),
      leave: { href: SECURITY, label: t('common.notNow') },
      ...setup,
      ...form,
    }
    return renderPage(reply, 'factors/totp-setup', page, status)
  }

  /** The key is shown, and counts, by a sign-in that is fresh: setting one up may have been begun by one that was. */
  async function freshPerson(request: FastifyRequest, reply: FastifyReply, id: string) {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return undefined
    const fresh = isFresh(clock, signed.session.freshAt)
    if (fresh && !mailboxProof.lacks(request, signed)) return signed
    const again = `/login?again=1&return_to=${encodeURIComponent(pathOf(id))}`
    reply.redirect(fresh ? mailboxPath(pathOf(id)) : again, 303)
    return undefined
  }

  app.post(
    `${SECURITY}/app`,
    { ...http.limit('account'), config: { formPage: SECURITY } },
    async (request, reply) => {
      const signed = await signedIn.person(request, reply, SECURITY)
      if (!signed) return reply
      const again = await signedIn.again(request, signed, t('act.app'))
      if (again) return reply.redirect(again, 303)
      return reply.redirect(pathOf(await enrolment.begin(signed.account.id)), 303)
    },
  )

  app.get(`${SECURITY}/app/:id`, async (request, reply) => {
    const { id } = params.parse(request.params)
    const signed = await freshPerson(request, reply, id)
    return signed ? show(reply, signed, id) : reply
  })

  app.post(`${SECURITY}/app/:id`, http.limit('account'), async (request, reply) => {
    const { id } = params.parse(request.params)
    const signed = await freshPerson(request, reply, id)
    if (!signed) return reply
    const { account, session } = signed
    const outcome = await enrolment.submit(session, id, request)
    if (outcome.kind === 'gone') return reply.redirect(`${SECURITY}?done=app_gone`, 303)
    if (outcome.kind === 'refused') return show(reply, signed, id, { errors: outcome.errors }, outcome.status)
    await deps.verified(request, reply, { accountId: account.id, uid: session.uid, amr: ['otp'] })
    const done = `${SECURITY}?done=app`
    if (outcome.recoveryCodes === undefined) return reply.redirect(done, 303)
    setFormPage(request, `${SECURITY}/recovery-codes`)
    const of = { username: account.displayUsername, service: issuer.host, at: clock() }
    return renderPage(reply, 'factors/recovery-codes', {
      account: deps.frame(signed, { notice: t('totp.on') }),
      ...newCodesPage(outcome.recoveryCodes, of, done),
    })
  })
}
