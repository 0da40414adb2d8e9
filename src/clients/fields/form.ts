import { type Field, SECTIONS, type SectionId } from './field.ts'
import { type ClientField, FIELDS } from './table.ts'

type Place = NonNullable<Field['form']>

/** A field that the console's form has. */
export type FormField = ClientField & { form: Place }

/** A part of the console's form, with its fields in their order. */
export interface FormSection {
  id: SectionId
  heading: string
  fields: readonly FormField[]
  /** What is folded away below them. */
  folded?: { heading: string; fields: readonly FormField[] }
}

const inForm = FIELDS.filter((field): field is FormField => field.form !== undefined)

/** In the order of the table; one that says so stands below another. @throws Error when there is no such other */
function placed(fields: readonly FormField[]): readonly FormField[] {
  const order = fields.filter(({ form }) => form.below === undefined)
  for (const field of fields.filter(({ form }) => form.below !== undefined)) {
    const above = order.findIndex(({ name }) => name === field.form.below)
    if (above === -1)
      throw new Error(`${field.name} is to stand below ${field.form.below}, which is not there`)
    order.splice(above + 1, 0, field)
  }
  return order
}

/** The console's form to edit a client, section by section. */
export const FORM: readonly FormSection[] = Object.entries(SECTIONS).map(([id, { heading, folded }]) => {
  const fields = inForm.filter(({ form }) => form.section === id)
  return {
    id: id as SectionId,
    heading,
    fields: placed(fields.filter(({ form }) => form.folded === undefined)),
    ...(folded !== undefined && {
      folded: { heading: folded, fields: placed(fields.filter(({ form }) => form.folded === true)) },
    }),
  }
})
