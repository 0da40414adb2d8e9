import { z } from 'zod'
import { refusedFields, schemaProblems } from '../../shared/validation-error.ts'

/** One field of a group or role, with all that is said of it to people and programs. */
export interface AccessField {
  /** What a value may be; it is stored as text. Each issue has a sentence that says what is right. */
  schema: z.ZodType<string>
  /** How people enter it: a line, some scopes of its API, or the API itself. */
  input: 'line' | 'scopes' | 'api'
  /** It has to be said; any other is empty where it is not, and where null is said. */
  required?: true
  /** It stays what it was created with. */
  fixed?: true
  /** Empty means none: answers leave it out. */
  absent?: true
  /** In the console's form. */
  form: { label: string; hint: string }
  /** In the administration API. `answer`: what is said of it in answers. */
  rest: { description: string; example: string; answer?: string }
  /** On the command line. `changes`: what the option means to something that exists. */
  option: { flags: string; description: string; changes?: string }
  /** What pages and the command line call it where it is shown; its name, unless given. */
  shownAs?: string
  /** What stands there for none. */
  none?: string
}

export type AccessFields<Name extends string = string> = Readonly<Record<Name, AccessField>>

/** A row, for what is made of every one. */
export type NamedField<Name extends string = string> = AccessField & { name: Name }

/** What is stored: every field as text, empty where nothing was said. */
export type Content<Name extends string> = Record<Name, string>

const entriesOf = <Name extends string>(fields: AccessFields<Name>) =>
  Object.entries(fields) as [Name, AccessField][]

export const rowsOf = <Name extends string>(fields: AccessFields<Name>): NamedField<Name>[] =>
  entriesOf(fields).map(([name, field]) => ({ ...field, name }))

/**
 * Parses what was said of something new, or of something that exists, whose fields stay where they are left out.
 * @throws ValidationError (invalid_fields, 422) with every problem at once
 */
export function parseContent<Name extends string>(
  fields: AccessFields<Name>,
  input: Readonly<Record<string, unknown>>,
  before?: NoInfer<Content<Name>>,
): Content<Name> {
  const shape = entriesOf(fields).map(([name, { schema, required }]) => [
    name,
    required ? (before === undefined ? schema : schema.optional()) : schema.nullish(),
  ])
  const parsed = z.strictObject(Object.fromEntries(shape)).safeParse(input)
  if (!parsed.success) throw refusedFields(schemaProblems(parsed.error))
  const said: Record<string, unknown> = parsed.data
  const contentIn = (name: Name) =>
    said[name] === undefined ? (before?.[name] ?? '') : String(said[name] ?? '')
  return Object.fromEntries(
    Object.keys(fields).map((name) => [name, contentIn(name as Name)]),
  ) as Content<Name>
}

/** Its fields and nothing else: what a change is told of, and compared by. */
export const contentOf = <Name extends string>(
  fields: AccessFields<Name>,
  row: NoInfer<Content<Name>>,
): Content<Name> =>
  Object.fromEntries(Object.keys(fields).map((name) => [name, row[name as Name] ?? ''])) as Content<Name>

/** Its fields as they are shown: without those that are not there. */
export const shownContent = <Name extends string>(
  fields: AccessFields<Name>,
  row: NoInfer<Content<Name>>,
): Partial<Content<Name>> =>
  Object.fromEntries(
    entriesOf(fields)
      .filter(([name, { absent }]) => !(absent && row[name] === ''))
      .map(([name]) => [name, row[name]]),
  ) as Partial<Content<Name>>
