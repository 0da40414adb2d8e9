import { randomUUID } from 'node:crypto'
import {
  type DescribedField,
  type PropertySetBy,
  type ProviderValues,
  profileShape,
  providerFields,
} from '../../shared/profile/fields.ts'

/** A person at a provider. Issuer and subject alone tell; the rest is for people to recognise it by. */
export interface StoredIdentity {
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
export const identityRow = (identity: StoredIdentity, at: Date) => ({
  id: randomUUID(),
  issuer: identity.issuer,
  subject: identity.subject,
  provider: identity.provider,
  label: identity.label,
  sealedTokens: identity.sealedTokens,
  createdAt: at,
  lastUsedAt: at,
})

type Property = PropertySetBy<'provider'>

/**
 * What a provider says, under the rules for what people type; a value that does not keep to them counts as not said. A URL
 * was judged where the provider's answer was read.
 */
export const presentable = (profile: ProviderValues): ProviderValues =>
  Object.fromEntries(
    providerFields.map(({ property, input }) => [
      property,
      (input === 'url' ? profile[property] : profileShape[property].safeParse(profile[property]).data) ??
        null,
    ]),
  )

/** Fields that are filled together, and only while all of them are empty: two halves of two sources make no name. */
const GROUPS: readonly (readonly DescribedField<Property>[])[] = [
  providerFields.filter(({ identifies }) => identifies),
  ...providerFields.filter(({ identifies }) => !identifies).map((field) => [field]),
]

/** What a provider may fill: of each group the properties, and their values. */
export const fillings = (
  profile: ProviderValues,
): { properties: readonly Property[]; values: ProviderValues }[] => {
  const said = presentable(profile)
  return GROUPS.map((group) => {
    const properties = group.map(({ property }) => property)
    return { properties, values: Object.fromEntries(properties.map((each) => [each, said[each] ?? null])) }
  })
}

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

/** A provider's tokens for an identity. */
export interface SealedTokens {
  issuer: string
  subject: string
  sealedTokens: string | null
}
