import { z } from 'zod'
import { inEnglish, saying } from '../locales/texts.ts'
import { type Emptiable, emptiable, line, lines } from '../text.ts'

interface AddressPart {
  option: string
  example: string
  /** May hold line breaks (Core §5.1.1). */
  lines?: true
  /** What a browser fills in for the person themselves (HTML §4.10.18.7). */
  autocomplete?: string
  schema: z.ZodType<string, string>
}

/** The parts of the address claim (Core §5.1.1). */
export const ADDRESS_PARTS = {
  formatted: {
    option: 'address-formatted',
    example: '12 St James’s Square\nLondon SW1Y 4LB',
    lines: true,
    schema: lines(1000),
  },
  street_address: {
    option: 'street-address',
    autocomplete: 'street-address',
    example: '12 St James’s Square',
    lines: true,
    schema: lines(500),
  },
  locality: {
    option: 'locality',
    example: 'London',
    autocomplete: 'address-level2',
    schema: line(200),
  },
  region: {
    option: 'region',
    example: 'Greater London',
    autocomplete: 'address-level1',
    schema: line(200),
  },
  postal_code: {
    option: 'postal-code',
    example: 'SW1Y 4LB',
    autocomplete: 'postal-code',
    schema: line(40),
  },
  country: {
    option: 'country',
    example: 'United Kingdom',
    autocomplete: 'country-name',
    schema: line(100),
  },
} as const satisfies Record<string, AddressPart>

export type AddressProperty = keyof typeof ADDRESS_PARTS
export type Address = Partial<Record<AddressProperty, string>>

/** Each with its name, in the order of forms; what it is called is in English, for programs and their documents. */
export const addressParts = Object.entries(ADDRESS_PARTS).map(([part, described]) => ({
  part: part as AddressProperty,
  label: inEnglish(`profile.address.${part as AddressProperty}`),
  ...(described as AddressPart),
}))

/** A part left out is undefined, one that is '' or null is null. */
export const addressSchema = z.strictObject(
  Object.fromEntries(addressParts.map(({ part, schema }) => [part, emptiable(schema)])) as Record<
    AddressProperty,
    Emptiable
  >,
  saying('field.addressParts'),
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
