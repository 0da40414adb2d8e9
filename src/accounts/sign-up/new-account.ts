import { randomUUID } from 'node:crypto'
import { type AttributeRules, attributesText } from '../../shared/attribute-values.ts'
import { t } from '../../shared/locales/texts.ts'
import { refusedFields, type ValidationError } from '../../shared/validation-error.ts'
import { claimChanges } from '../claims.ts'
import type { Hasher } from '../passwords/hashing.ts'
import { newOwner, type PasswordPolicy } from '../passwords/policy.ts'
import { type AdminAccountInput, adminAccountSchema, parseFields } from '../schemas.ts'
import type { NewAccount } from '../store/values.ts'
import { canonicalUsername } from './username.ts'

/** Another account has this username, or has proven this address. Status 409. */
export const takenError = (which: 'username_taken' | 'email_taken'): ValidationError =>
  which === 'username_taken'
    ? refusedFields({ username: t('username.taken') }, 409)
    : refusedFields({ email: t('email.taken') }, 409)

/** Checks what an administrator typed and hashes the password; stores nothing. @throws ValidationError (422) */
export type PrepareAccount = (input: AdminAccountInput) => Promise<NewAccount>

export function createPrepareAccount(deps: {
  hasher: Hasher
  policy: PasswordPolicy
  attributes: AttributeRules
}): PrepareAccount {
  return async function prepare(input) {
    const fields = parseFields(adminAccountSchema, input)
    const { username, email, password, verified, role } = fields
    const values =
      input.attributes === undefined ? {} : deps.attributes.changed({}, input.attributes, 'administrator')
    const weakness = password ? await deps.policy(password, fields, newOwner(role)) : undefined
    if (weakness) throw refusedFields({ password: weakness })
    return {
      id: randomUUID(),
      username: canonicalUsername(username),
      displayUsername: username,
      email: verified ? email : null,
      pendingEmail: verified ? null : email,
      passwordHash: password ? await deps.hasher.hash(password) : null,
      ...claimChanges(fields),
      attributes: attributesText(values),
      role,
    }
  }
}
