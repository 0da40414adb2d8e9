// Owns: what of the tables that refer to an account is given to its owner. Every table and every column is named here, by the compiler: one
// that is new has to be given, or left out for a reason. What is no row of such a table (sessions, tokens, the audit log) is a source of
// its own (export.ts).
import type { Account, Prisma } from '../../storage/generated/sqlite/client.ts'

/** Given, or why not. */
export type Given = true | Reason
type Reason = (typeof LEFT_OUT)[keyof typeof LEFT_OUT]

/** Why a column is left out: the reader of a file that got lost must not be able to sign in by it, and what only this server reckons with says nothing of the person. */
const LEFT_OUT = {
  owner: 'it says that the row is of this account',
  id: 'a random name of the row here',
  secret: 'a secret, or what is derived from one',
  internal: 'a number that this server reckons with, which says nothing of the person',
  byClaim: 'it is in the member account, by the name of its claim',
} as const
const { owner, id, secret, internal, byClaim } = LEFT_OUT

type Relations = Prisma.$AccountPayload['objects']
export type Relation = keyof Relations
type RowOf<Name extends Relation> = Relations[Name] extends { scalars: infer Row }[]
  ? Row
  : Relations[Name] extends { scalars: infer Row } | null
    ? Row
    : never

/** Tables that refer to an account, by the relation of `Account` in prisma/models.prisma. `member`: the name in the document. */
export const RELATED: {
  [Name in Relation]: { member: string; columns: { [Column in keyof RowOf<Name>]: Given } }
} = {
  linkedIdentities: {
    member: 'linked_sign_ins',
    columns: {
      ...{ id, accountId: owner, provider: true, issuer: true, subject: true, label: true },
      ...{ sealedTokens: secret, createdAt: true, lastUsedAt: true },
    },
  },
  pictures: {
    member: 'picture',
    columns: { id: true, accountId: owner, mediaType: true, bytes: true, createdAt: true },
  },
  totpFactors: {
    member: 'authenticator_apps',
    columns: {
      ...{ id: true, accountId: owner, sealedSecret: secret, lastStep: internal, createdAt: true },
      ...{ confirmedAt: true, lastUsedAt: true },
    },
  },
  passkeys: {
    member: 'passkeys',
    columns: {
      ...{ id: true, accountId: owner, credentialId: true, publicKey: true, counter: true, transports: true },
      ...{ aaguid: true, synced: true, userVerified: true, name: true, createdAt: true, lastUsedAt: true },
      refusedAt: true,
    },
  },
  phoneFactors: {
    member: 'phones',
    columns: { id: true, accountId: owner, number: true, createdAt: true, lastUsedAt: true },
  },
  smsCodes: {
    member: 'codes_sent_to_phones',
    columns: { accountId: owner, purpose: true, id, number: true, mac: secret, expiresAt: true },
  },
  groups: {
    member: 'group_memberships',
    columns: { groupId: true, accountId: owner, manager: true, source: true, createdAt: true },
  },
  roles: {
    member: 'role_assignments',
    columns: { accountId: owner, roleId: true, source: true, createdAt: true },
  },
  organizations: {
    member: 'organization_memberships',
    columns: { organizationId: true, accountId: owner, roles: true, createdAt: true },
  },
  recoveryCodes: {
    member: 'recovery_codes',
    columns: { id, accountId: owner, prefix: secret, hash: secret, createdAt: true },
  },
  appPasswords: {
    member: 'app_passwords',
    columns: {
      ...{ id: true, accountId: owner, name: true, hash: secret, createdAt: true, lastUsedAt: true },
      generation: internal,
    },
  },
  rememberedBrowsers: {
    member: 'remembered_browsers',
    columns: {
      ...{ id, accountId: owner, hash: secret, generation: internal, userAgent: true, address: true },
      ...{ createdAt: true, expiresAt: true, lastUsedAt: true },
    },
  },
  accountRecoveries: {
    member: 'recoveries',
    columns: {
      ...{ id, accountId: owner, startedBy: true, startedAt: true, readyAt: true, expiresAt: true },
      ...{ stopHash: secret, finishHash: secret, outcome: true },
    },
  },
  oneTimeTokens: {
    member: 'messages_with_links',
    columns: {
      ...{ id, purpose: true, accountId: owner, email: true, tokenHash: secret, codeHash: secret },
      ...{ attempts: true, createdAt: true, expiresAt: true, usedAt: true, details: true },
    },
  },
  signInPlaces: {
    member: 'places_of_sign_ins',
    columns: { accountId: owner, place: true, lastSeenAt: true },
  },
  lastUses: {
    member: 'last_uses',
    columns: { accountId: owner, kind: true, subject: true, lastUsedAt: true, address: true },
  },
  scimUsers: {
    member: 'names_in_directories',
    columns: { owner: true, accountId: owner, externalId: true },
  },
  deviceFailures: {
    member: 'wrong_passwords_by_browser',
    columns: { id: true, accountId: owner, failedSignIns: true, lockedUntil: true, updatedAt: true },
  },
  factorFailures: {
    member: 'wrong_codes',
    columns: { accountId: owner, kind: true, failures: true, windowEndsAt: true, usedMac: secret },
  },
}

/** The columns of the account itself; those that are `byClaim` are written out in export.ts. */
export const OWN: { [Column in keyof Account]: Given } = {
  ...{ id: byClaim, username: byClaim, displayUsername: byClaim, email: byClaim },
  ...{ pendingEmail: byClaim, passwordHash: secret, phoneVerified: byClaim, address: byClaim },
  ...{ givenName: byClaim, familyName: byClaim, middleName: byClaim, nickname: byClaim },
  ...{ picture: byClaim, locale: byClaim, zoneinfo: byClaim, phoneNumber: byClaim },
  ...{ profile: byClaim, website: byClaim, gender: byClaim, birthdate: byClaim },
  ...{ role: true, disabledAt: true, failedSignIns: true, lockedUntil: true, authValidAfter: internal },
  ...{ passwordChangedAt: true, lastSignInAt: true, createdAt: true, updatedAt: true, generation: internal },
  ...{ invitedUntil: true, secondFactors: true, secondFactorSince: true, secondFactorRequired: true },
  ...{ webauthnUserId: true, deletionAt: true, phoneLogin: true, hadSecondFactor: true },
  attributes: byClaim,
}
