import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Signed } from '../../accounts/pages/account/signed-in.ts'
import { setFormPage } from '../../http/forms/page.ts'
import { renderPage } from '../../http/pages/views.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { t } from '../../shared/locales/texts.ts'
import { type FactorPagesDependencies, SECURITY } from './dependencies.ts'
import { mailboxPath } from './mailbox-proof.ts'
import {
  createPhoneEnrolment,
  type PhoneCodePage,
  type PhoneNumberPage,
  type PhonePurpose,
  typedNumber,
} from './phone-enrolment.ts'
import { newCodesPage } from './recovery-codes-page.ts'

/** What the page of the profile says of a number that was verified. */
const doneOf = (signsIn: boolean | undefined): string =>
  signsIn === undefined ? 'phone' : signsIn ? 'phone_signs_in' : 'phone_taken'

const params = z.object({ id: z.string().max(64) })
const PHONE = `${SECURITY}/phone`

/** Where a number is verified. */
function phonePath(purpose: PhonePurpose, from?: string): string {
  const query = new URLSearchParams({ ...(purpose === 'number' && { for: purpose }), ...(from && { from }) })
  return query.size === 0 ? PHONE : `${PHONE}?${query}`
}

/**
 * Verifying a phone number on the pages of an account: for codes at sign-ins, or (`?for=number`) to be the verified one and no more.
 *
 *   GET, POST /account/security/phone ► GET, POST /account/security/phone/:id ─┬► recovery codes, with the first factor
 *                                                                              └► /account/security, /account
 */
export async function phoneRoutes(app: FastifyInstance, deps: FactorPagesDependencies): Promise<void> {
  const { clock, factors, http, issuer, signedIn } = deps
  const { phones } = factors
  const enrolment = createPhoneEnrolment(phones, clock)
  const purposeOf = ({ query }: FastifyRequest): PhonePurpose =>
    (query as { for?: unknown }).for === 'number' ? 'number' : 'factor'
  const homeOf = (purpose: PhonePurpose) => (purpose === 'number' ? '/account' : SECURITY)

  /** Who may set up the factor; undefined: the mailbox is shown first, and the answer leads there. */
  function proven(
    request: FastifyRequest,
    reply: FastifyReply,
    signed: Signed,
    purpose: PhonePurpose,
    path: string,
  ): Signed | undefined {
    // Who has not signed in lately is asked for that first.
    const waits = isFresh(clock, signed.session.freshAt) && deps.mailboxProof.lacks(request, signed)
    if (purpose === 'number' || !waits) return signed
    reply.redirect(mailboxPath(path), 303)
    return undefined
  }

  /** Undefined: the answer leads on. Where no codes are sent, to the page that says so by not offering it. */
  async function person(request: FastifyRequest, reply: FastifyReply, purpose: PhonePurpose) {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return undefined
    if (!(purpose === 'factor' ? phones.mayAdd(signed.account) : phones.on)) {
      reply.redirect(homeOf(purpose), 303)
      return undefined
    }
    return proven(request, reply, signed, purpose, PHONE)
  }

  async function showNumber(
    request: FastifyRequest,
    reply: FastifyReply,
    signed: Signed,
    purpose: PhonePurpose,
    form: Partial<PhoneNumberPage> = {},
    status = 200,
  ) {
    // Back from the page of the code: the number that it was sent to.
    const { from } = request.query as { from?: unknown }
    const sent = typeof from === 'string' ? await phones.pending(signed.account.id, from) : undefined
    const page: PhoneNumberPage = {
      account: deps.frame(signed),
      action: phonePath(purpose),
      purpose,
      values: { phone_number: sent?.number ?? signed.account.phoneNumber ?? '' },
      leave: { href: homeOf(purpose), label: t('common.notNow') },
      ...form,
    }
    return renderPage(reply, 'factors/phone-number', page, status)
  }

  app.get(PHONE, async (request, reply) => {
    const purpose = purposeOf(request)
    const signed = await person(request, reply, purpose)
    return signed ? showNumber(request, reply, signed, purpose) : reply
  })

  app.post(PHONE, { ...http.limit('account'), config: { formPage: PHONE } }, async (request, reply) => {
    const purpose = purposeOf(request)
    const signed = await person(request, reply, purpose)
    if (!signed) return reply
    const again = await signedIn.again(request, signed, t('act.phoneVerify'))
    if (again) return reply.redirect(again, 303)
    const outcome = await enrolment.begin(signed.account.id, purpose, request)
    if (outcome.kind === 'sent') return reply.redirect(`${PHONE}/${outcome.id}`, 303)
    const { status, kind: _kind, ...form } = outcome
    return showNumber(request, reply, signed, purpose, { values: typedNumber(request), ...form }, status)
  })

  async function showCode(
    reply: FastifyReply,
    signed: Signed,
    id: string,
    form: Partial<PhoneCodePage> = {},
    status = 200,
  ) {
    const pending = await phones.pending(signed.account.id, id)
    if (!pending) return reply.redirect(`${SECURITY}?done=phone_gone`, 303)
    const { number, purpose } = pending
    const page: PhoneCodePage = {
      account: deps.frame(signed),
      action: `${PHONE}/${id}`,
      ...{ number, purpose },
      again: { href: phonePath(purpose, id), label: t('phone.again') },
      leave: { href: homeOf(purpose), label: t('common.notNow') },
      ...form,
    }
    return renderPage(reply, 'factors/phone-code', page, status)
  }

  /** A number counts by a sign-in that is fresh: verifying one may have been begun by one that was. */
  async function freshPerson(request: FastifyRequest, reply: FastifyReply, id: string) {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return undefined
    if (isFresh(clock, signed.session.freshAt)) {
      const purpose = (await phones.pending(signed.account.id, id))?.purpose
      return purpose ? proven(request, reply, signed, purpose, `${PHONE}/${id}`) : signed
    }
    reply.redirect(`/login?again=1&return_to=${encodeURIComponent(`${PHONE}/${id}`)}`, 303)
    return undefined
  }

  app.get(`${PHONE}/:id`, async (request, reply) => {
    const { id } = params.parse(request.params)
    const signed = await freshPerson(request, reply, id)
    return signed ? showCode(reply, signed, id) : reply
  })

  app.post(`${PHONE}/:id`, http.limit('account'), async (request, reply) => {
    const { id } = params.parse(request.params)
    const signed = await freshPerson(request, reply, id)
    if (!signed) return reply
    const { account, session } = signed
    const outcome = await enrolment.submit(session, id, request)
    if (outcome.kind === 'gone') return reply.redirect(`${SECURITY}?done=phone_gone`, 303)
    if (outcome.kind === 'refused') {
      const { status, kind: _kind, ...form } = outcome
      return showCode(reply, signed, id, form, status)
    }
    if (outcome.purpose === 'number') return reply.redirect(`/account?done=${doneOf(outcome.signsIn)}`, 303)
    await deps.verified(request, reply, { accountId: account.id, uid: session.uid, amr: ['sms'] })
    const done = `${SECURITY}?done=phone`
    if (outcome.recoveryCodes === undefined) return reply.redirect(done, 303)
    setFormPage(request, `${SECURITY}/recovery-codes`)
    const of = { username: account.displayUsername, service: issuer.host, at: clock() }
    return renderPage(reply, 'factors/recovery-codes', {
      account: deps.frame(signed, { notice: t('phone.on') }),
      ...newCodesPage(outcome.recoveryCodes, of, done),
    })
  })
}
