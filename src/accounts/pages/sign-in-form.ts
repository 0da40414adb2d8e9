import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { KnownDevices } from '../../http/cookies/known-devices.ts'
import { parseForm, shownAgain } from '../../http/forms/forms.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import { addMethods } from '../../shared/acr.ts'
import { saying, t } from '../../shared/locales/texts.ts'
import type { SignInGate } from '../../shared/second-factor-rule.ts'
import type { Accounts } from '../accounts.ts'
import type { ProviderOfDomain } from '../authenticate.ts'
import type { BrowserState } from './browser-state.ts'

export type SignInOutcome =
  | {
      kind: 'signed_in'
      accountId: string
      generation: number
      amr: string[]
      /** The account, and the rules for it, ask for no more. */
      complete: boolean
      /** When a second factor was shown, in seconds since the epoch. */
      verifiedAt?: number
    }
  /** The email address has to be verified first, or the account waits to be deleted: the page to go to. */
  | { kind: 'verify'; location: string }
  /** The address signs in at a provider: nothing was checked. */
  | { kind: 'at_provider'; provider: ProviderOfDomain }
  | {
      kind: 'refused'
      status: number
      values: Record<string, string>
      errors: Record<string, string>
      alert?: string
      /** A passkey that no account has, for the browser to forget: UnknownCredentialOptions in JSON. */
      forgetPasskey?: string
    }

const typed = z.object({
  identifier: z
    .string()
    .trim()
    .min(1, saying('signIn.identifier.enter'))
    .max(320, saying('signIn.identifier.tooLong')),
  password: z.string().min(1, saying('signIn.password.enter')).max(1024, saying('signIn.password.tooLong')),
})

/** One text for an unknown user, a wrong password, a locked and a disabled account (ASVS 6.3.8). */
const REFUSED = 'signIn.refused'

/** What the sign-in form does, on `/login` and inside an interaction alike. */
export interface SignInForm {
  /** Whether a phone number is a name to sign in by. */
  readonly byPhone: boolean
  /**
   * Checks what was typed and says what to answer; the caller starts the session.
   * @param interaction uid of the one that the form is a step of @param options.again the person confirms that it is them: a
   *   remembered browser does not stand in for the second factor
   * @throws AppError `overloaded` (503)
   */
  submit(
    request: FastifyRequest,
    reply: FastifyReply,
    interaction: string | undefined,
    options?: { again?: boolean },
  ): Promise<SignInOutcome>
}

export function createSignInForm(deps: {
  accounts: Pick<Accounts, 'authenticate'>
  /** Read at each use. */
  settings: { readonly phoneSignIn: 'off' | 'on' }
  browser: Pick<BrowserState, 'verifyFirst' | 'askWhetherToKeep'>
  devices: Pick<KnownDevices, 'of'>
  gate: Pick<SignInGate, 'missing'>
  /** Browsers in which the second factor need not be shown again. */
  remembered: {
    recognises(request: FastifyRequest, account: { id: string; generation: number }): Promise<boolean>
  }
}): SignInForm {
  return {
    get byPhone() {
      return deps.settings.phoneSignIn === 'on'
    },

    async submit(request, reply, interaction, { again = false } = {}) {
      const form = parseForm(typed, request.body)
      if (!form.ok) return { kind: 'refused', status: 422, values: form.values, errors: form.errors }
      const outcome = await deps.accounts.authenticate({
        ...form.value,
        address: request.ip,
        devices: deps.devices.of(request),
        remembers: again ? undefined : (account) => deps.remembered.recognises(request, account),
      })
      switch (outcome.kind) {
        case 'ok': {
          await giveBack(request)
          const { id: accountId, generation } = outcome.account
          const amr = outcome.remembered ? addMethods(['pwd'], ['rba']) : ['pwd']
          const complete = deps.gate.missing(amr, outcome.account) === undefined
          return { kind: 'signed_in', accountId, generation, amr, complete }
        }
        case 'unverified': {
          await giveBack(request)
          return {
            kind: 'verify',
            location: deps.browser.verifyFirst(reply, outcome.account, interaction),
          }
        }
        case 'leaving': {
          await giveBack(request)
          const location = deps.browser.askWhetherToKeep(reply, outcome.leaving, {
            amr: ['pwd'],
            interaction,
          })
          return { kind: 'verify', location }
        }
        case 'at_provider':
          await giveBack(request)
          return outcome
        case 'refused':
          return {
            kind: 'refused',
            status: 401,
            values: shownAgain(request.body),
            errors: {},
            alert: t(REFUSED),
          }
      }
    },
  }
}
