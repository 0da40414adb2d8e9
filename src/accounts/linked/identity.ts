import { randomUUID } from 'node:crypto'
import { emptiable, line } from '../../shared/text.ts'

/** Who somebody is at a provider. Issuer and subject alone tell; the rest is for people to recognise it by. */
export interface UpstreamIdentity {
  issuer: string
  subject: string
  /** The id of the provider that it came through. */
  provider: string
  /** What the provider calls the account: a username or an address. */
  label: string | null
  /** The provider's tokens, sealed; null: none are kept. */
  sealedTokens: string | null
}

/** An identity as it is stored. */
export const identityRow = (identity: UpstreamIdentity, at: Date) => ({
  id: randomUUID(),
  issuer: identity.issuer,
  subject: identity.subject,
  provider: identity.provider,
  label: identity.label,
  sealedTokens: identity.sealedTokens,
  createdAt: at,
  lastUsedAt: at,
})

/** What a provider says about a person. Fills what is empty, and changes nothing. */
export interface UpstreamProfile {
  givenName: string | null
  familyName: string | null
  picture: string | null
}

const name = emptiable(line(100)).catch(null)

/** Names under the rules for those that people type; one that does not keep to them counts as not said. */
export const presentable = ({ givenName, familyName, picture }: UpstreamProfile): UpstreamProfile => ({
  givenName: name.parse(givenName) ?? null,
  familyName: name.parse(familyName) ?? null,
  picture,
})

/** An identity that belongs to an account. Times are milliseconds since the epoch. */
export interface LinkedIdentity {
  id: string
  provider: string
  issuer: string
  subject: string
  label: string | null
  createdAt: number
  lastUsedAt: number
}
