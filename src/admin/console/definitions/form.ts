import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { t } from '../../../shared/locales/texts.ts'
import { tickedOf } from '../clients/controls.ts'
import { type DrawnField, drawAll, type FieldInput } from '../fields.ts'

type Fields = readonly NamedDefinitionField[]
type Sent = Readonly<Record<string, string>>

/** How values of fields are written (src/shared/definitions/field.ts). */
export interface DefinitionTexts {
  /** As a control has it. */
  textOf(field: NamedDefinitionField, value: unknown): string
  /** For people, in one line. */
  shownText(field: NamedDefinitionField, value: unknown): string
  /** What was entered, as JSON has it. */
  valueIn(field: NamedDefinitionField, entered: string): unknown
}

/** A box of a value of `choices`. */
const boxOf = (field: string, value: string): string => `${field}.${value}`

const inputOf = (
  { name, kind, choices = {}, headingOf, required }: NamedDefinitionField,
  values: Sent,
): FieldInput => {
  const all = Object.entries(choices)
  if (kind === 'choice')
    return {
      kind: 'choice',
      options: [
        ...(required ? [{ value: '', label: t('admin.definitions.choose') }] : []),
        ...all.map(([value, label]) => ({ value, label })),
      ],
    }
  if (kind === 'choices')
    return {
      kind: 'boxes',
      boxes: all.map(([value, label]) => {
        const box = boxOf(name, value)
        return { name: box, label, checked: Object.hasOwn(values, box), heading: headingOf?.(value) }
      }),
    }
  return kind === 'line' ? { kind: 'text', plain: true } : { kind: 'lines' }
}

/** The fields as a form has them. */
export const drawnDefinition = (fields: Fields, values: Sent): DrawnField[] =>
  drawAll(fields, (field) => inputOf(field, values))

/** A definition as a form is filled with it. */
export const filledWith = (
  fields: Fields,
  one: object,
  { textOf }: Pick<DefinitionTexts, 'textOf'>,
): Record<string, string> =>
  Object.fromEntries(
    fields.flatMap((field): [string, string][] => {
      const value = (one as Readonly<Record<string, unknown>>)[field.name]
      if (field.kind === 'choices')
        return ((value ?? []) as string[]).map((each) => [boxOf(field.name, each), 'on'])
      return [[field.name, textOf(field, value)]]
    }),
  )

/** What a field is where nothing is said of it. */
export const defaultsOf = (fields: Fields): Record<string, unknown> =>
  Object.fromEntries(
    fields.flatMap(({ name, schema }): [string, unknown][] => {
      const parsed = schema.safeParse(undefined)
      return parsed.success ? [[name, parsed.data]] : []
    }),
  )

/** What was entered, as the services take it; a field that the form does not have is not said. */
export const enteredIn = (
  fields: Fields,
  sent: Sent,
  { valueIn }: Pick<DefinitionTexts, 'valueIn'>,
): Record<string, unknown> =>
  Object.fromEntries(
    fields.flatMap((field): [string, unknown][] => {
      if (field.kind === 'choices') return [[field.name, tickedOf(sent, field.name)]]
      return sent[field.name] === undefined ? [] : [[field.name, valueIn(field, sent[field.name] ?? '')]]
    }),
  )
