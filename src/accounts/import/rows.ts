import type { AttributeRules } from '../../shared/attribute-values.ts'
import { AppError } from '../../shared/errors.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { recordsOf } from './csv.ts'
import { type Line, linesOf } from './lines.ts'
import { IMPORT_FIELDS } from './schema.ts'

export type ImportFormat = 'jsonl' | 'csv'

/** A row of a file, its fields not yet looked at. */
export interface RawRow {
  /** The line that it is on, or begins on. */
  line: number
  fields?: Readonly<Record<string, unknown>>
  problem?: string
}

/** @throws AppError import_unreadable (422) about the first line of a CSV file */
export function rowsOf(
  source: AsyncIterable<Uint8Array | string>,
  format: ImportFormat,
  attributes: AttributeRules,
): AsyncGenerator<RawRow> {
  return format === 'csv' ? csvRows(linesOf(source), attributes) : jsonRows(linesOf(source))
}

async function* jsonRows(lines: AsyncIterable<Line>): AsyncGenerator<RawRow> {
  for await (const { number: line, text, problem } of lines) {
    if (text === undefined) yield { line, problem: problem ?? 'cannot be read' }
    else if (text.trim() !== '') yield { line, ...parsed(text) }
  }
}

/** The words of the parser quote the line, and with it a hash. */
function parsed(text: string): Pick<RawRow, 'fields' | 'problem'> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { fields: value as Record<string, unknown> }
  } catch {
    return { problem: 'is not JSON' }
  }
  return { problem: 'is not a JSON object' }
}

async function* csvRows(lines: AsyncIterable<Line>, attributes: AttributeRules): AsyncGenerator<RawRow> {
  let header: string[] | undefined
  const lists = attributes.lists()
  for await (const { number: line, values, problem } of recordsOf(lines)) {
    if (header === undefined) header = headerOf(values, attributes, problem)
    else if (values === undefined) yield { line, problem: problem ?? 'cannot be read' }
    else if (values.length !== header.length)
      yield { line, problem: `has ${values.length} fields, and the first line names ${header.length}` }
    else yield { line, fields: fieldsOf(header, values, lists) }
  }
}

function headerOf(
  values: string[] | undefined,
  attributes: AttributeRules,
  problem = 'is missing',
): string[] {
  if (values === undefined) throw unreadable(`The first line ${problem}.`)
  const names = values.map((name) => name.trim())
  const unknown = names.filter((name) => !IMPORT_FIELDS.includes(name) && !isAttribute(name, attributes))
  if (unknown.length > 0)
    throw unreadable(
      `The first line must name the fields; ${unknown.map((name) => `“${name.slice(0, 40)}”`).join(', ')} is none of ${IMPORT_FIELDS.join(', ')}, and no ${ATTRIBUTES}NAME of an attribute that is defined.`,
    )
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  if (twice.length > 0) throw unreadable(`The first line names ${twice.join(', ')} twice.`)
  return names
}

const unreadable = (message: string): AppError => new AppError('import_unreadable', 422, message)

const SWITCHES: ReadonlySet<string> = new Set(['email_verified', 'phone_number_verified', 'disabled'])
const TRUTH = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])
const truthOf = (value: string): boolean | string => TRUTH.get(value.toLowerCase()) ?? value

const ADDRESS = 'address.'
const ATTRIBUTES = 'attributes.'

/** Whether a column is of an attribute that is defined: emptying it is refused of no other. */
function isAttribute(column: string, attributes: AttributeRules): boolean {
  if (!column.startsWith(ATTRIBUTES)) return false
  try {
    attributes.changed({}, { [column.slice(ATTRIBUTES.length)]: null }, 'administrator')
    return true
  } catch (error) {
    if (error instanceof ValidationError) return false
    throw error
  }
}

const listIn = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

/** CSV knows text only, and nothing that is absent. */
function fieldsOf(
  names: readonly string[],
  values: readonly string[],
  lists: ReadonlySet<string>,
): Record<string, unknown> {
  const given = names.flatMap((name, index): [string, unknown][] => {
    const value = values[index] ?? ''
    if (value === '') return []
    if (SWITCHES.has(name)) return [[name, truthOf(value)]]
    if (name === 'created_at' && /^\d{1,12}$/.test(value)) return [[name, Number(value)]]
    return [[name, value]]
  })
  const below = (prefix: string) =>
    given.flatMap(([name, value]): [string, unknown][] =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    )
  const address = below(ADDRESS)
  const attributes = below(ATTRIBUTES).map(([name, value]): [string, unknown] => [
    name,
    lists.has(name) ? listIn(String(value)) : value,
  ])
  const others = given.filter(([name]) => !name.startsWith(ADDRESS) && !name.startsWith(ATTRIBUTES))
  return {
    ...Object.fromEntries(others),
    ...(address.length > 0 && { address: Object.fromEntries(address) }),
    ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) }),
  }
}
