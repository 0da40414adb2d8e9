import { z } from 'zod'
import type { AttributeRules, AttributeValues } from '../../shared/attribute-values.ts'
import { isRecord } from '../../shared/own.ts'
import { addressParts, addressSchema } from '../../shared/profile/address.ts'
import { byProperty, claimShape } from '../../shared/profile/fields.ts'
import { PHONE_VERIFIED } from '../../shared/profile/table.ts'
import { emptiable } from '../../shared/text.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { claimChanges } from '../claims.ts'
import { canonicalEmail, emailAddress } from '../email/address.ts'
import { storableHash } from '../passwords/foreign-hashes/hashes.ts'
import { canonicalUsername, importedUsername } from '../sign-up/username.ts'
import type { ProfileColumns } from '../store/values.ts'

/** A person of another system, ready to be stored. */
export interface ImportedPerson {
  username: string
  displayUsername: string
  /** The address that the username is, in canonical form; null: it is none. */
  usernameAddress: string | null
  /** In canonical form. */
  address: string
  verified: boolean
  /** To be stored. */
  claims: Partial<ProfileColumns>
  attributes: AttributeValues
  disabled: boolean
  passwordHash: string | null
  /** Undefined: now. */
  createdAt: Date | undefined
}

const truth = z.boolean('Write true or false.').default(false)
const MOMENT = 'Write a time like 2024-05-31T12:00:00Z, or seconds since 1970.'
const moment = z
  .union([z.iso.datetime({ offset: true }), z.int().min(0)], MOMENT)
  .transform((value) => new Date(typeof value === 'number' ? value * 1000 : value))
  .refine((date) => date.getTime() >= 0 && date.getTime() < 8.64e15, MOMENT)

const shape = {
  username: importedUsername,
  email: emailAddress,
  email_verified: truth,
  ...claimShape,
  [PHONE_VERIFIED.claim]: truth,
  address: emptiable(addressSchema),
  /** Judged by their definitions. */
  attributes: z.record(z.string(), z.unknown(), 'Give the attributes by their names.').optional(),
  disabled: truth,
  role: z.literal('user', 'Only “user” can be imported; make administrators one by one.').optional(),
  password_hash: z.string('Give the hash as text.').min(1, 'Leave out what is empty.').nullish(),
  password_salt: z.string('Give the salt as text.').optional(),
  password_salt_position: z.enum(['prefix', 'suffix'], 'Write prefix or suffix.').optional(),
  created_at: moment.optional(),
}

/** In CSV, which has no objects, an address is in columns of its own. */
export const IMPORT_FIELDS: readonly string[] = Object.keys(shape).flatMap((name) =>
  name === 'address' ? addressParts.map(({ part }) => `address.${part}`) : name === 'attributes' ? [] : name,
)

const row = z.strictObject(shape)

/**
 * Checks one row. @param now milliseconds since the epoch
 * @returns the person, or every problem, each with the name of its field in front
 */
export function parsePerson(
  fields: Readonly<Record<string, unknown>>,
  now: number,
  rules: AttributeRules,
): { person: ImportedPerson } | { problems: string[] } {
  const parsed = row.safeParse(fields)
  const problems = parsed.success ? [] : parsed.error.issues.flatMap(problemsOf)
  // Looked at apart from the other fields, so that both are reported at once.
  const password = passwordOf(fields)
  if (password !== undefined && 'problem' in password) problems.push(`password_hash: ${password.problem}`)
  if (parsed.success && parsed.data.created_at && parsed.data.created_at.getTime() > now)
    problems.push('created_at: is in the future')
  const said: Record<string, unknown> = parsed.data ?? {}
  if (said.phone_number_verified === true && !said.phone_number)
    problems.push('phone_number_verified: there is no phone_number')
  // As the other fields are: all that is wrong at once.
  const attributes = attributesIn(fields.attributes, rules)
  if ('problems' in attributes && isRecord(fields.attributes)) problems.push(...attributes.problems)
  if (!parsed.success || problems.length > 0 || 'problems' in attributes) return { problems }
  const { data } = parsed
  return {
    person: {
      username: canonicalUsername(data.username),
      displayUsername: data.username,
      usernameAddress: canonicalEmail(data.username) ?? null,
      address: data.email,
      verified: data.email_verified,
      claims: claimsOf(data),
      attributes: attributes.values,
      disabled: data.disabled,
      passwordHash: password !== undefined && 'stored' in password ? password.stored : null,
      createdAt: data.created_at,
    },
  }
}

function attributesIn(
  given: unknown,
  rules: AttributeRules,
): { values: AttributeValues } | { problems: string[] } {
  try {
    return { values: given === undefined ? {} : rules.changed({}, given, 'administrator') }
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    return { problems: error.problems.map(({ field, message }) => `${field}: ${message}`) }
  }
}

function claimsOf(data: z.output<typeof row>): Partial<ProfileColumns> {
  return claimChanges({
    ...byProperty(data, 'claim'),
    address: data.address,
    phoneVerified: data[PHONE_VERIFIED.claim],
  })
}

/** Undefined: there is no hash that could be looked at. */
function passwordOf(fields: Readonly<Record<string, unknown>>) {
  const { password_hash: hash, password_salt: salt, password_salt_position: position } = fields
  if (typeof hash !== 'string' || hash === '') return undefined
  return storableHash({
    hash,
    salt: typeof salt === 'string' ? salt : undefined,
    saltPosition: position === 'prefix' || position === 'suffix' ? position : undefined,
  })
}

function problemsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code !== 'unrecognized_keys') return [`${issue.path.join('.')}: ${issue.message}`]
  return issue.keys.map((key) =>
    key === 'password'
      ? 'password: Passwords in clear are not imported. Give a hash, or leave it out.'
      : `${key.slice(0, 40)}: is not known; the fields are ${IMPORT_FIELDS.join(', ')}`,
  )
}
