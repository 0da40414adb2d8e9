import { randomUUID } from 'node:crypto'
import { AppError } from '../../shared/errors.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Account } from '../account.ts'
import type { Accounts, NewGeneration, Origin } from '../accounts.ts'
import { claimChanges } from '../claims.ts'
import { emailAddress } from '../email/address.ts'
import type { SendingVerification } from '../email/verification.ts'
import { madeOf, ofAccount, type SecurityEvents } from '../events.ts'
import { fieldErrorsOf } from '../field-errors.ts'
import type { Hasher } from '../passwords/hashing.ts'
import { newOwner, type PasswordPolicy } from '../passwords/policy.ts'
import { type RegistrationInput, registrationSchema } from '../schemas.ts'
import type { AccountSettings } from '../settings.ts'
import type { AccountStore } from '../store/store.ts'
import type { AdmitRegistration } from './admit.ts'
import { contextOf, takenError } from './new-account.ts'
import { canonicalUsername } from './username.ts'

/** Signing up with a password; who was invited by mail to an organization has proven the address by its link. */
export function createRegister(deps: {
  settings: Pick<AccountSettings, 'registration'>
  /** Why an address in canonical form may not be used. */
  refusedDomain: (email: string) => string | undefined
  store: AccountStore
  hasher: Hasher
  policy: PasswordPolicy
  verification: Pick<SendingVerification, 'queue'>
  events: SecurityEvents
  admit: AdmitRegistration
  /** Where the addresses of a domain sign in. @param email in canonical form */
  providerOf(email: string): Promise<{ required: boolean } | undefined>
}): Pick<Accounts, 'register' | 'registerInvited'> {
  const { store, hasher, policy, verification, events } = deps

  /** @param given.proven whether the address is its owner's already, and need not be one of `email_domains` */
  async function make(
    input: RegistrationInput,
    { proven, address }: { proven: boolean } & Pick<Origin, 'address'>,
  ) {
    const parsed = registrationSchema.safeParse(input)
    const errors = parsed.success ? {} : fieldErrorsOf(parsed.error)
    if (!errors.password) {
      const weakness = await policy(input.password, contextOf(input), newOwner('user'))
      if (weakness) errors.password = weakness
    }
    const rejection = proven
      ? undefined
      : emailAddress.transform(deps.refusedDomain).safeParse(input.email).data
    if (rejection) errors.email = rejection
    else if (!proven && parsed.success && (await deps.providerOf(parsed.data.email))?.required)
      errors.email = t('atProvider.problem')
    if (!parsed.success || Object.keys(errors).length > 0) throw refusedFields(errors)
    const { username, email, password, ...names } = parsed.data

    hasher.assertCapacity()
    if (await store.byUsername(canonicalUsername(username))) throw takenError('username_taken')
    await deps.admit({ username, email }, address)
    const account = await store.insert({
      id: randomUUID(),
      username: canonicalUsername(username),
      displayUsername: username,
      email: proven ? email : null,
      pendingEmail: proven ? null : email,
      passwordHash: await hasher.hash(password),
      ...claimChanges(names),
      role: 'user',
    })
    if (typeof account === 'string') throw takenError(proven ? account : 'username_taken')
    return { account, email }
  }

  const told = (account: Account, origin: Pick<Origin, 'address'>): NewGeneration => {
    events.emit({
      type: 'account.registered',
      ...madeOf(account),
      ...(origin.address !== undefined && { address: origin.address }),
    })
    return { accountId: account.id, generation: account.generation }
  }

  return {
    async register(input, origin = {}) {
      if (deps.settings.registration === 'closed')
        throw new AppError('registration_closed', 403, message('register.closed.short'))
      const { account, email } = await make(input, { proven: false, address: origin.address })
      const made = told(account, origin)
      verification.queue(account, email, origin.interaction)
      return made
    },

    async registerInvited(input, origin = {}) {
      const { account, email } = await make(input, { proven: true, address: origin.address })
      const made = told(account, origin)
      events.emit({ type: 'account.email_verified', ...ofAccount(account), after: { email } })
      return made
    },
  }
}
