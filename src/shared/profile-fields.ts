import { z } from 'zod'
import { emptiable, line, lines } from './text.ts'

// What is known of a person beside names to sign in by: the standard claims of OpenID Connect Core §5.1, each described
// once. From here follow its column, its check, the claim and its scope, and the field in every form, API and file.

interface ProfileField {
  /** The claim, and the name in the database, in files and in REST. */
  claim: string
  /** The scope that brings the claim (Core §5.4). */
  scope: 'profile' | 'phone'
  label: string
  /** Of the command line. */
  option: string
  example: string
  hint?: string
  /** What the form field is, where it is not plain text. */
  input?: 'url' | 'tel'
  schema: z.ZodType<string, string>
}

/** An address of a page or picture, as apps may link to it. */
const url = (schemes: readonly string[], message: string) =>
  z
    .string(message)
    .trim()
    .max(2000, 'This URL is longer than 2000 characters.')
    .refine((text) => {
      const parsed = /^[\x21-\x7e]*$/.test(text) ? URL.parse(text) : null
      return (
        parsed !== null &&
        schemes.includes(parsed.protocol) &&
        parsed.username === '' &&
        parsed.password === ''
      )
    }, message)

/** A language tag (BCP 47) in canonical form. */
const locale = z
  .string('Enter text.')
  .trim()
  .max(35, 'Choose a language like “en” or “pt-BR”.')
  .transform((tag, context) => {
    try {
      const [canonical] = Intl.getCanonicalLocales(tag)
      if (canonical !== undefined) return canonical
    } catch {
      // Told below.
    }
    context.addIssue({ code: 'custom', message: 'Choose a language like “en” or “pt-BR”.' })
    return z.NEVER
  })

/** A name of the IANA time zone database. An offset is none: it does not tell when clocks change. */
const zone = z
  .string('Enter text.')
  .trim()
  .max(64, 'Choose a time zone like “Europe/Berlin”.')
  .transform((name, context) => {
    try {
      if (/^[A-Za-z]/.test(name)) {
        const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions()
        // Newer names of a zone are kept: what is resolved may be an older one.
        return timeZone.toLowerCase() === name.toLowerCase() ? timeZone : name
      }
    } catch {
      // Told below.
    }
    context.addIssue({ code: 'custom', message: 'Choose a time zone like “Europe/Berlin”.' })
    return z.NEVER
  })

const BIRTHDATE = 'Write a date like 1815-12-10, 0000-12-10 without the year, or 1815 alone.'
/** Core §5.1: YYYY-MM-DD; the year may be 0000, and may stand alone. */
const birthdate = z
  .string('Enter text.')
  .trim()
  .refine((text) => {
    if (/^(?!0000)\d{4}$/.test(text)) return true
    const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)?.map(Number) ?? []
    if (year === undefined || month === undefined || day === undefined) return false
    // Leap days exist without a year too.
    const date = new Date(Date.UTC(year === 0 ? 2000 : year, month - 1, day))
    if (year !== 0) date.setUTCFullYear(year, month - 1, day)
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  }, BIRTHDATE)

/** E.164, with what people put between the digits left out. */
const phoneNumber = z
  .string('Enter text.')
  .max(40, 'Write the number with its country code, like +49 30 123456.')
  .transform((typed) => typed.replaceAll(/[\s().-]/g, ''))
  .refine(
    (number) => /^\+[1-9]\d{6,14}$/.test(number),
    'Write the number with its country code, like +49 30 123456.',
  )

const FIELDS = {
  givenName: {
    claim: 'given_name',
    scope: 'profile',
    label: 'First name',
    option: 'given-name',
    example: 'Ada',
    schema: line(100),
  },
  familyName: {
    claim: 'family_name',
    scope: 'profile',
    label: 'Last name',
    option: 'family-name',
    example: 'Lovelace',
    schema: line(100),
  },
  middleName: {
    claim: 'middle_name',
    scope: 'profile',
    label: 'Middle name',
    option: 'middle-name',
    example: 'King',
    schema: line(100),
  },
  nickname: {
    claim: 'nickname',
    scope: 'profile',
    label: 'Nickname',
    option: 'nickname',
    example: 'Addie',
    schema: line(100),
  },
  profile: {
    claim: 'profile',
    scope: 'profile',
    label: 'Profile page',
    option: 'profile',
    example: 'https://social.example/@ada',
    input: 'url',
    schema: url(['https:', 'http:'], 'Give an http or https URL.'),
  },
  picture: {
    claim: 'picture',
    scope: 'profile',
    label: 'Picture',
    option: 'picture',
    example: 'https://img.example/ada.png',
    hint: 'An https URL of an image.',
    input: 'url',
    schema: url(['https:'], 'Give an https URL.'),
  },
  website: {
    claim: 'website',
    scope: 'profile',
    label: 'Website',
    option: 'website',
    example: 'https://ada.example',
    input: 'url',
    schema: url(['https:', 'http:'], 'Give an http or https URL.'),
  },
  gender: {
    claim: 'gender',
    scope: 'profile',
    label: 'Gender',
    option: 'gender',
    example: 'female',
    schema: line(50),
  },
  birthdate: {
    claim: 'birthdate',
    scope: 'profile',
    label: 'Birth date',
    option: 'birthdate',
    example: '1815-12-10',
    hint: 'YYYY-MM-DD; with 0000 for the year, or the year alone.',
    schema: birthdate,
  },
  zoneinfo: {
    claim: 'zoneinfo',
    scope: 'profile',
    label: 'Time zone',
    option: 'zoneinfo',
    example: 'Europe/London',
    hint: 'Like Europe/London.',
    schema: zone,
  },
  locale: {
    claim: 'locale',
    scope: 'profile',
    label: 'Language',
    option: 'locale',
    example: 'en-GB',
    hint: 'Like en or pt-BR.',
    schema: locale,
  },
  phoneNumber: {
    claim: 'phone_number',
    scope: 'phone',
    label: 'Phone number',
    option: 'phone',
    example: '+442079460123',
    hint: 'With its country code.',
    input: 'tel',
    schema: phoneNumber,
  },
} as const satisfies Record<string, ProfileField>

export type ProfileProperty = keyof typeof FIELDS

/** Each with the property that holds it, in the order of forms and files. */
export const profileFields = Object.entries(FIELDS).map(([property, field]) => ({
  property: property as ProfileProperty,
  ...(field as ProfileField),
}))

/** What is known of a person, null what is not. */
export type ProfileValues = Record<ProfileProperty, string | null>

/** The values of all fields, out of something that has them. */
export const profileOf = (person: ProfileValues): ProfileValues =>
  Object.fromEntries(profileFields.map(({ property }) => [property, person[property]])) as ProfileValues

const shapeBy = (nameOf: (field: (typeof profileFields)[number]) => string) =>
  Object.fromEntries(profileFields.map((field) => [nameOf(field), emptiable(field.schema)]))

type Check = ReturnType<typeof emptiable<z.ZodType<string, string>>>

/** Checks by property: a field left out is undefined and stays, one that is '' or null is null. */
export const profileShape = shapeBy(({ property }) => property) as Record<ProfileProperty, Check>

/** The same by claim. */
export const claimShape = shapeBy(({ claim }) => claim) as Record<string, Check>

interface AddressPart {
  label: string
  option: string
  example: string
  /** May hold line breaks (Core §5.1.1). */
  lines?: true
  schema: z.ZodType<string, string>
}

/** The parts of the address claim (Core §5.1.1). */
export const ADDRESS_PARTS = {
  formatted: {
    label: 'Address as it is written on a letter',
    option: 'address-formatted',
    example: '12 St James’s Square\nLondon SW1Y 4LB',
    lines: true,
    schema: lines(1000),
  },
  street_address: {
    label: 'Street address',
    option: 'street-address',
    example: '12 St James’s Square',
    lines: true,
    schema: lines(500),
  },
  locality: { label: 'City', option: 'locality', example: 'London', schema: line(200) },
  region: { label: 'Region', option: 'region', example: 'Greater London', schema: line(200) },
  postal_code: { label: 'Postal code', option: 'postal-code', example: 'SW1Y 4LB', schema: line(40) },
  country: { label: 'Country', option: 'country', example: 'United Kingdom', schema: line(100) },
} as const satisfies Record<string, AddressPart>

export type AddressProperty = keyof typeof ADDRESS_PARTS
export type Address = Partial<Record<AddressProperty, string>>

/** Each with its name, in the order of forms. */
export const addressParts = Object.entries(ADDRESS_PARTS).map(([part, described]) => ({
  part: part as AddressProperty,
  ...(described as AddressPart),
}))

/** A part left out is undefined, one that is '' or null is null. */
export const addressSchema = z.strictObject(
  Object.fromEntries(addressParts.map(({ part, schema }) => [part, emptiable(schema)])) as Record<
    AddressProperty,
    Check
  >,
  { error: 'Give the address by its parts.' },
)

/** An address with changes made to it (RFC 7396); null: nothing is left of it. */
export function mergedAddress(
  before: Address | null,
  changes: z.output<typeof addressSchema> | null,
): Address | null {
  if (changes === null) return null
  const given = Object.entries(changes).filter(([, value]) => value !== undefined)
  const merged = Object.entries({ ...before, ...Object.fromEntries(given) }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  )
  return merged.length === 0 ? null : Object.fromEntries(merged)
}
