import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { described } from '../../../shared/locales/described.ts'

type Fields = readonly NamedDefinitionField[]

/** Where the texts of a field are, in the languages that the table does not speak: of `attribute` in `admin.attributes`. */
const keyOf = (kind: string, field: string): string => `admin.${kind}s.field.${field}`

/** The fields as a page says them. */
export const spokenFields = (kind: string, fields: Fields): NamedDefinitionField[] =>
  fields.map((field) => {
    const key = keyOf(kind, field.name)
    const { form, choices } = field
    return {
      ...field,
      form: {
        label: described(`${key}.label`, form.label),
        hint: described(`${key}.hint`, form.hint),
      },
      ...(choices && {
        choices: Object.fromEntries(
          Object.entries(choices).map(([value, words]) => [
            value,
            described(`${key}.choice.${value}`, words),
          ]),
        ),
      }),
    }
  })

/** The texts of a table, for the check of catalogues. */
export const describedDefinition = (kind: string, fields: Fields): Record<string, string> =>
  Object.fromEntries(
    fields.flatMap(({ name, form, choices = {} }) => {
      const key = keyOf(kind, name)
      return [
        [`${key}.label`, form.label],
        [`${key}.hint`, form.hint],
        ...Object.entries(choices).map(([value, words]) => [`${key}.choice.${value}`, words]),
      ]
    }),
  )
