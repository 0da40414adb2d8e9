import type { FormField, FormSection } from '../../../clients/fields/form.ts'
import type { Choice, Input } from '../../../clients/fields/kinds.ts'
import { asKeySet } from '../../../shared/key-set.ts'
import { t } from '../../../shared/locales/texts.ts'
import { type DrawnField, draw, type FieldInput } from '../fields.ts'

/** What a form was sent with: each field once, as text (src/http/forms/forms.ts). */
export type Fields = Record<string, string>

/** How a kind of field is drawn, read from what a form was sent with, and filled in. */
interface Control<Shape extends Input> {
  /** How the form asks for it. @param values what the form is filled with */
  input(input: Shape, field: FormField, values: Fields): FieldInput
  /** What was entered, for the service to judge; null unsets the field. */
  read(sent: Fields, field: FormField, input: Shape): unknown
  /** A stored value as it is entered. */
  show(value: unknown, field: FormField, input: Shape): Fields
  /** A stored value as the page of the client tells it; none where there is nothing to tell. */
  tell(value: unknown, input: Shape): string[]
  /** Whether what is told are values to copy. */
  code?: true
}

/** The text of a control whose browser sends one always. */
const textOf = (sent: Fields, { name, form }: FormField): unknown =>
  form.required ? (sent[name] ?? '') : sent[name]?.trim() || null

const showText = (value: unknown, { name }: FormField): Fields => ({ [name]: String(value ?? '') })

const showBox = (value: unknown, { name }: FormField): Fields => (value === true ? { [name]: 'on' } : {})

const tellText = (value: unknown): string[] => [value].flat().map(String)

const tellChoices = (value: unknown, { choices }: { choices: readonly Choice[] }): string[] =>
  tellText(value).map(
    (each) => choices.find(({ value: own, also }) => own === each || also === each)?.label ?? each,
  )

const boxInput = (_input: Input, { name }: FormField, values: Fields): FieldInput => ({
  kind: 'check',
  checked: Object.hasOwn(values, name),
})

/** The lines of a text that are not empty. */
export const linesOf = (text = ''): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** A JWK Set, also out of a single JWK. What is no JSON stays as it is, for the service to reject. */
export function jwksOf(text: string): unknown {
  try {
    return asKeySet(JSON.parse(text))
  } catch {
    return text
  }
}

/** Ticked boxes have names of their own, `prefix.value`: a form of ours holds no field twice. */
export const tickedOf = (sent: Fields, prefix: string): string[] =>
  Object.keys(sent).flatMap((name) => (name.startsWith(`${prefix}.`) ? [name.slice(prefix.length + 1)] : []))

/** Scopes of a field, as they are written and as their boxes are ticked. */
export const scopesOf = (sent: Fields, name: string): string[] => [
  ...new Set([...(sent[name] ?? '').split(/\s+/).filter(Boolean), ...tickedOf(sent, name)]),
]

const CONTROLS: { readonly [Kind in Input['kind']]: Control<Extract<Input, { kind: Kind }>> } = {
  text: {
    input: ({ maxLength }) => ({ kind: 'text', maxlength: maxLength }),
    read: textOf,
    show: showText,
    tell: tellText,
  },
  url: {
    input: () => ({ kind: 'text', type: 'url' }),
    read: textOf,
    show: showText,
    tell: tellText,
    code: true,
  },
  scopes: {
    input: () => ({ kind: 'text', plain: true }),
    // Those of APIs have boxes, every other one is written.
    read: (sent, { name }) => scopesOf(sent, name).join(' ') || null,
    show: showText,
    tell: tellText,
    code: true,
  },
  choice: {
    input: ({ choices }) => ({ kind: 'choice', options: choices }),
    read: textOf,
    show: showText,
    tell: tellChoices,
  },
  lines: {
    input: ({ rows }) => ({ kind: 'lines', rows }),
    read(sent, { name, always }) {
      const lines = linesOf(sent[name])
      return lines.length === 0 && !always ? null : lines
    },
    show: (value, { name }) => ({ [name]: ((value ?? []) as string[]).join('\n') }),
    tell: tellText,
    code: true,
  },
  boxes: {
    input: ({ prefix, choices }, _field, values) => ({
      kind: 'boxes',
      boxes: choices.map(({ value, label }) => {
        const name = `${prefix}.${value}`
        return { name, label, checked: Object.hasOwn(values, name) }
      }),
    }),
    read(sent, { always }, { prefix }) {
      const ticked = tickedOf(sent, prefix)
      return ticked.length === 0 && !always ? null : ticked
    },
    show: (value, _field, { prefix }) =>
      Object.fromEntries(((value ?? []) as string[]).map((each) => [`${prefix}.${each}`, 'on'])),
    tell: tellChoices,
  },
  check: {
    input: boxInput,
    read: (sent, { name }) => sent[name] !== undefined || null,
    show: showBox,
    tell: (value) => (value === true ? [t('admin.clients.facts.yes')] : []),
  },
  switch: {
    input: boxInput,
    read: (sent, { name }) => sent[name] !== undefined,
    show: showBox,
    tell: (value) => [t(value === true ? 'admin.clients.facts.yes' : 'admin.clients.facts.no')],
  },
  seconds: {
    input: () => ({ kind: 'text', inputmode: 'numeric' }),
    read(sent, field) {
      const text = textOf(sent, field)
      return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : text
    },
    show: showText,
    tell: tellText,
  },
  written: {
    input: ({ rows }) => ({ kind: 'lines', rows }),
    read(sent, { name }, { read }) {
      const lines = linesOf(sent[name])
      return lines.length === 0 ? null : read(lines)
    },
    show: (value, { name }, { write }) => ({ [name]: write(value).join('\n') }),
    tell: (value, { write }) => write(value),
  },
  keys: {
    input: () => ({ kind: 'lines', rows: 6 }),
    read: (sent, { name }) => (sent[name]?.trim() ? jwksOf(sent[name]) : null),
    show: (value, { name }) => ({ [name]: value === undefined ? '' : JSON.stringify(value, null, 2) }),
    tell: (value) =>
      (value as { keys: Record<string, string>[] }).keys.map(({ kid, kty, crv, alg }) =>
        [kid, kty, crv, alg].filter(Boolean).join(' '),
      ),
    code: true,
  },
}

/** The control of a field, for its own kind of input. */
const controlOf = ({ input }: FormField): Control<Input> => CONTROLS[input.kind] as Control<Input>

/** All fields of a form. */
export const fieldsIn = (form: readonly FormSection[]): FormField[] =>
  form.flatMap(({ fields, folded }) => [...fields, ...(folded?.fields ?? [])])

/** What was entered into a field. */
export const readField = (field: FormField, sent: Fields): unknown =>
  controlOf(field).read(sent, field, field.input)

/** A stored value, as the form is filled with it. */
export const showField = (field: FormField, value: unknown): Fields =>
  controlOf(field).show(value, field, field.input)

/** A stored value as the page of the client tells it; undefined: it is not set. */
export const tellField = (field: FormField, value: unknown): { values: string[]; code?: boolean } => ({
  values: value === undefined || value === null ? [] : controlOf(field).tell(value, field.input),
  code: controlOf(field).code === true,
})

export interface DrawnSection {
  id: string
  heading: string
  open: boolean
  fields: DrawnField[]
  folded?: { heading: string; open: boolean; fields: DrawnField[] }
}

/** An API as the form offers its scopes. */
export interface OfferedApi {
  name: string
  scope: string
}

/** The scopes of a client: those of APIs have boxes, a group an API; every other one is written. */
function drawnScopes(field: FormField, values: Fields, apis: readonly OfferedApi[]): DrawnField[] {
  const { name, form } = field
  const chosen = scopesOf(values, name)
  const offered = new Set<string>()
  const groups = apis.flatMap((api, index) => {
    // A scope that two APIs have is one scope, and one box.
    const own = api.scope.split(' ').filter((scope) => scope !== '' && !offered.has(scope))
    for (const scope of own) offered.add(scope)
    if (own.length === 0) return []
    const boxes = own.map((scope) => ({
      name: `${name}.${scope}`,
      label: scope,
      checked: chosen.includes(scope),
    }))
    const label = t('admin.clients.edit.scopesOf', { api: api.name })
    return [draw({ name: `${name}-api-${index}`, label }, { kind: 'boxes', boxes })]
  })
  const hint = [form.hint, offered.size > 0 ? t('admin.clients.edit.scopesBelow') : undefined]
  const text = draw(
    { name, label: form.label, hint: hint.filter(Boolean).join(' '), optional: form.required !== true },
    controlOf(field).input(field.input, field, values),
  )
  return [text, ...groups]
}

/** What the controls of the form are filled with: of scopes, those that no API has a box for. */
export function writtenValues(
  form: readonly FormSection[],
  values: Fields,
  apis: readonly OfferedApi[],
): Fields {
  const offered = new Set(apis.flatMap(({ scope }) => scope.split(' ')))
  const written = fieldsIn(form)
    .filter(({ input }) => input.kind === 'scopes')
    .map(({ name }) => [
      name,
      scopesOf(values, name)
        .filter((scope) => !offered.has(scope))
        .join(' '),
    ])
  return { ...values, ...Object.fromEntries(written) }
}

/**
 * The form as the page draws it. Its first section is open, and each with one of `marked`; what is folded away in one, if something there is
 * set or marked.
 * @param marked names of fields that are wrong, were changed by another administrator, or are asked for @param apis whose scopes have boxes
 */
export function drawnForm(
  form: readonly FormSection[],
  values: Fields,
  marked: ReadonlySet<string>,
  apis: readonly OfferedApi[],
): DrawnSection[] {
  const drawn = (field: FormField): DrawnField[] =>
    field.input.kind === 'scopes'
      ? drawnScopes(field, values, apis)
      : [
          draw(
            {
              name: field.name,
              label: field.form.label,
              hint: field.form.hint,
              optional: field.form.required !== true,
            },
            controlOf(field).input(field.input, field, values),
          ),
        ]
  return form.map(({ id, heading, fields, folded }, index) => ({
    id,
    heading,
    open: index === 0 || [...fields, ...(folded?.fields ?? [])].some(({ name }) => marked.has(name)),
    fields: fields.flatMap(drawn),
    ...(folded && {
      folded: {
        heading: folded.heading,
        open: folded.fields.some(({ name }) => values[name] || marked.has(name)),
        fields: folded.fields.flatMap(drawn),
      },
    }),
  }))
}
