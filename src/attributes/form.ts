/** Values of attributes in forms of the console and of a person's account: a control each, by its type, under the name `attributes.NAME`. */
import type { AttributeValues } from '../shared/attribute-values.ts'
import { t } from '../shared/locales/texts.ts'
import { dayOf } from '../shared/moment.ts'
import type { Attribute } from './attributes.ts'

type By = 'administrator' | 'person'

export interface AttributeControl {
  /** Of the field of the form. */
  name: string
  label: string
  hint: string | undefined
  kind: 'text' | 'lines' | 'choice'
  type?: 'date'
  inputmode?: 'decimal'
  options?: { value: string; label: string }[]
}

export interface AttributeForm {
  /** What `by` may change, in the order of the names. */
  controls(by: By, values: AttributeValues): AttributeControl[]
  /** What the controls are filled with. */
  filled(by: By, values: AttributeValues): Record<string, string>
  /**
   * What was changed in a form, as the rules take it. What `by` has no control for is said too: the rules refuse it. Nothing of the form
   * is not there: undefined.
   */
  entered(by: By, sent: unknown, before: AttributeValues): Record<string, unknown> | undefined
  /** What a person sees and does not change, and for administrators all of it, in words. */
  shown(by: By, values: AttributeValues): { label: string; value: string }[]
  /** To choose one from. */
  names(): { value: string; label: string }[]
}

const PREFIX = 'attributes.'
const yesNo = () => [
  { value: 'true', label: t('attributes.yes') },
  { value: 'false', label: t('attributes.no') },
]
const AUDIENCE = {
  administrators: 'attributes.audience.administrators',
  seen: 'attributes.audience.seen',
  user: 'attributes.audience.user',
} as const

export function createAttributeForm(live: () => readonly Attribute[]): AttributeForm {
  const changes = (by: By, { editable_by, visible_to }: Attribute): boolean =>
    by === 'administrator' || (editable_by === 'user' && visible_to === 'user')
  const sees = (by: By, { visible_to }: Attribute): boolean => by === 'administrator' || visible_to === 'user'
  const own = (values: AttributeValues, name: string) =>
    Object.hasOwn(values, name) ? values[name] : undefined
  const textOf = (values: AttributeValues, { name, type }: Attribute): string =>
    (own(values, name) ?? []).join(type === 'strings' ? '\n' : ', ')

  return {
    controls: (by, values) =>
      live()
        .filter((attribute) => changes(by, attribute))
        .map((attribute) => ({
          name: PREFIX + attribute.name,
          label: attribute.label || attribute.name,
          ...controlOf(attribute, textOf(values, attribute)),
          hint: hintOf(by, attribute),
        })),

    filled: (by, values) =>
      Object.fromEntries(
        live()
          .filter((attribute) => changes(by, attribute))
          .map((attribute) => [PREFIX + attribute.name, textOf(values, attribute)]),
      ),

    entered(by, sent, before) {
      const attributes = new Map(live().map((each) => [each.name, each]))
      const fields = Object.entries(sent ?? {}).filter(
        (field): field is [string, string] => field[0].startsWith(PREFIX) && typeof field[1] === 'string',
      )
      const entries = fields.flatMap(([field, text]): [string, unknown][] => {
        const name = field.slice(PREFIX.length)
        const attribute = attributes.get(name)
        // Compared with nothing that is not theirs to see: the answer would say whether it was guessed.
        if (attribute === undefined || !changes(by, attribute)) return [[name, text]]
        if (linesOf(text).join('\n') === linesOf(textOf(before, attribute)).join('\n')) return []
        return [[name, attribute.type === 'strings' ? linesOf(text) : text]]
      })
      return entries.length === 0 ? undefined : Object.fromEntries(entries)
    },

    shown: (by, values) =>
      live()
        .filter((each) => sees(by, each) && (by === 'administrator' || !changes(by, each)))
        .flatMap((attribute) => {
          const stored = own(values, attribute.name)
          if (stored === undefined) return []
          return [{ label: attribute.label || attribute.name, value: wordsOf(attribute, stored) }]
        }),

    names: () => live().map(({ name, label }) => ({ value: name, label: label || name })),
  }
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

const wordsOf = ({ type }: Attribute, stored: readonly string[]): string =>
  stored
    .map((text) => {
      if (type === 'boolean') return yesNo().find(({ value }) => value === text)?.label ?? text
      return type === 'date' ? dayOf(new Date(text)) : text
    })
    .join(', ')

function controlOf(
  { type, options }: Attribute,
  text: string,
): Pick<AttributeControl, 'kind' | 'type' | 'inputmode' | 'options'> {
  const choice = (all: { value: string; label: string }[]) => ({
    kind: 'choice' as const,
    options: [
      { value: '', label: t('attributes.notSaid') },
      ...all,
      // A choice that is offered no more stays what it is until another one is made.
      ...(text === '' || all.some(({ value }) => value === text)
        ? []
        : [{ value: text, label: t('attributes.gone', { choice: text }) }]),
    ],
  })
  if (type === 'boolean') return choice(yesNo())
  if (type === 'one_of') return choice(options.map((value) => ({ value, label: value })))
  if (type === 'strings') return { kind: 'lines' }
  if (type === 'date') return { kind: 'text', type: 'date' }
  return { kind: 'text', ...(type === 'number' && { inputmode: 'decimal' }) }
}

function hintOf(by: By, { type, editable_by, visible_to }: Attribute): string | undefined {
  const how = type === 'strings' ? t('attributes.lines') : undefined
  if (by === 'person') return how
  const who = t(AUDIENCE[visible_to !== 'user' ? 'administrators' : editable_by === 'user' ? 'user' : 'seen'])
  return how === undefined ? who : `${how} ${who}`
}
