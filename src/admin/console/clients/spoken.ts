import type { FormField, FormSection } from '../../../clients/fields/form.ts'
import type { Choice } from '../../../clients/fields/kinds.ts'
import { described } from '../../../shared/locales/described.ts'

type Say = (key: string, english: string) => string

const AREA = 'admin.client_fields'

/** What is an algorithm or the like is called so in every language. */
const isWord = ({ label }: Choice): boolean => !/^[A-Z]+\d+$|^EdDSA$/.test(label)

function sayField(field: FormField, say: Say): FormField {
  const key = `${AREA}.${field.name}`
  const { input, form } = field
  return {
    ...field,
    form: {
      ...form,
      label: say(`${key}.label`, form.label),
      ...(form.hint !== undefined && { hint: say(`${key}.hint`, form.hint) }),
    },
    ...('choices' in input && {
      input: {
        ...input,
        choices: input.choices.map((choice) =>
          isWord(choice)
            ? { ...choice, label: say(`${key}.choice.${choice.value || 'unset'}`, choice.label) }
            : choice,
        ),
      },
    }),
  }
}

const sayForm = (form: readonly FormSection[], say: Say): FormSection[] =>
  form.map((section) => {
    const key = `${AREA}.section.${section.id}`
    const fields = (all: readonly FormField[]) => all.map((field) => sayField(field, say))
    return {
      ...section,
      heading: say(key, section.heading),
      fields: fields(section.fields),
      ...(section.folded && {
        folded: {
          heading: say(`${key}.folded`, section.folded.heading),
          fields: fields(section.folded.fields),
        },
      }),
    }
  })

/** The form of a client in the language of the console. */
export const spokenForm = (form: readonly FormSection[]): readonly FormSection[] => sayForm(form, described)

/** Its texts, for the check of catalogues. */
export function describedFields(form: readonly FormSection[]): Record<string, string> {
  const texts: Record<string, string> = {}
  sayForm(form, (key, english) => {
    texts[key] = english
    return english
  })
  return texts
}
