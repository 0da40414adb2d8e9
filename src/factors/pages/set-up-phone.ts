import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { setFormPage } from '../../http/forms/page.ts'
import { renderPage } from '../../http/pages/views.ts'
import { t } from '../../shared/locales/texts.ts'
import type { Phones } from '../phone/phone.ts'
import {
  createPhoneEnrolment,
  type PhoneCodePage,
  type PhoneNumberPage,
  typedNumber,
} from './phone-enrolment.ts'
import { newCodesPage } from './recovery-codes-page.ts'
import type { SetUpDependencies, SetUpPerson } from './set-up.ts'

/** What the pages below `/login/set-up` have in common. */
export interface SetUpVisit {
  /** Undefined: the person has to sign in first, or again, and is led there. */
  person(request: FastifyRequest, reply: FastifyReply): Promise<SetUpPerson | undefined>
  /** Whether what the person came for is not asked of them (any more). */
  done(request: FastifyRequest, person: SetUpPerson): boolean
  /** Whether codes by SMS are enough for what they came for, and they may add a phone. */
  takesPhone(request: FastifyRequest, person: SetUpPerson): boolean
  returnTo(request: FastifyRequest): string
  here(request: FastifyRequest): string
  at(request: FastifyRequest, path: string): string
}

const params = z.object({ id: z.string().max(64) })

/**
 * Codes by SMS, set up on the way to what needs a second factor.
 *
 *   GET, POST /login/set-up/phone ► GET, POST /login/set-up/phone/:id ► recovery codes ► on
 */
export function setUpPhoneRoutes(
  app: FastifyInstance,
  deps: Pick<SetUpDependencies, 'clock' | 'http' | 'issuer' | 'sessions'> & {
    phones: Pick<Phones, 'begin' | 'confirm' | 'pending'>
  },
  { person, done, takesPhone, returnTo, here, at }: SetUpVisit,
): void {
  const { clock, http, issuer, phones, sessions } = deps
  const enrolment = createPhoneEnrolment(phones, clock)
  const PATH = '/login/set-up/phone'

  /** Undefined: the answer leads on. */
  async function visitor(request: FastifyRequest, reply: FastifyReply): Promise<SetUpPerson | undefined> {
    const signed = await person(request, reply)
    if (!signed) return undefined
    if (!done(request, signed) && takesPhone(request, signed)) return signed
    reply.redirect(done(request, signed) ? returnTo(request) : here(request), 303)
    return undefined
  }

  async function showNumber(
    request: FastifyRequest,
    reply: FastifyReply,
    { account }: SetUpPerson,
    form: Partial<PhoneNumberPage> = {},
    status = 200,
  ) {
    // Back from the page of the code: the number that it was sent to.
    const { from } = request.query as { from?: unknown }
    const sent = typeof from === 'string' ? await phones.pending(account.id, from) : undefined
    const page: PhoneNumberPage = {
      action: at(request, '/phone'),
      purpose: 'factor',
      values: { phone_number: sent?.number ?? account.phoneNumber ?? '' },
      leave: { href: here(request), label: t('common.anotherWay') },
      ...form,
    }
    return renderPage(reply, 'factors/phone-number', page, status)
  }

  app.get(PATH, async (request, reply) => {
    const signed = await visitor(request, reply)
    return signed ? showNumber(request, reply, signed) : reply
  })

  app.post(PATH, http.limit('account'), async (request, reply) => {
    const signed = await visitor(request, reply)
    if (!signed) return reply
    const outcome = await enrolment.begin(signed.account.id, 'factor', request)
    if (outcome.kind === 'sent') return reply.redirect(at(request, `/phone/${outcome.id}`), 303)
    const { status, kind: _kind, ...form } = outcome
    return showNumber(request, reply, signed, { values: typedNumber(request), ...form }, status)
  })

  async function showCode(
    request: FastifyRequest,
    reply: FastifyReply,
    { account }: SetUpPerson,
    form: Partial<PhoneCodePage> = {},
    status = 200,
  ) {
    const { id } = params.parse(request.params)
    const pending = await phones.pending(account.id, id)
    if (!pending) return reply.redirect(at(request, '/phone'), 303)
    const page: PhoneCodePage = {
      action: at(request, `/phone/${id}`),
      ...pending,
      again: { href: `${at(request, '/phone')}&from=${id}`, label: t('phone.again') },
      leave: { href: here(request), label: t('common.anotherWay') },
      ...form,
    }
    return renderPage(reply, 'factors/phone-code', page, status)
  }

  app.get(`${PATH}/:id`, async (request, reply) => {
    const signed = await visitor(request, reply)
    return signed ? showCode(request, reply, signed) : reply
  })

  app.post(`${PATH}/:id`, http.limit('account'), async (request, reply) => {
    const signed = await visitor(request, reply)
    if (!signed) return reply
    const { account, session } = signed
    const outcome = await enrolment.submit(session, params.parse(request.params).id, request)
    if (outcome.kind === 'gone') return reply.redirect(at(request, '/phone'), 303)
    if (outcome.kind === 'refused') {
      const { status, kind: _kind, ...form } = outcome
      return showCode(request, reply, signed, form, status)
    }
    await sessions.verify(request, reply, { accountId: account.id, uid: session.uid, amr: ['sms'] })
    if (outcome.recoveryCodes === undefined) return reply.redirect(returnTo(request), 303)
    setFormPage(request, at(request, '/codes'))
    const of = { username: account.displayUsername, service: issuer.host, at: clock() }
    return renderPage(
      reply,
      'factors/recovery-codes',
      newCodesPage(outcome.recoveryCodes, of, returnTo(request)),
    )
  })
}
