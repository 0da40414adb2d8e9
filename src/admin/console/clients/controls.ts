import type { FormField, FormSection } from '../../../clients/fields/form.ts'
import type { Input } from '../../../clients/fields/kinds.ts'

/** What a form was sent with: each field once, as text (src/http/forms/forms.ts). */
export type Fields = Record<string, string>

/** How a kind of field is drawn, read from what a form was sent with, and filled in. */
interface Control<Shape extends Input> {
  /** In views/partials. */
  partial: 'field' | 'textarea' | 'select' | 'check' | 'boxes'
  /** What its partial is told beside name, label and hint. @param values what the form is filled with */
  attributes(input: Shape, field: FormField, values: Fields): Record<string, unknown>
  /** What was entered, for the service to judge; null unsets the field. @throws Error with what is wrong with the text itself */
  read(sent: Fields, field: FormField, input: Shape): unknown
  /** A stored value as it is entered. */
  show(value: unknown, field: FormField, input: Shape): Fields
}

/** The text of a control whose browser sends one always. */
const textOf = (sent: Fields, { name, form }: FormField): unknown =>
  form.required ? (sent[name] ?? '') : sent[name]?.trim() || null

const showText = (value: unknown, { name }: FormField): Fields => ({ [name]: String(value ?? '') })

const showBox = (value: unknown, { name }: FormField): Fields => (value === true ? { [name]: 'on' } : {})

const boxAttributes = (_input: Input, { name }: FormField, values: Fields) => ({
  checked: Object.hasOwn(values, name),
  value: undefined,
})

/** The lines of a text that are not empty. */
export const linesOf = (text = ''): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** Ticked boxes have names of their own, `prefix.value`: a form of ours holds no field twice. */
export const tickedOf = (sent: Fields, prefix: string): string[] =>
  Object.keys(sent).flatMap((name) => (name.startsWith(`${prefix}.`) ? [name.slice(prefix.length + 1)] : []))

const CONTROLS: { readonly [Kind in Input['kind']]: Control<Extract<Input, { kind: Kind }>> } = {
  text: {
    partial: 'field',
    attributes: ({ maxLength }) => ({ autocomplete: 'off', maxlength: maxLength }),
    read: textOf,
    show: showText,
  },
  url: {
    partial: 'field',
    attributes: () => ({ type: 'url', autocomplete: 'off' }),
    read: textOf,
    show: showText,
  },
  scopes: {
    partial: 'field',
    attributes: () => ({ autocomplete: 'off', plain: true }),
    read: textOf,
    show: showText,
  },
  choice: {
    partial: 'select',
    attributes: ({ choices }) => ({ options: choices }),
    read: textOf,
    show: showText,
  },
  lines: {
    partial: 'textarea',
    attributes: ({ rows }) => ({ rows }),
    read(sent, { name, always }) {
      const lines = linesOf(sent[name])
      return lines.length === 0 && !always ? null : lines
    },
    show: (value, { name }) => ({ [name]: ((value ?? []) as string[]).join('\n') }),
  },
  boxes: {
    partial: 'boxes',
    attributes: ({ prefix, choices }, _field, values) => ({
      boxes: choices.map(({ value, label }) => {
        const name = `${prefix}.${value}`
        return { name, label, checked: Object.hasOwn(values, name) }
      }),
    }),
    read: (sent, _field, { prefix }) => tickedOf(sent, prefix),
    show: (value, _field, { prefix }) =>
      Object.fromEntries(((value ?? []) as string[]).map((each) => [`${prefix}.${each}`, 'on'])),
  },
  check: {
    partial: 'check',
    attributes: boxAttributes,
    read: (sent, { name }) => sent[name] !== undefined || null,
    show: showBox,
  },
  switch: {
    partial: 'check',
    attributes: boxAttributes,
    read: (sent, { name }) => sent[name] !== undefined,
    show: showBox,
  },
  seconds: {
    partial: 'field',
    attributes: () => ({ autocomplete: 'off', inputmode: 'numeric' }),
    read(sent, field) {
      const text = textOf(sent, field)
      return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : text
    },
    show: showText,
  },
  keys: {
    partial: 'textarea',
    attributes: () => ({ rows: 6 }),
    read(sent, { name }) {
      const text = sent[name]?.trim()
      try {
        return text ? JSON.parse(text) : null
      } catch (cause) {
        throw new Error('is not JSON; paste a JWK Set: {"keys":[…]}', { cause })
      }
    },
    show: (value, { name }) => ({ [name]: value === undefined ? '' : JSON.stringify(value, null, 2) }),
  },
}

/** The control of a field, for its own kind of input. */
const controlOf = ({ input }: FormField): Control<Input> => CONTROLS[input.kind] as Control<Input>

/** All fields of a form. */
export const fieldsIn = (form: readonly FormSection[]): FormField[] =>
  form.flatMap(({ fields, folded }) => [...fields, ...(folded?.fields ?? [])])

/** What was entered into a field. @throws Error with what is wrong with the text itself */
export const readField = (field: FormField, sent: Fields): unknown =>
  controlOf(field).read(sent, field, field.input)

/** A stored value, as the form is filled with it. */
export const showField = (field: FormField, value: unknown): Fields =>
  controlOf(field).show(value, field, field.input)

/** A field as the page draws it: a partial, and what it is told. */
export interface DrawnField {
  partial: string
  data: Record<string, unknown>
}

export interface DrawnSection {
  id: string
  heading: string
  fields: DrawnField[]
  folded?: { heading: string; open: boolean; fields: DrawnField[] }
}

/**
 * The form as the page draws it. What is folded away is open if something in it is set or wrong.
 * @param apiScopes scopes of the APIs, which the hint of scopes names
 */
export function drawnForm(
  form: readonly FormSection[],
  values: Fields,
  errors: Readonly<Record<string, string>>,
  apiScopes: readonly string[],
): DrawnSection[] {
  const known = apiScopes.length > 0 ? ` Your APIs have: ${apiScopes.join(' ')}` : ''
  const drawn = (field: FormField): DrawnField => ({
    partial: `/partials/${controlOf(field).partial}`,
    data: {
      name: field.name,
      label: field.form.label,
      hint: field.input.kind === 'scopes' ? `${field.form.hint ?? ''}${known}` : field.form.hint,
      optional: field.form.required !== true,
      ...controlOf(field).attributes(field.input, field, values),
    },
  })
  return form.map(({ id, heading, fields, folded }) => ({
    id,
    heading,
    fields: fields.map(drawn),
    ...(folded && {
      folded: {
        heading: folded.heading,
        open: folded.fields.some(({ name }) => values[name] || errors[name]),
        fields: folded.fields.map(drawn),
      },
    }),
  }))
}
