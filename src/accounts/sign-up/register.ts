import { randomUUID } from 'node:crypto'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import { identifyingFields } from '../../shared/profile/fields.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Accounts } from '../accounts.ts'
import { claimChanges } from '../claims.ts'
import { emailAddress } from '../email/address.ts'
import type { SendingVerification } from '../email/verification.ts'
import { madeOf, type SecurityEvents } from '../events.ts'
import { fieldErrorsOf } from '../field-errors.ts'
import type { Hasher } from '../passwords/hashing.ts'
import { newOwner, type PasswordContext, type PasswordPolicy } from '../passwords/policy.ts'
import { type RegistrationInput, registrationSchema } from '../schemas.ts'
import type { AccountSettings } from '../settings.ts'
import type { AccountStore } from '../store/store.ts'
import { takenError } from './new-account.ts'
import { canonicalUsername } from './username.ts'

/** Signing up with a password. */
export function createRegister(deps: {
  settings: Pick<AccountSettings, 'registration'>
  /** Why an address in canonical form may not be used. */
  refusedDomain: (email: string) => string | undefined
  store: AccountStore
  hasher: Hasher
  policy: PasswordPolicy
  verification: Pick<SendingVerification, 'queue'>
  events: SecurityEvents
}): Accounts['register'] {
  const { store, hasher, policy, verification, events } = deps

  return async function register(input, origin = {}) {
    if (deps.settings.registration === 'closed') {
      throw new AppError('registration_closed', 403, message('register.closed.short'))
    }
    const parsed = registrationSchema.safeParse(input)
    const errors = parsed.success ? {} : fieldErrorsOf(parsed.error)
    if (!errors.password) {
      const weakness = await policy(input.password, contextOf(input), newOwner('user'))
      if (weakness) errors.password = weakness
    }
    const rejection = emailAddress.transform(deps.refusedDomain).safeParse(input.email).data
    if (rejection) errors.email = rejection
    if (!parsed.success || Object.keys(errors).length > 0) throw refusedFields(errors)
    const { username, email, password, ...names } = parsed.data

    hasher.assertCapacity()
    if (await store.byUsername(canonicalUsername(username))) throw takenError('username_taken')
    const account = await store.insert({
      id: randomUUID(),
      username: canonicalUsername(username),
      displayUsername: username,
      email: null,
      pendingEmail: email,
      passwordHash: await hasher.hash(password),
      ...claimChanges(names),
      role: 'user',
    })
    if (typeof account === 'string') throw takenError('username_taken')
    events.emit({
      type: 'account.registered',
      ...madeOf(account),
      ...(origin.address !== undefined && { address: origin.address }),
    })
    verification.queue(account, email, origin.interaction)
    return { accountId: account.id, generation: account.generation }
  }
}

/** What was typed, before it is known to be well-formed: errors of all fields are shown at once. */
const contextOf = (input: RegistrationInput): PasswordContext => {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' ? value.slice(0, 320) : undefined
  return {
    username: text(input.username),
    email: text(input.email),
    ...Object.fromEntries(identifyingFields.map(({ property }) => [property, text(input[property])])),
  }
}
