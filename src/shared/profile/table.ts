import type { z } from 'zod'
import { line } from '../text.ts'
import { birthdate, locale, phoneNumber, pictureUrl, url, zone } from './values.ts'

// What is known of a person beside what signs them in: a row a field, most of them standard claims of OpenID Connect
// (Core §5.1). To add one: its row here, its column last in its model of prisma/models.prisma, and a migration for each engine. From the row
// follow its way into the database and files, the claim and its scope, forms, both APIs and their document, the command line,
// consent and the audit log (src/shared/profile/fields.ts). An administrator may set every field. What people call it is `profile.field.{claim}` of the
// catalogues, what else they are told beside it `profile.field.{claim}.hint`, and what consent says of it `claim.{claim}`.

export interface ProfileField {
  /** The claim; also the column in the database and in files, the name in forms, of the command line's JSON and the audit log. */
  claim: string
  /** The scope that brings the claim (Core §5.4). */
  scope: 'profile' | 'phone'
  /** The name in both JSON APIs, where it is another than that of the claim. */
  rest?: string
  /** Of the command line, without the dashes. */
  option: string
  example: string
  /** What the form field is, where it is not plain text. */
  input?: 'url' | 'tel'
  /** What a browser fills in for the person themselves (HTML §4.10.18.7). */
  autocomplete?: string
  /**
   * Who sets it beside an administrator. `person`: at `/account` and `/api/auth/me`. `provider`: signing in by one fills it
   * while it is empty.
   */
  setBy?: readonly ('person' | 'provider')[]
  /**
   * What the person is called: asked for when an account is made, found by search, not allowed as a password, and filled by
   * a provider all together or not at all.
   */
  identifies?: true
  schema: z.ZodType<string, string>
}

/** By the property that holds the value, in the order of forms and files. */
export const FIELDS = {
  givenName: {
    claim: 'given_name',
    rest: 'first_name',
    scope: 'profile',
    option: 'given-name',
    example: 'Ada',
    autocomplete: 'given-name',
    setBy: ['person', 'provider'],
    identifies: true,
    schema: line(100),
  },
  familyName: {
    claim: 'family_name',
    rest: 'last_name',
    scope: 'profile',
    option: 'family-name',
    example: 'Lovelace',
    autocomplete: 'family-name',
    setBy: ['person', 'provider'],
    identifies: true,
    schema: line(100),
  },
  middleName: {
    claim: 'middle_name',
    scope: 'profile',
    option: 'middle-name',
    example: 'King',
    autocomplete: 'additional-name',
    setBy: ['person'],
    schema: line(100),
  },
  nickname: {
    claim: 'nickname',
    scope: 'profile',
    option: 'nickname',
    example: 'Addie',
    autocomplete: 'nickname',
    setBy: ['person'],
    schema: line(100),
  },
  profile: {
    claim: 'profile',
    scope: 'profile',
    option: 'profile',
    example: 'https://social.example/@ada',
    input: 'url',
    setBy: ['person'],
    schema: url(['https:', 'http:'], 'field.httpUrl'),
  },
  picture: {
    claim: 'picture',
    scope: 'profile',
    option: 'picture',
    example: 'https://img.example/ada.png',
    input: 'url',
    setBy: ['person', 'provider'],
    schema: pictureUrl,
  },
  website: {
    claim: 'website',
    scope: 'profile',
    option: 'website',
    example: 'https://ada.example',
    input: 'url',
    autocomplete: 'url',
    setBy: ['person'],
    schema: url(['https:', 'http:'], 'field.httpUrl'),
  },
  gender: {
    claim: 'gender',
    scope: 'profile',
    option: 'gender',
    example: 'female',
    autocomplete: 'sex',
    setBy: ['person'],
    schema: line(50),
  },
  birthdate: {
    claim: 'birthdate',
    scope: 'profile',
    option: 'birthdate',
    example: '1815-12-10',
    autocomplete: 'bday',
    setBy: ['person'],
    schema: birthdate,
  },
  zoneinfo: {
    claim: 'zoneinfo',
    scope: 'profile',
    option: 'zoneinfo',
    example: 'Europe/London',
    setBy: ['person'],
    schema: zone,
  },
  locale: {
    claim: 'locale',
    scope: 'profile',
    option: 'locale',
    example: 'en-GB',
    autocomplete: 'language',
    setBy: ['person'],
    schema: locale,
  },
  phoneNumber: {
    claim: 'phone_number',
    scope: 'phone',
    option: 'phone',
    example: '+442079460123',
    input: 'tel',
    autocomplete: 'tel',
    setBy: ['person'],
    schema: phoneNumber,
  },
} as const satisfies Record<string, ProfileField>

/** The property `phoneVerified`, which is not of text, by its other names. */
export const PHONE_VERIFIED = { claim: 'phone_number_verified', option: 'phone-verified' } as const
