import { t } from '../locales/texts.ts'
import { type Address, addressParts } from './address.ts'
import type { FormField } from './fields.ts'

// The address claim as fields of a form, a field a part: `address.country`.

const nameOf = (part: string): string => `address.${part}`

export const addressNames: readonly string[] = addressParts.map(({ part }) => nameOf(part))

/** @param own for the person themselves, whose browser may fill them in */
export const addressFields = ({ own }: { own: boolean }): FormField[] =>
  addressParts.map(({ part, lines, autocomplete = 'off' }) => ({
    name: nameOf(part),
    label: t(`profile.address.${part}`),
    lines,
    autocomplete: own ? autocomplete : 'off',
  }))

/** What a form shows of an address. */
export const addressValues = (address: Address | null): Record<string, string> =>
  Object.fromEntries(addressParts.map(({ part }) => [nameOf(part), address?.[part] ?? '']))

/** What a form says of an address: an empty field empties its part, one that is not in the form stays. */
export const addressIn = (form: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(addressParts.map(({ part }) => [part, form[nameOf(part)]]))
