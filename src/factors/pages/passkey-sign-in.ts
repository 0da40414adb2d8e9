import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { BrowserState } from '../../accounts/pages/browser-state.ts'
import type { SignInOutcome } from '../../accounts/pages/sign-in-form.ts'
import type { PasskeySignIns } from '../../accounts/passkey-sign-ins.ts'
import type { PasskeyForm } from '../../http/pages/pages.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import { addMethods, neededBy, reaches } from '../../shared/acr.ts'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import type { Passkeys } from '../passkeys/passkeys.ts'
import type { PasskeyBinding } from './passkey-binding.ts'

/** Where a page that was open for long gets new options, without being loaded anew. */
export const PASSKEY_OPTIONS = '/login/passkey'

const typed = z.object({ credential: z.string().max(16_000).default('') })

/** One text for whatever is wrong with the passkey or its account (ASVS 6.3.8). */
const REFUSED = 'signIn.passkey.refused'
const SPENT = 'signIn.passkey.spent'

/** Signing in by a passkey alone, on `/login` and inside an interaction alike. */
export interface PasskeySignInForm {
  /** The form. Undefined: passkeys sign nobody in here. @param action where it is posted */
  offer(request: FastifyRequest, reply: FastifyReply, action: string): Promise<PasskeyForm | undefined>
  /** The options of that form, in JSON, for a page that is open already. Undefined as above. */
  options(request: FastifyRequest, reply: FastifyReply): Promise<object | undefined>
  /**
   * Checks what the browser sent, and says what to answer; the caller starts the session.
   * @param interaction uid of the one that the form is a step of
   */
  submit(
    request: FastifyRequest,
    reply: FastifyReply,
    interaction: string | undefined,
  ): Promise<SignInOutcome>
}

export function createPasskeySignInForm(deps: {
  passkeys: Pick<Passkeys, 'availability' | 'signInOptions' | 'verifySignIn'>
  accounts: PasskeySignIns
  binding: PasskeyBinding
  browser: Pick<BrowserState, 'verifyFirst' | 'askWhetherToKeep'>
  clock: Clock
}): PasskeySignInForm {
  const { passkeys, accounts, binding } = deps
  const refused = (key: TextKey) =>
    ({ kind: 'refused', status: 401, values: {}, errors: {}, alert: t(key) }) as const

  const options: PasskeySignInForm['options'] = async (request, reply) =>
    passkeys.availability() === 'on' ? passkeys.signInOptions(binding.bind(request, reply)) : undefined

  return {
    options,

    async offer(request, reply, action) {
      const made = await options(request, reply)
      return made && { action, options: JSON.stringify(made), renewAt: PASSKEY_OPTIONS }
    },

    async submit(request, reply, interaction) {
      const { credential } = typed.parse(request.body ?? {})
      const from = { address: request.ip }
      const found = await passkeys.verifySignIn(credential, binding.of(request) ?? '')
      if (found.kind !== 'verified') {
        await accounts.failed(`passkey_${found.reason}`, found.accountId, from)
        const outcome = refused(found.reason === 'spent' ? SPENT : REFUSED)
        return found.forget ? { ...outcome, forgetPasskey: JSON.stringify(found.forget) } : outcome
      }
      const outcome = await accounts.signIn(found.accountId, from)
      if (outcome.kind === 'refused') return refused(REFUSED)
      await giveBack(request)
      const amr = addMethods([], found.amr)
      if (outcome.kind === 'leaving') {
        const location = deps.browser.askWhetherToKeep(reply, outcome.leaving, { amr, interaction })
        return { kind: 'verify', location }
      }
      const { account } = outcome
      if (outcome.kind === 'unverified')
        return { kind: 'verify', location: deps.browser.verifyFirst(reply, account, interaction) }
      return {
        kind: 'signed_in',
        accountId: account.id,
        generation: account.generation,
        amr,
        complete: reaches(amr, neededBy(account)),
        verifiedAt: epochSeconds(deps.clock),
      }
    },
  }
}
