/** Values of attributes: what they may be, as they are stored, and as JSON and forms have them. */
import type { AttributeRules, AttributeValues } from '../shared/attribute-values.ts'
import { t } from '../shared/locales/texts.ts'
import { isRecord } from '../shared/own.ts'
import { line } from '../shared/text.ts'
import { refusedFields } from '../shared/validation-error.ts'
import type { Attribute } from './attributes.ts'
import type { AttributeType } from './table.ts'

const MAX_TEXT = 500
/** Of a list of texts. */
const MAX_ITEMS = 50

/** Why a value is refused. */
class Refused extends Error {}

const text = line(MAX_TEXT)
function textIn(value: unknown): string {
  const parsed = text.safeParse(value)
  if (!parsed.success) throw new Refused(parsed.error.issues[0]?.message ?? t('field.text'))
  return parsed.data
}

function dateIn(value: unknown): string {
  const date = textIn(value)
  const at = /^\d{4}-\d{2}-\d{2}$/.test(date) ? new Date(`${date}T00:00:00Z`) : undefined
  if (at === undefined || Number.isNaN(at.getTime()) || !at.toISOString().startsWith(date))
    throw new Refused(t('field.date'))
  return date
}

function numberIn(value: unknown): string {
  const number =
    typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value.trim()) ? Number(value.trim()) : value
  if (typeof number !== 'number' || !Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER)
    throw new Refused(t('field.number'))
  return String(number)
}

function booleanIn(value: unknown): string {
  if (value === true || value === 'true') return 'true'
  if (value === false || value === 'false') return 'false'
  throw new Refused(t('field.boolean'))
}

/** What is stored of a value that is not empty. */
const READ: Readonly<Record<AttributeType, (value: unknown, attribute: Attribute) => string[]>> = {
  string: (value) => [textIn(value)],
  number: (value) => [numberIn(value)],
  boolean: (value) => [booleanIn(value)],
  date: (value) => [dateIn(value)],
  one_of(value, { options }) {
    const chosen = textIn(value)
    if (!options.includes(chosen)) throw new Refused(t('field.oneOf', { options: options.join(', ') }))
    return [chosen]
  },
  strings(value) {
    if (!Array.isArray(value)) throw new Refused(t('field.list'))
    if (value.length > MAX_ITEMS) throw new Refused(t('field.atMostItems', { max: MAX_ITEMS }))
    return [...new Set(value.map(textIn).filter(Boolean))]
  },
}

const isEmpty = (value: unknown): boolean =>
  value === null ||
  (typeof value === 'string' && value.trim() === '') ||
  (Array.isArray(value) && value.length === 0)

/** @param live what is defined now */
export const createAttributeRules = (live: () => readonly Attribute[]): AttributeRules => ({
  changed(before, given, by) {
    if (!isRecord(given)) throw refusedFields({ attributes: t('attributes.byName') })
    const attributes = new Map(live().map((each) => [each.name, each]))
    // What was defined and is no more goes with the next change.
    const after = new Map(Object.entries(before).filter(([name]) => attributes.has(name)))
    const problems: Record<string, string> = {}
    for (const [name, value] of Object.entries(given)) {
      const attribute = attributes.get(name)
      if (value === undefined) continue
      if (attribute === undefined || (by === 'person' && attribute.visible_to !== 'user'))
        problems[`attributes.${name.slice(0, 50)}`] = t('attributes.unknown')
      else if (by === 'person' && attribute.editable_by !== 'user')
        problems[`attributes.${name}`] = t('attributes.notYours')
      else {
        try {
          const stored = isEmpty(value) ? [] : READ[attribute.type](value, attribute)
          if (stored.length === 0) after.delete(name)
          else after.set(name, stored)
        } catch (error) {
          if (!(error instanceof Refused)) throw error
          problems[`attributes.${name}`] = error.message
        }
      }
    }
    if (Object.keys(problems).length > 0) throw refusedFields(problems)
    return Object.fromEntries(after)
  },

  lists: () =>
    new Set(
      live()
        .filter(({ type }) => type === 'strings')
        .map(({ name }) => name),
    ),
})

export type AttributeValue = string | number | boolean | string[]

/** One text of a value as JSON has it. */
export const typed = (type: AttributeType, stored: string): string | number | boolean =>
  type === 'number' ? Number(stored) : type === 'boolean' ? stored === 'true' : stored

/** Values as JSON has them, by name; of what is not defined any more nothing. */
export const shownAttributes = (
  attributes: readonly Attribute[],
  values: AttributeValues,
): Record<string, AttributeValue> =>
  Object.fromEntries(
    attributes.flatMap(({ name, type }): [string, AttributeValue][] => {
      const stored = Object.hasOwn(values, name) ? values[name] : undefined
      if (stored === undefined) return []
      return [[name, type === 'strings' ? [...stored] : typed(type, stored[0] ?? '')]]
    }),
  )
