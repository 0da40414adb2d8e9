import { z } from 'zod'
import { canonicalEmail, emailAddress } from './email-address.ts'
import { storableHash } from './foreign-hashes.ts'
import { emptiable, line } from './text.ts'
import { canonicalUsername, importedUsername } from './username.ts'

/** A person of another system, ready to be stored. */
export interface ImportedPerson {
  username: string
  displayUsername: string
  /** The address that the username is, in canonical form; null: it is none. */
  usernameAddress: string | null
  /** In canonical form. */
  address: string
  verified: boolean
  givenName: string | null
  familyName: string | null
  picture: string | null
  disabled: boolean
  passwordHash: string | null
  /** Undefined: now. */
  createdAt: Date | undefined
}

const truth = z.boolean('Write true or false.').default(false)
const name = emptiable(line(100)).transform((value) => value ?? null)

const picture = z
  .string('Give an https URL.')
  .max(2000, 'This URL is longer than 2000 characters.')
  .regex(/^[\x21-\x7e]*$/, 'Give an https URL in ASCII.')
  .refine((text) => {
    const url = URL.parse(text)
    return url?.protocol === 'https:' && url.username === '' && url.password === ''
  }, 'Give an https URL.')

const MOMENT = 'Write a time like 2024-05-31T12:00:00Z, or seconds since 1970.'
const moment = z
  .union([z.iso.datetime({ offset: true }), z.int().min(0)], MOMENT)
  .transform((value) => new Date(typeof value === 'number' ? value * 1000 : value))
  .refine((date) => date.getTime() >= 0 && date.getTime() < 8.64e15, MOMENT)

const shape = {
  username: importedUsername,
  email: emailAddress,
  email_verified: truth,
  given_name: name,
  family_name: name,
  picture: emptiable(picture).transform((value) => value ?? null),
  disabled: truth,
  role: z.literal('user', 'Only “user” can be imported; make administrators one by one.').optional(),
  password_hash: z.string('Give the hash as text.').min(1, 'Leave out what is empty.').nullish(),
  password_salt: z.string('Give the salt as text.').optional(),
  password_salt_position: z.enum(['prefix', 'suffix'], 'Write prefix or suffix.').optional(),
  created_at: moment.optional(),
}

export const IMPORT_FIELDS: readonly string[] = Object.keys(shape)

const row = z.strictObject(shape)

/**
 * Checks one row. @param now milliseconds since the epoch
 * @returns the person, or every problem, each with the name of its field in front
 */
export function parsePerson(
  fields: Readonly<Record<string, unknown>>,
  now: number,
): { person: ImportedPerson } | { problems: string[] } {
  const parsed = row.safeParse(fields)
  const problems = parsed.success ? [] : parsed.error.issues.flatMap(problemsOf)
  // Looked at apart from the other fields, so that both are reported at once.
  const password = passwordOf(fields)
  if (password !== undefined && 'problem' in password) problems.push(`password_hash: ${password.problem}`)
  if (parsed.success && parsed.data.created_at && parsed.data.created_at.getTime() > now)
    problems.push('created_at: is in the future')
  if (!parsed.success || problems.length > 0) return { problems }
  const { data } = parsed
  return {
    person: {
      username: canonicalUsername(data.username),
      displayUsername: data.username,
      usernameAddress: canonicalEmail(data.username) ?? null,
      address: data.email,
      verified: data.email_verified,
      givenName: data.given_name,
      familyName: data.family_name,
      picture: data.picture,
      disabled: data.disabled,
      passwordHash: password !== undefined && 'stored' in password ? password.stored : null,
      createdAt: data.created_at,
    },
  }
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
