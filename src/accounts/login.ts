import { phoneNumber } from '../shared/profile/values.ts'
import { canonicalEmail } from './email/address.ts'
import type { AccountSettings } from './settings.ts'
import { canonicalUsername } from './sign-up/username.ts'

/** What a typed name may stand for, each in the form that is stored; undefined: it can be none. */
export interface Login {
  username: string
  email: string | undefined
  /** E.164; undefined also where the setting `phone_sign_in` is off. */
  phone: string | undefined
}

export type LoginOf = (typed: string) => Login

/** @param settings read at each use */
export const createLoginOf =
  (settings: Pick<AccountSettings, 'phoneSignIn'>): LoginOf =>
  (typed) => ({
    username: canonicalUsername(typed),
    email: canonicalEmail(typed),
    phone: settings.phoneSignIn === 'on' ? phoneNumber.safeParse(typed).data : undefined,
  })
