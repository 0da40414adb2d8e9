/** A field as a page draws it: a view of views/partials, and what it is told beside the form. */
export interface DrawnField {
  partial: string
  data: FieldText & Record<string, unknown>
}

/** What a field says of itself, however it is entered. */
export interface FieldText {
  name: string
  label: string
  hint?: string | undefined
  /** Below the label: what it is called in the environment. */
  variable?: string
  /** Absent: a browser sends the form only with a value. */
  optional?: boolean
}

/** How a value is entered, and the attributes of its control. */
export type FieldInput =
  | {
      kind: 'text'
      type?: 'url' | 'password' | 'date'
      inputmode?: 'url' | 'numeric' | 'decimal'
      maxlength?: number | undefined
      /** No natural language: nothing is capitalized, corrected or spell-checked. */
      plain?: boolean
      autofocus?: boolean
    }
  /** One entry a line. */
  | { kind: 'lines'; rows?: number | undefined }
  | { kind: 'choice'; options: readonly (string | { value: string; label: string })[] }
  | { kind: 'check'; checked: boolean }
  | {
      kind: 'boxes'
      boxes: { name: string; label: string; checked: boolean; heading?: string | undefined }[]
    }
  /** Shown, and not entered. */
  | { kind: 'fixed'; value: string; pinnedBy: string | undefined }

const PARTIALS: { readonly [Kind in FieldInput['kind']]: string } = {
  text: '/partials/field',
  lines: '/partials/textarea',
  choice: '/partials/select',
  check: '/partials/check',
  boxes: '/partials/boxes',
  fixed: '/admin/fixed-field',
}

/** A field of a form of the console. */
export function draw(text: FieldText, { kind, ...attributes }: FieldInput): DrawnField {
  const data: DrawnField['data'] = { ...text, ...attributes }
  if (kind === 'text') data.autocomplete = 'off'
  if ('options' in attributes)
    data.options = attributes.options.map((each) =>
      typeof each === 'string' ? { value: each, label: each } : each,
    )
  return { partial: PARTIALS[kind], data }
}

/** Fields of a table as a form has them. @param inputOf how one is entered */
export const drawAll = <
  Field extends {
    name: string
    required?: boolean | undefined
    form: { label: string; hint?: string | undefined }
  },
>(
  fields: readonly Field[],
  inputOf: (field: Field) => FieldInput,
): DrawnField[] =>
  fields.map((field) => {
    const { name, form, required } = field
    return draw({ name, label: form.label, hint: form.hint, optional: required !== true }, inputOf(field))
  })
