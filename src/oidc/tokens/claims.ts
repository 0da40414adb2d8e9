import { toSeconds } from '../../shared/clock.ts'
import type { IDENTITY_SCOPES } from '../../shared/identity-scopes.ts'
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
export const scopesInWords: Readonly<Record<(typeof IDENTITY_SCOPES)[number], string>> = {
  openid: 'Know who you are',
  profile: 'See your profile: your name, username, and what else you filled in',
  email: 'See your email address',
  address: 'See your postal address',
  phone: 'See your phone number',
  groups: 'See which groups you are in',
  roles: 'See which roles you have',
  identity_provider: 'See which service you signed in with',
  offline_access: 'Stay signed in when you are away',
}

/** An identity scope in words; any other as it is. */
export const scopeInWords = (scope: string): string => own(scopesInWords, scope) ?? scope

const claimsInWords: Readonly<Record<string, string>> = {
  name: 'See your name',
  ...Object.fromEntries(
    profileFields.map(({ claim, label }) => [claim, `See your ${label.toLowerCase()}`] as const),
  ),
  preferred_username: 'See your username',
  updated_at: 'See when your profile last changed',
  email: 'See your email address',
  email_verified: 'See whether your email address is confirmed',
  address: 'See your postal address',
  [PHONE_VERIFIED.claim]: 'See whether your phone number is confirmed',
  groups: 'See which groups you are in',
  roles: 'See which roles you have',
  [IDENTITY_PROVIDER_CLAIM]: 'See which service you signed in with',
}

/** A single claim in words, for the consent page. */
export const claimInWords = (claim: string): string => own(claimsInWords, claim) ?? claim

/** Every claim of a person that has a value; which of them an app gets is decided by its scopes. */
export function subjectClaims(subject: Subject): { sub: string } & Record<string, unknown> {
  const names = [subject.givenName, subject.middleName, subject.familyName]
  const name = names.map((each) => each?.trim()).filter(Boolean)
  const claims = {
    sub: subject.id,
    name: name.join(' ') || subject.displayUsername || subject.username,
    ...byNameOf('claim', subject),
    preferred_username: subject.username,
    updated_at: toSeconds(subject.updatedAt),
    email: subject.email,
    email_verified: subject.email === null ? null : true,
    [PHONE_VERIFIED.claim]: subject.phoneNumber === null ? null : subject.phoneVerified,
    address: subject.address,
  }
  return {
    sub: subject.id,
    // Core §5.3.2: neither null nor an empty text.
    ...Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null && value !== '')),
  }
}
