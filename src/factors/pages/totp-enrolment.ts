import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AccountFrame } from '../../accounts/pages/account/signed-in.ts'
import { parseForm } from '../../http/forms/forms.ts'
import type { Form, Link, ShownClient } from '../../http/pages/pages.ts'
import { type QrCode, qrCode } from '../../http/pages/qr.ts'
import { AppError } from '../../shared/errors.ts'
import { saying, t } from '../../shared/locales/texts.ts'
import { inGroups } from '../base32.ts'
import type { FactorChanger } from '../owner.ts'
import type { Totp } from '../totp/totp.ts'

/** Setting an authenticator app up: on the page of the account, or on the way to an app that asks for a second factor. */
export interface TotpSetupPage extends Form {
  /** On the page of an account. */
  account?: AccountFrame | undefined
  /** In an interaction. */
  client?: ShownClient | undefined
  /** Why it is asked for, where the person did not ask for it. */
  reason?: string | undefined
  code: QrCode
  /** The key, in groups of four. */
  key: string
  /** `otpauth:`, for an app on this device. */
  uri: string
  /** Where a person goes who does not want to go on. */
  leave?: Link | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'factors/totp-setup': TotpSetupPage
  }
}

export type TotpSubmission =
  /** It counts. `recoveryCodes`: it is the first factor of the account; show them on `factors/recovery-codes`. */
  | { kind: 'on'; recoveryCodes: string[] | undefined }
  | { kind: 'refused'; status: 401 | 422; errors: Record<string, string> }
  /** Nothing is being set up under this id any more: begin anew. */
  | { kind: 'gone' }

/**
 * The steps of setting an authenticator app up, for whatever page shows them. The caller knows who the person is, and that they may:
 * a fresh sign-in, with the second factor that the account has.
 *
 *   begin ─► an id, for the address of the page ─► page: `factors/totp-setup` ─► submit ─┬─ refused: the same page
 *                                                                                          └─ on
 */
export interface TotpEnrolment {
  /** @returns the id of what is being set up; an earlier one of the account ends */
  begin(accountId: string): Promise<string>
  /** Undefined: begin anew. */
  page(accountId: string, id: string): Promise<Pick<TotpSetupPage, 'code' | 'key' | 'uri'> | undefined>
  submit(by: FactorChanger, id: string, request: FastifyRequest): Promise<TotpSubmission>
}

const typed = z.object({
  code: z.string().trim().min(1, saying('codes.enter.app')).max(64, saying('codes.tooLong')),
})

/** One text for a wrong code and for too many. */
const WRONG = 'codes.wrong.app'

export const createTotpEnrolment = (totp: Pick<Totp, 'begin' | 'pending' | 'confirm'>): TotpEnrolment => ({
  begin: async (accountId) => (await totp.begin(accountId)).id,

  async page(accountId, id) {
    const setup = await totp.pending(accountId, id)
    return setup && { code: await qrCode(setup.uri), key: inGroups(setup.secret, ' '), uri: setup.uri }
  },

  async submit(by, id, request) {
    const form = parseForm(typed, request.body)
    if (!form.ok) return { kind: 'refused', status: 422, errors: form.errors }
    try {
      const outcome = await totp.confirm(by, id, form.value.code)
      return outcome.kind === 'confirmed'
        ? { kind: 'on', recoveryCodes: outcome.recoveryCodes }
        : { kind: 'refused', status: 401, errors: { code: t(WRONG) } }
    } catch (error) {
      if (error instanceof AppError && error.code === 'factor_not_found') return { kind: 'gone' }
      throw error
    }
  },
})
