import { t } from '../../../shared/locales/texts.ts'

/** One value as it is shown: several lines for a list, each with whether the other side lacks it. */
export type Side = { text: string; changed: boolean }[]

export interface ChangeRow {
  field: string
  before: Side
  after: Side
}

/** A change, field by field. What is in a field is taken apart: `resources.https://api.example`. */
export function changeRows(before: unknown, after: unknown): ChangeRow[] {
  const [old, now] = [flat(before), flat(after)]
  return [...new Set([...old.keys(), ...now.keys()])].map((field) => {
    const [was, is] = [linesOf(old.get(field)), linesOf(now.get(field))]
    return { field, before: against(was, is), after: against(is, was) }
  })
}

const against = (lines: string[], others: string[]): Side =>
  lines.map((text) => ({ text, changed: !others.includes(text) }))

/** Objects in objects become names with dots. */
function flat(value: unknown, prefix = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return prefix === '' ? new Map() : new Map([[prefix, value]])
  const fields = Object.entries(value).flatMap(([name, inner]) => [
    ...flat(inner, prefix === '' ? name : `${prefix}.${name}`),
  ])
  return new Map(fields)
}

function linesOf(value: unknown): string[] {
  if (value === undefined || value === null || value === '') return []
  if (Array.isArray(value))
    return value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
  return [typeof value === 'boolean' ? t(value ? 'admin.common.yes' : 'admin.common.no') : String(value)]
}
