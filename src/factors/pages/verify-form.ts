import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { parseForm } from '../../http/forms/forms.ts'
import type { ButtonForm, Form, PasskeyForm, ShownClient } from '../../http/pages/pages.ts'
import { ACR, type NeededFactor } from '../../shared/acr.ts'
import type { Clock } from '../../shared/clock.ts'
import type { AppError } from '../../shared/errors.ts'
import { saying, t } from '../../shared/locales/texts.ts'
import type { SecondFactor, SecondFactorCheck, VerificationMethod } from '../../shared/second-factor.ts'
import type { EmailCodes } from '../codes/email-codes.ts'
import { emailCodeNotSent } from '../codes/not-sent.ts'
import type { ResendCountdowns } from '../codes/resend-countdown.ts'
import type { Passkeys } from '../passkeys/passkeys.ts'
import { notSent } from '../phone/not-sent.ts'
import type { Phones } from '../phone/phone.ts'
import type { PasskeyBinding } from './passkey-binding.ts'
import { recoveryPath } from './recovery.ts'
import type { RememberedCookie } from './remembered-cookie.ts'
import { FEW_CODES } from './section.ts'

/** The second factor of a sign-in, on `/login/verify` and in an interaction. */
export interface VerifyPage extends Form {
  client?: ShownClient | undefined
  username: string
  /** What is shown now. Undefined: the account has nothing that is enough. */
  method: VerificationMethod | undefined
  /** Other methods, and the same page with them. */
  others: { method: VerificationMethod; href: string }[]
  /** For who has lost all of them. Undefined: the account has none. */
  lostHref: string | undefined
  /** For who has lost all of them, where no page helps: whom to ask. */
  lostNote?: string | undefined
  /** With the methods `email` and `sms`: sends a code. */
  send?: ButtonForm | undefined
  /** With the method `sms`: how the number ends. */
  phone?: string | undefined
  /** A code was sent on this page, and may be typed still. */
  sent?: boolean | undefined
  /** Seconds until the next one can be sent; undefined: now. */
  wait?: number | undefined
  /** A code was sent just now. */
  notice?: string | undefined
  /** With the method `passkey`. */
  passkey: PasskeyForm | undefined
  /** Days that this browser can be remembered; undefined: it cannot. */
  rememberDays: number | undefined
  /** Ends the sign-in, to begin another one. */
  another: ButtonForm
  /** Goes back to the client with access_denied. */
  cancel?: ButtonForm | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'factors/verify': VerifyPage
    /** A recovery code was used to sign in, and few are left. */
    'factors/recovery-code-used': {
      client?: ShownClient | undefined
      left: number
      next: string
      /** Undefined: the sign-in is not over yet. */
      renewHref?: string | undefined
    }
  }
}

/** Whose sign-in is verified. */
export interface VerifiedPerson {
  id: string
  displayUsername: string
  generation: number
  email: string | null
  secondFactors: readonly SecondFactor[]
  role: string
}

export type VerifyOutcome =
  | { kind: 'verified'; amr: readonly string[]; method: VerificationMethod }
  | { kind: 'refused'; status: number; errors: Record<string, string>; alert?: string }

/** The form of the second factor. */
export interface VerifyForm {
  /**
   * What the page says of the account.
   * @param at.path of the page, to which the choice of a method is added @param at.action where its forms are posted
   */
  page(
    request: FastifyRequest,
    reply: FastifyReply,
    person: VerifiedPerson,
    needed: NeededFactor | undefined,
    at: { path: string; action: string },
  ): Promise<Omit<VerifyPage, 'client' | 'another' | 'cancel'>>
  /** Sends the code that the page asks for. @returns the page to go to @param path as of `page` */
  send(
    request: FastifyRequest,
    person: VerifiedPerson,
    path: string,
  ): Promise<{ kind: 'sent'; href: string } | Extract<VerifyOutcome, { kind: 'refused' }>>
  /** Checks what was typed, and does no more: no browser is remembered, no sign-in told. */
  check(request: FastifyRequest, person: VerifiedPerson): Promise<VerifyOutcome>
  /** As `check`; the caller verifies the session. A browser that is to be remembered is. */
  submit(request: FastifyRequest, reply: FastifyReply, person: VerifiedPerson): Promise<VerifyOutcome>
  /** How many recovery codes of a person who has just used one are left, where that has to be said. */
  fewCodes(person: VerifiedPerson): Promise<number | undefined>
}

const typed = z.object({
  method: z.enum(['totp', 'sms', 'email', 'recovery_code']),
  code: z.string().trim().min(1, saying('codes.enter')).max(64, saying('codes.tooLong')),
})
const sent = z.object({ credential: z.string().max(16_000).optional(), remember: z.string().optional() })

/** One text for a wrong code and for too many: who guesses learns nothing from it. */
export const WRONG_CODE = 'codes.wrong'

const SENT = {
  email: 'codes.sent.email',
  sms: 'codes.sent.phone',
} as const
const sendable = z.object({ method: z.enum(['email', 'sms']).catch('email') })
const PASSKEY_REFUSED = 'verify.passkey.refused'

/** Told of every sign-in that was verified. */
export type Verified = (
  person: Pick<VerifiedPerson, 'id' | 'displayUsername'>,
  method: VerificationMethod,
  request: FastifyRequest,
) => void

/** The event of a sign-in that has shown all that its account asks for. */
export const reportVerified =
  (
    event: (event: {
      type: 'account.signed_in'
      accountId: string
      username: string
      method: string
      address: string
    }) => void,
  ): Verified =>
  ({ id, displayUsername }, method, request) =>
    event({
      type: 'account.signed_in',
      accountId: id,
      username: displayUsername,
      method,
      address: request.ip,
    })

/** `/login/verify?return_to=…` ► `/login/verify/send?return_to=…` */
const sendingAction = (action: string): string => action.replace(/^[^?]*/, (path) => `${path}/send`)

export function createVerifyForm(deps: {
  factors: SecondFactorCheck
  passkeys: Pick<Passkeys, 'signInOptions' | 'verifySignIn'>
  binding: PasskeyBinding
  phones: Pick<Phones, 'find' | 'send'>
  recoveryCodesLeft(accountId: string): Promise<number>
  sendEmailCode(accountId: string): ReturnType<EmailCodes['send']>
  resendCountdowns: ResendCountdowns
  clock: Clock
  browsers: Pick<RememberedCookie, 'days' | 'remember'>
  /** After a right code. */
  verified: Verified
}): VerifyForm {
  /** A code by email is of an account without a factor: a browser stands in for nothing there. */
  const remembers = ({ secondFactors }: VerifiedPerson) => secondFactors.length > 0 && deps.browsers.days > 0

  /** A passkey of the person; another one's is none. */
  async function verifyPasskey(
    request: FastifyRequest,
    person: VerifiedPerson,
    credential: string,
  ): Promise<VerifyOutcome> {
    const outcome = await deps.passkeys.verifySignIn(credential, deps.binding.of(request) ?? '', person.id)
    if (outcome.kind === 'verified') return { kind: 'verified', amr: outcome.amr, method: 'passkey' }
    return { kind: 'refused', status: 401, errors: {}, alert: t(PASSKEY_REFUSED) }
  }

  async function verifyCode(body: unknown, person: VerifiedPerson): Promise<VerifyOutcome> {
    const form = parseForm(typed, body)
    if (!form.ok) return { kind: 'refused', status: 422, errors: form.errors }
    const { method, code } = form.value
    const outcome = await deps.factors.verify({ accountId: person.id, method, code })
    return outcome.kind === 'verified'
      ? { kind: 'verified', amr: outcome.amr, method }
      : { kind: 'refused', status: 401, errors: { code: t(WRONG_CODE) } }
  }

  const check: VerifyForm['check'] = async (request, person) => {
    const { credential } = sent.parse(request.body ?? {})
    return credential === undefined
      ? verifyCode(request.body, person)
      : verifyPasskey(request, person, credential)
  }

  return {
    async page(request, reply, person, needed, { path, action }) {
      const methods = await deps.factors.methodsOf(person)
      const enough = needed?.acr === ACR.phr ? methods.filter((method) => method === 'passkey') : methods
      const typed = (request.body ?? {}) as { method?: unknown; sent?: unknown }
      const query = request.query as { method?: unknown; sent?: unknown }
      const asked = query.method ?? typed.method
      const method = enough.find((each) => each === asked) ?? enough[0]
      const separator = path.includes('?') ? '&' : '?'
      const bySending = method === 'email' || method === 'sms' ? method : undefined
      // Both forms of the page carry it on, so that a wrong code does not make the page forget the message.
      const sent = bySending && (query.sent ?? typed.sent) !== undefined
      const passkey =
        method === 'passkey'
          ? {
              action,
              renewAt: `${path}${separator}method=passkey`,
              options: JSON.stringify(
                await deps.passkeys.signInOptions(deps.binding.bind(request, reply), person.id),
              ),
            }
          : undefined
      return {
        action,
        passkey,
        send: bySending
          ? { action: sendingAction(action), fields: { method: bySending, ...(sent && { sent: '1' }) } }
          : undefined,
        phone: method === 'sms' ? (await deps.phones.find(person.id))?.number : undefined,
        sent,
        wait: bySending && sent ? await deps.resendCountdowns.left(person.id, bySending) : undefined,
        notice: bySending && sent && request.method === 'GET' ? t(SENT[bySending]) : undefined,
        username: person.displayUsername,
        method,
        others: enough
          .filter((each) => each !== method)
          .map((each) => ({ method: each, href: `${path}${separator}method=${each}` })),
        lostHref: person.secondFactors.length > 0 ? recoveryPath(path) : undefined,
        rememberDays: remembers(person) && !needed?.shown ? deps.browsers.days : undefined,
      }
    },

    check,

    async send(request, person, path) {
      const { method } = sendable.parse(request.body ?? {})
      const href = `${path}${path.includes('?') ? '&' : '?'}method=${method}&sent=1`
      const wasSent = async () => {
        await deps.resendCountdowns.begin(person.id, method)
        return { kind: 'sent', href } as const
      }
      const refused = ({ status, publicMessage: alert }: AppError) =>
        ({ kind: 'refused', status, errors: {}, alert }) as const
      if (method === 'email') {
        const outcome = await deps.sendEmailCode(person.id)
        return outcome.kind === 'sent' ? wasSent() : refused(emailCodeNotSent(outcome, deps.clock()))
      }
      const outcome = await deps.phones.send(person.id, request.ip)
      return outcome.kind === 'sent' ? wasSent() : refused(notSent(outcome, deps.clock()))
    },

    async fewCodes({ id, secondFactors }) {
      if (secondFactors.length === 0) return undefined
      const left = await deps.recoveryCodesLeft(id)
      return left < FEW_CODES ? left : undefined
    },

    async submit(request, reply, person) {
      const { remember } = sent.parse(request.body ?? {})
      const outcome = await check(request, person)
      if (outcome.kind === 'refused') return outcome
      if (remember !== undefined && remembers(person)) await deps.browsers.remember(request, reply, person)
      deps.verified(person, outcome.method, request)
      return outcome
    },
  }
}
