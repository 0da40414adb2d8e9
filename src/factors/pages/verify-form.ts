import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { parseForm } from '../../http/forms/forms.ts'
import type { ButtonForm, Form, ShownClient } from '../../http/pages/pages.ts'
import { ACR, type NeededFactor } from '../../shared/acr.ts'
import type { SecondFactor, SecondFactorCheck, VerificationMethod } from '../../shared/second-factor.ts'
import type { RememberedCookie } from './remembered-cookie.ts'

/** The second step of a sign-in, on `/login/verify` and in an interaction. */
export interface VerifyPage extends Form {
  client?: ShownClient | undefined
  username: string
  /** What is shown now. Undefined: the account has nothing that is enough. */
  method: VerificationMethod | undefined
  /** Other methods, and the same page with them. */
  others: { method: VerificationMethod; href: string }[]
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
  }
}

/** Whose sign-in is verified. */
export interface VerifiedPerson {
  id: string
  displayUsername: string
  generation: number
  secondFactors: readonly SecondFactor[]
}

export type VerifyOutcome =
  | { kind: 'verified'; amr: readonly string[] }
  | { kind: 'refused'; status: number; errors: Record<string, string>; alert?: string }

/** The form of the second step. */
export interface VerifyForm {
  /** What the page says of the account. @param path of the page, to which the choice of a method is added */
  page(
    request: FastifyRequest,
    person: VerifiedPerson,
    needed: NeededFactor | undefined,
    path: string,
  ): Promise<Pick<VerifyPage, 'username' | 'method' | 'others' | 'rememberDays'>>
  /** Checks what was typed; the caller verifies the session. A browser that is to be remembered is. */
  submit(request: FastifyRequest, reply: FastifyReply, person: VerifiedPerson): Promise<VerifyOutcome>
}

const typed = z.object({
  method: z.enum(['totp', 'sms', 'email', 'recovery_code']),
  code: z.string().trim().min(1, 'Enter the code.').max(64, 'This is too long for a code.'),
  remember: z.string().optional(),
})

/** One text for a wrong code and for too many: who guesses learns nothing from it. */
const WRONG =
  'The code is not right, or was used already. After several wrong ones, wait a quarter of an hour.'

/** Told of every sign-in that was verified. */
export type Verified = (
  person: Pick<VerifiedPerson, 'id' | 'displayUsername'>,
  method: VerificationMethod | 'remembered_browser',
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

export function createVerifyForm(deps: {
  factors: SecondFactorCheck
  browsers: Pick<RememberedCookie, 'days' | 'remember'>
  /** After a right code. */
  verified: Verified
}): VerifyForm {
  return {
    async page(request, person, needed, path) {
      const methods = await deps.factors.methodsOf(person)
      const enough = needed?.acr === ACR.phr ? methods.filter((method) => method === 'passkey') : methods
      const { method: asked } = request.query as { method?: unknown }
      const method = enough.find((each) => each === asked) ?? enough[0]
      const separator = path.includes('?') ? '&' : '?'
      return {
        username: person.displayUsername,
        method,
        others: enough
          .filter((each) => each !== method)
          .map((each) => ({ method: each, href: `${path}${separator}method=${each}` })),
        rememberDays: needed?.shown || deps.browsers.days === 0 ? undefined : deps.browsers.days,
      }
    },

    async submit(request, reply, person) {
      const form = parseForm(typed, request.body)
      if (!form.ok) return { kind: 'refused', status: 422, errors: form.errors }
      const { method, code, remember } = form.value
      const outcome = await deps.factors.verify({ accountId: person.id, method, code })
      if (outcome.kind !== 'verified') return { kind: 'refused', status: 401, errors: { code: WRONG } }
      if (remember !== undefined && deps.browsers.days > 0)
        await deps.browsers.remember(request, reply, person)
      deps.verified(person, method, request)
      return { kind: 'verified', amr: outcome.amr }
    },
  }
}
