import { toSeconds } from '../shared/clock.ts'
import { PKCE_RULES, type PkceRule } from '../shared/pkce-rule.ts'
import type { ClientMetadata } from './fields/table.ts'
import type { ClientRow } from './store.ts'

/** A client as administrators see it: RFC 7591 names, times in seconds since the epoch, no secret. */
export type ClientView = ClientMetadata & {
  client_id: string
  client_id_issued_at: number
  id_token_identity_claims: boolean
  pkce: PkceRule
  /** `required` by itself, since the client always used PKCE. */
  pkce_raised?: true
  first_party: boolean
  disabled: boolean
  /** Where it comes from: an administrator, configuration, an initial access token (`dynamic`), or anybody (`open`). */
  source: string
  /** False: no administrator has looked at it. */
  verified: boolean
  /** Its secrets by age, newest first. */
  secrets: SecretView[]
  /** Another one after every change: what `ifVersion` of an update is compared with, and the ETag of it. */
  version: string
}

/** A secret without the secret. Times in seconds since the epoch. */
export interface SecretView {
  id: string
  issued_at: number
  /** 0: until it is replaced. */
  expires_at: number
  /** To the hour; null: never. */
  last_used_at: number | null
}

/** The answer that shows a new secret, once (RFC 7591 §3.2.1). */
export type IssuedSecret = {
  client_secret?: string
  /** 0: it does not expire. Present when client_secret is. */
  client_secret_expires_at?: number
}

/** What was parsed when it was stored is not parsed again when it is read. */
export const storedMetadata = (row: { metadata: string }): ClientMetadata =>
  JSON.parse(row.metadata) as ClientMetadata

export const storedPkce = (row: { pkce: string }): PkceRule =>
  PKCE_RULES.find((rule) => rule === row.pkce) ?? 'required'

/**
 * Whether the claims of identity scopes are in the ID Token too, where most libraries look for them, and not at userinfo alone
 * (OpenID Connect Core §5.4). Unless it was said, they are for clients that an administrator has registered: a client that registers
 * itself says nothing of who keeps its ID Tokens.
 */
export const hasIdentityClaims = (metadata: ClientMetadata, source: string): boolean =>
  metadata.id_token_identity_claims ?? (source === 'administrator' || source === 'configuration')

const isRaised = (row: { pkce: string; pkceRatchet: string | null }): boolean =>
  row.pkceRatchet === 'raised' && row.pkce === 'required'

/** The version of a row: no two of its states have the same (`store.edit` moves the time on each time). */
export const versionOf = (row: { updatedAt: Date }): string => row.updatedAt.getTime().toString(36)

/** @param now milliseconds since the epoch: secrets that have expired by then are left out */
export const clientView = (row: ClientRow, now: number): ClientView => ({
  client_id: row.id,
  client_id_issued_at: toSeconds(row.createdAt),
  ...storedMetadata(row),
  id_token_identity_claims: hasIdentityClaims(storedMetadata(row), row.source),
  pkce: storedPkce(row),
  ...(isRaised(row) && { pkce_raised: true as const }),
  first_party: row.firstParty,
  disabled: row.disabledAt !== null,
  source: row.source,
  verified: row.verified,
  secrets: row.secrets
    .filter(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > now)
    .map(({ id, createdAt, expiresAt, lastUsedAt }) => ({
      id,
      issued_at: toSeconds(createdAt),
      expires_at: toSeconds(expiresAt) ?? 0,
      last_used_at: toSeconds(lastUsedAt),
    })),
  version: versionOf(row),
})

/** What the audit log keeps of a client: what was chosen, without what follows from the time. */
export function clientRecord(view: ClientView): Readonly<Record<string, unknown>> {
  const { client_id: _, client_id_issued_at: __, secrets: ___, version: ____, ...chosen } = view
  return chosen
}

/** A view with a secret that was just issued, where a reader looks for it: below the client_id. */
export function withSecret(view: ClientView, secret: string | undefined): ClientView & IssuedSecret {
  if (secret === undefined) return view
  const { client_id: id, ...rest } = view
  return { client_id: id, client_secret: secret, client_secret_expires_at: 0, ...rest }
}
