import type { ConnectorKind } from '../../../federation/connector-kind.ts'
import { described } from '../../../shared/locales/described.ts'

/** Where the texts of a kind are, in the languages that its connector does not speak. */
const keyOf = (kind: string): string => `admin.providers.kind.${kind}`

/** Who may sign in by a kind. */
export const kindAbout = (name: string, { about }: ConnectorKind): string =>
  described(`${keyOf(name)}.about`, about.sentence)

/** A kind as a page says it. */
export const spokenKind = (name: string, kind: ConnectorKind): ConnectorKind => ({
  ...kind,
  ...(kind.defaultName && {
    defaultName: {
      ...kind.defaultName,
      hint: described(`${keyOf(name)}.default_name`, kind.defaultName.hint),
    },
  }),
  fields: Object.fromEntries(
    Object.entries(kind.fields).map(([field, { label, hint, ...rest }]) => [
      field,
      {
        ...rest,
        ...(label !== undefined && { label: described(`${keyOf(name)}.field.${field}.label`, label) }),
        ...(hint !== undefined && { hint: described(`${keyOf(name)}.field.${field}.hint`, hint) }),
      },
    ]),
  ),
})

/** The texts of the kinds, for the check of catalogues. */
export const describedKinds = (kinds: Readonly<Record<string, ConnectorKind>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(kinds).flatMap(([name, { about, defaultName, fields }]) => [
      [`${keyOf(name)}.about`, about.sentence],
      ...(defaultName ? [[`${keyOf(name)}.default_name`, defaultName.hint]] : []),
      ...Object.entries(fields).flatMap(([field, { label, hint }]) => [
        ...(label === undefined ? [] : [[`${keyOf(name)}.field.${field}.label`, label]]),
        ...(hint === undefined ? [] : [[`${keyOf(name)}.field.${field}.hint`, hint]]),
      ]),
    ]),
  )
