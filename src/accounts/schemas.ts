import { z } from 'zod'
import { saying } from '../shared/locales/texts.ts'
import { addressSchema } from '../shared/profile/address.ts'
import { type IdentifyingProperty, identifyingFields, profileShape } from '../shared/profile/fields.ts'
import { type Emptiable, emptiable } from '../shared/text.ts'
import { refusedFields } from '../shared/validation-error.ts'
import { emailAddress } from './email/address.ts'
import { fieldErrorsOf } from './field-errors.ts'
import { anyUsername, username } from './sign-up/username.ts'

/** Bounds the work only; the rules and their words are the password policy's. */
const typedPassword = z.string(saying('password.enter')).max(1024, saying('field.atMost', { max: 128 }))

/** What a person may say of their names when they sign up. */
const names = Object.fromEntries(
  identifyingFields.map(({ property }) => [property, profileShape[property]]),
) as Record<IdentifyingProperty, Emptiable>

export const registrationSchema = z.object({
  username,
  email: emailAddress,
  password: typedPassword,
  ...names,
})

/** An account that is made by signing in at a provider; there is no password. */
export const upstreamRegistrationSchema = registrationSchema.pick({ username: true, email: true })

/** What administrators say of a person; of the address, only the parts that are given are changed. */
const claims = {
  ...profileShape,
  phoneVerified: z.boolean(saying('field.boolean')).nullish(),
  address: emptiable(addressSchema),
}

/** What an administrator or the command line sends. No password: the account signs in another way. */
export const adminAccountSchema = registrationSchema.extend({
  ...claims,
  username: anyUsername,
  /** Judged by their definitions. */
  attributes: z.unknown().optional(),
  password: typedPassword.nullish(),
  verified: z.boolean().default(false),
  /** A built-in role, or the name or ID of one that is defined. */
  role: z.string(saying('field.role')).max(64, saying('field.role')).default('user'),
})

/** What an administrator changes of an account. Fields left out stay as they are; null or '' empties one. */
export const adminChangesSchema = z.object({
  ...claims,
  email: emailAddress.optional(),
  role: z.string(saying('field.role')).max(64, saying('field.role')).optional(),
  secondFactorRequired: z.boolean(saying('field.boolean')).optional(),
  /** Judged by their definitions. */
  attributes: z.unknown().optional(),
})

/** Fields left out stay as they are; null or '' empties one. */
export const profileSchema = z.object({
  ...profileShape,
  address: emptiable(addressSchema),
  /** Judged by their definitions. */
  attributes: z.unknown().optional(),
})

export type RegistrationInput = z.input<typeof registrationSchema>
/** As they come: the schemas judge the values. */
export type AdminAccountInput = { [Field in keyof z.input<typeof adminAccountSchema>]?: unknown }
export type AdminChangesInput = { [Field in keyof z.input<typeof adminChangesSchema>]?: unknown }
export type ProfileInput = z.input<typeof profileSchema>

/** @throws ValidationError (422) with one sentence a field */
export function parseFields<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw refusedFields(fieldErrorsOf(parsed.error))
}
