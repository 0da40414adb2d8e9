import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AccountFrame } from '../../accounts/pages/account/signed-in.ts'
import { parseForm } from '../../http/forms/forms.ts'
import type { Form, Link } from '../../http/pages/pages.ts'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { saying, t } from '../../shared/locales/texts.ts'
import { phoneNumber } from '../../shared/profile/values.ts'
import type { FactorChanger } from '../owner.ts'
import { notSent, numberProblem } from '../phone/not-sent.ts'
import type { Phones } from '../phone/phone.ts'

/** What a number is verified for: to be asked for at sign-ins, or to be the verified one of the profile and no more. */
export type PhonePurpose = 'factor' | 'number'

/** The number that a code is to be sent to: on the page of the account, or on the way to an app that asks for a second factor. */
export interface PhoneNumberPage extends Form {
  /** On the page of an account. */
  account?: AccountFrame | undefined
  purpose: PhonePurpose
  leave: Link
}

/** The code that was sent there. */
export interface PhoneCodePage extends Form {
  account?: AccountFrame | undefined
  purpose: PhonePurpose
  number: string
  /** The page before: another number, or one more code. */
  again: Link
  leave: Link
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'factors/phone-number': PhoneNumberPage
    'factors/phone-code': PhoneCodePage
  }
}

type Refused = { kind: 'refused'; status: number; errors: Record<string, string>; alert?: string }

/**
 * The steps of verifying a phone number, for whatever page shows them. The caller knows who the person is, and that they may: a fresh
 * sign-in, with the second factor that the account has.
 *
 *   number ─► begin ─┬─ refused: the same page      ─► code ─► submit ─┬─ refused: the same page
 *                    └─ sent: an id, for the address of the next page   └─ on
 */
export interface PhoneEnrolment {
  begin(
    accountId: string,
    purpose: PhonePurpose,
    request: FastifyRequest,
  ): Promise<{ kind: 'sent'; id: string } | Refused>
  submit(
    by: FactorChanger,
    id: string,
    request: FastifyRequest,
  ): Promise<
    | { kind: 'on'; purpose: PhonePurpose; signsIn: boolean | undefined; recoveryCodes: string[] | undefined }
    | Refused
    /** Nothing is being verified under this id any more: begin anew. */
    | { kind: 'gone' }
  >
}

const numberForm = z.object({ phone_number: phoneNumber })
const codeForm = z.object({
  code: z.string().trim().min(1, saying('codes.enter.message')).max(64, saying('codes.tooLong')),
})

/** What was typed, to be shown once more. */
export const typedNumber = (request: FastifyRequest): Record<string, string> => {
  const { data } = z.object({ phone_number: z.string().max(40) }).safeParse(request.body)
  return data ?? {}
}

/** One text for a wrong code and for too many. */
const WRONG = 'codes.wrong.message'

export const createPhoneEnrolment = (
  phones: Pick<Phones, 'begin' | 'confirm'>,
  clock: Clock,
): PhoneEnrolment => ({
  async begin(accountId, purpose, request) {
    const form = parseForm(numberForm, request.body)
    if (!form.ok) return { kind: 'refused', status: 422, errors: form.errors }
    const number = form.value.phone_number
    const outcome = await phones.begin({ accountId, number, purpose, address: request.ip })
    if (outcome.kind === 'sent') return outcome
    const problem = numberProblem(outcome)
    if (problem !== undefined) return { kind: 'refused', status: 422, errors: { phone_number: problem } }
    const { status, publicMessage } = notSent(outcome, clock(), 'adding')
    return { kind: 'refused', status, errors: {}, alert: publicMessage }
  },

  async submit(by, id, request) {
    const form = parseForm(codeForm, request.body)
    if (!form.ok) return { kind: 'refused', status: 422, errors: form.errors }
    try {
      const outcome = await phones.confirm(by, id, form.value.code)
      if (outcome.kind !== 'confirmed') return { kind: 'refused', status: 401, errors: { code: t(WRONG) } }
      const { purpose, signsIn, recoveryCodes } = outcome
      return { kind: 'on', purpose, signsIn, recoveryCodes }
    } catch (error) {
      if (error instanceof AppError && error.code === 'factor_not_found') return { kind: 'gone' }
      throw error
    }
  },
})
