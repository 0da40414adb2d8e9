import { z } from 'zod'
import { byProperty, providerFields } from '../../../shared/profile/fields.ts'
import type { UpstreamIdentity, UpstreamProfile } from '../../connector.ts'
import { isAcceptableUrl } from '../../upstream.ts'

/** Text that every database can hold: whole characters, none of them for control. */
const isStorable = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text)

export const identifier = (length: number) => z.string().min(1).max(length).refine(isStorable)

const name = (claim: string) => z.string().min(1).max(100).default(claim)

/** By claim, something for each field that a provider fills. */
const eachField = <Value>(make: (field: (typeof providerFields)[number]) => Value): Record<string, Value> =>
  Object.fromEntries(providerFields.map((field) => [field.claim, make(field)]))

/** Which claims the parts of an identity are in. The subject has no other: OpenID Connect Core §5.7. */
export const claimNames = z
  .strictObject({
    username: name('preferred_username'),
    email: name('email'),
    email_verified: name('email_verified'),
    ...eachField(({ claim }) => name(claim)),
  })
  .prefault({})

export type ClaimNames = z.infer<typeof claimNames>

/** What is malformed or too long counts as not said: a nickname does not keep anybody out. */
const optional = identifier(500).optional().catch(undefined)
const url = identifier(500).refine(isAcceptableUrl).optional().catch(undefined)

const values = z.object({
  username: optional,
  email: optional,
  email_verified: z.unknown(),
  ...eachField(({ input }) => (input === 'url' ? url : optional)),
})

export type Profile = Pick<UpstreamIdentity, 'username' | 'email'> & UpstreamProfile

/** Some providers write booleans as text. */
const isTrue = (value: unknown): boolean => value === true || value === 'true'
const isFalse = (value: unknown): boolean => value === false || value === 'false'

/**
 * What an id_token, or an answer of the userinfo endpoint, says about a person.
 * @param trustEmail takes an address for verified where the provider says neither that it is nor that it is not
 */
export function readProfile(
  claims: Readonly<Record<string, unknown>>,
  names: ClaimNames,
  trustEmail: boolean,
): Profile {
  const own = Object.entries(names).map(([part, claim]) => [
    part,
    Object.hasOwn(claims, claim) ? claims[claim] : undefined,
  ])
  const { username, email, email_verified, ...person } = values.parse(Object.fromEntries(own))
  const verified = isTrue(email_verified) || (trustEmail && !isFalse(email_verified))
  return {
    username,
    email: email === undefined ? undefined : { address: email, verified },
    ...(byProperty(person, 'claim', providerFields) as UpstreamProfile),
  }
}

/** A person without a name is asked for one; without a picture, for example, for nothing. */
const nameFields = providerFields.filter(({ identifies }) => identifies)

/** Whether the userinfo endpoint is worth a question. */
export const isPartial = (profile: Profile): boolean =>
  [profile.username, profile.email, ...nameFields.map(({ property }) => profile[property])].includes(
    undefined,
  )

/** The first wins; an address keeps to what was said about it in the same place. */
export const mergeProfiles = (first: Profile, second: Profile): Profile => ({
  ...second,
  ...Object.fromEntries(Object.entries(first).filter(([, value]) => value !== undefined)),
})
