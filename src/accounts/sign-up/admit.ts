import type { BeforeHooks } from '../../shared/before-hook.ts'
import { AppError } from '../../shared/errors.ts'

/** Waits for the hooks of registrations. @throws AppError registration_denied (403) with what one of them tells the person */
export type AdmitRegistration = (
  person: { username: string; email: string | null },
  address: string | undefined,
) => Promise<void>

export const createAdmitRegistration =
  (hooks: BeforeHooks): AdmitRegistration =>
  async (user, address) => {
    if (!hooks.asked('registration', undefined)) return
    const { denied } = await hooks.ask('registration', { user, address })
    if (denied !== undefined) throw new AppError('registration_denied', 403, denied)
  }
