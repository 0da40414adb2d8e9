import { toSeconds } from '../../shared/clock.ts'
import type { IDENTITY_SCOPES } from '../../shared/identity-scopes.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'
import { byNameOf, type ProfileValues, profileFields } from '../../shared/profile/fields.ts'
import { PHONE_VERIFIED } from '../../shared/profile/table.ts'

/** What the claims of a person are made of (OpenID Connect Core §5.1). */
export interface Subject extends ProfileValues {
  id: string
  username: string
  displayUsername: string
  email: string | null
  phoneVerified: boolean
  /** The address claim: an object as in Core §5.1.1. */
  address: Readonly<Record<string, string | undefined>> | null
  /** Milliseconds since the epoch. */
  updatedAt: number
}

const claimsOf = (scope: 'profile' | 'phone') =>
  profileFields.filter((field) => field.scope === scope).map(({ claim }) => claim)

/** Which claims a scope brings (Core §5.4); the library filters by it. */
export const claimsByScope = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: ['name', ...claimsOf('profile'), 'preferred_username', 'updated_at'],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: [...claimsOf('phone'), PHONE_VERIFIED.claim],
  groups: ['groups'],
  roles: ['roles'],
  identity_provider: ['urn:latchkey:identity_provider'],
}

const scopes = new Map(
  Object.entries(claimsByScope).flatMap(([scope, claims]) => claims.map((claim) => [claim, scope])),
)

/** The scope that brings a claim; undefined: a claim that this server does not have. The name may come from anywhere. */
export const scopeOfClaim = (claim: string): string | undefined => scopes.get(claim)

/** Which provider this sign-in came through, by its id; absent when it was none. Of the session, not the person. */
export const IDENTITY_PROVIDER_CLAIM = 'urn:latchkey:identity_provider'

/** The scopes this server knows of its own, in words for the consent page. */
const SCOPES: Readonly<Record<(typeof IDENTITY_SCOPES)[number], TextKey>> = {
  openid: 'scope.openid',
  profile: 'scope.profile',
  email: 'scope.email',
  address: 'scope.address',
  phone: 'scope.phone',
  groups: 'scope.groups',
  roles: 'scope.roles',
  identity_provider: 'scope.identityProvider',
  offline_access: 'scope.offlineAccess',
}

/** An identity scope in words; any other as it is. */
export function scopeInWords(scope: string): string {
  const key = own<TextKey>(SCOPES, scope)
  return key === undefined ? scope : t(key)
}

const CLAIMS: Readonly<Record<string, TextKey>> = {
  name: 'claim.name',
  ...Object.fromEntries(profileFields.map(({ claim }) => [claim, `claim.${claim}`] as const)),
  preferred_username: 'claim.preferred_username',
  updated_at: 'claim.updated_at',
  email: 'scope.email',
  email_verified: 'claim.email_verified',
  address: 'scope.address',
  [PHONE_VERIFIED.claim]: 'claim.phone_number_verified',
  groups: 'scope.groups',
  roles: 'scope.roles',
  [IDENTITY_PROVIDER_CLAIM]: 'scope.identityProvider',
}

/** A single claim in words, for the consent page. */
export function claimInWords(claim: string): string {
  const key = own(CLAIMS, claim)
  return key === undefined ? claim : t(key)
}

/** Every claim of a person that has a value; which of them an app gets is decided by its scopes. */
export function subjectClaims(subject: Subject): { sub: string } & Record<string, unknown> {
  const names = [subject.givenName, subject.middleName, subject.familyName]
  const name = names.map((each) => each?.trim()).filter(Boolean)
  const claims: Record<string, unknown> = {
    name: name.join(' ') || subject.displayUsername || subject.username,
    ...byNameOf('claim', subject),
    preferred_username: subject.username,
    updated_at: toSeconds(subject.updatedAt),
    email: subject.email,
    email_verified: subject.email === null ? null : true,
    [PHONE_VERIFIED.claim]: subject.phoneNumber === null ? null : subject.phoneVerified,
    address: subject.address,
  }
  const told: { sub: string } & Record<string, unknown> = { sub: subject.id }
  // Core §5.3.2: neither null nor an empty text.
  for (const claim in claims) if (claims[claim] !== null && claims[claim] !== '') told[claim] = claims[claim]
  return told
}
