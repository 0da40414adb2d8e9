import { z } from 'zod'
import { emailAddress } from './email-address.ts'
import { FieldErrors, fieldErrorsOf } from './field-errors.ts'
import { emptiable, line, lines } from './text.ts'
import { anyUsername, username } from './username.ts'

/** Bounds the work only; the rules and their words are the password policy's. */
const typedPassword = z.string('Enter a password.').max(1024, 'Use at most 128 characters.')

const optionalName = emptiable(line(100)).transform((name) => name ?? null)

export const registrationSchema = z.object({
  username,
  email: emailAddress,
  password: typedPassword,
  givenName: optionalName,
  familyName: optionalName,
})

/** What makes an account of somebody who signs in elsewhere; there is no password. */
export const upstreamRegistrationSchema = registrationSchema.pick({ username: true, email: true })

/** What an administrator or the command line sends. No password: the account signs in another way. */
export const adminAccountSchema = registrationSchema.extend({
  username: anyUsername,
  password: typedPassword.nullish(),
  verified: z.boolean().default(false),
  role: z.enum(['user', 'auditor', 'admin'], 'Choose user, auditor or admin.').default('user'),
})

/** What an administrator changes of an account. Fields left out stay as they are; null or '' empties a name. */
export const adminChangesSchema = z.object({
  givenName: emptiable(line(100)),
  familyName: emptiable(line(100)),
  email: emailAddress.optional(),
  role: z.enum(['user', 'auditor', 'admin'], 'Choose user, auditor or admin.').optional(),
})

const isLocale = (tag: string): boolean => {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

const isZone = (zone: string): boolean => {
  try {
    return /^[A-Za-z]/.test(zone) && Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}

const leftOutIfEmpty = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => value || undefined, schema.optional())

/** The OpenID Connect address claim (Core §5.1.1); several lines only where the claim allows them. */
export const addressSchema = z.strictObject({
  formatted: leftOutIfEmpty(lines(1000)),
  street_address: leftOutIfEmpty(lines(500)),
  locality: leftOutIfEmpty(line(200)),
  region: leftOutIfEmpty(line(200)),
  postal_code: leftOutIfEmpty(line(40)),
  country: leftOutIfEmpty(line(100)),
})

export type Address = z.output<typeof addressSchema>

/** Fields left out stay as they are; null or '' empties one. */
export const profileSchema = z.object({
  givenName: emptiable(line(100)),
  familyName: emptiable(line(100)),
  locale: emptiable(z.string().max(35).refine(isLocale, 'Choose a language like “en” or “pt-BR”.')),
  zoneinfo: emptiable(z.string().max(64).refine(isZone, 'Choose a time zone like “Europe/Berlin”.')),
  phoneNumber: emptiable(
    z
      .string()
      .max(40)
      .transform((typed) => typed.replaceAll(/[\s().-]/g, ''))
      .pipe(
        z.string().regex(/^\+[1-9]\d{6,14}$/, 'Write the number with its country code, like +49 30 123456.'),
      ),
  ),
  address: emptiable(addressSchema),
})

export type RegistrationInput = z.input<typeof registrationSchema>
export type AdminAccountInput = z.input<typeof adminAccountSchema>
export type AdminChangesInput = { [Field in keyof z.input<typeof adminChangesSchema>]?: unknown }
export type ProfileInput = z.input<typeof profileSchema>

/** @throws FieldErrors (422) with one sentence a field */
export function parseFields<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new FieldErrors(fieldErrorsOf(parsed.error))
}
