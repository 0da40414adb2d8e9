import { randomUUID } from 'node:crypto'
import { type AttributeRules, attributesText } from '../../shared/attribute-values.ts'
import { t } from '../../shared/locales/texts.ts'
import { identifyingFields } from '../../shared/profile/fields.ts'
import { checkedTogether, refusedFields, type ValidationError } from '../../shared/validation-error.ts'
import { claimChanges } from '../claims.ts'
import { fieldErrorsOf } from '../field-errors.ts'
import type { Hasher } from '../passwords/hashing.ts'
import { newOwner, type PasswordContext, type PasswordPolicy } from '../passwords/policy.ts'
import { type AdminAccountInput, adminAccountSchema, type RegistrationInput } from '../schemas.ts'
import type { NewAccount } from '../store/values.ts'
import { canonicalUsername } from './username.ts'

/** Another account has this username, or has proven this address. Status 409. */
export const takenError = (which: 'username_taken' | 'email_taken'): ValidationError =>
  which === 'username_taken'
    ? refusedFields({ username: t('username.taken') }, 409)
    : refusedFields({ email: t('email.taken') }, 409)

/**
 * Checks what an administrator typed and hashes the password; stores nothing.
 * @param how.withPassword whether there has to be one
 * @throws ValidationError (422) for all fields at once
 */
export type PrepareAccount = (
  input: AdminAccountInput,
  how?: { withPassword?: boolean },
) => Promise<NewAccount>

export function createPrepareAccount(deps: {
  hasher: Hasher
  policy: PasswordPolicy
  attributes: AttributeRules
}): PrepareAccount {
  return async function prepare(input, { withPassword = false } = {}) {
    const parsed = adminAccountSchema.safeParse(input)
    const errors = parsed.success ? {} : fieldErrorsOf(parsed.error)
    if (withPassword && !input.password) errors.password = t('password.enter')
    if (!errors.password && input.password) {
      const owner = newOwner(parsed.data?.role ?? String(input.role ?? 'user'))
      const weakness = await deps.policy(String(input.password), contextOf(input), owner)
      if (weakness) errors.password = weakness
    }
    const [fields, values] = checkedTogether(
      () => {
        if (!parsed.success || Object.keys(errors).length > 0) throw refusedFields(errors)
        return parsed.data
      },
      () =>
        input.attributes === undefined ? {} : deps.attributes.changed({}, input.attributes, 'administrator'),
    )
    const { username, email, password, verified, role } = fields
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

/** What was typed, before it is known to be well-formed: errors of all fields are shown at once. */
export function contextOf(input: { readonly [Field in keyof RegistrationInput]?: unknown }): PasswordContext {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' ? value.slice(0, 320) : undefined
  return {
    username: text(input.username),
    email: text(input.email),
    ...Object.fromEntries(identifyingFields.map(({ property }) => [property, text(input[property])])),
  }
}
