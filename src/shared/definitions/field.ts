/** One field of what an administrator defines, with all that is said of it to people and programs. */
import { z } from 'zod'
import { t } from '../locales/texts.ts'
import { refusedFields, schemaProblems } from '../validation-error.ts'

/**
 * How a value is written. In JSON: `line` and `choice` text, `lines` and `choices` a list of texts, `pairs` an object of texts. In forms: `lines`
 * one a line, `pairs` one a line with “=” between both. On the command line: lists and pairs by an option that is repeated.
 */
export type FieldKind = 'line' | 'choice' | 'lines' | 'choices' | 'pairs'

export interface DefinitionField {
  kind: FieldKind
  /** Of `choice` and `choices`: what each value is in words. */
  choices?: Readonly<Record<string, string>>
  /** Of `choices`: the heading that a value stands below in a form; those of one stand together. */
  headingOf?(value: string): string
  /** What a value may be; where it is left out, what counts then. Each issue has a sentence that says what is right. */
  schema: z.ZodType
  /** It stays what it was created with. */
  fixed?: true
  /** It has to be said. */
  required?: true
  form: { label: string; hint: string }
  rest: { description: string; example: unknown }
  option: { flags: string; description: string }
}

export type NamedDefinitionField = DefinitionField & { name: string }

export type DefinitionFields = Readonly<Record<string, DefinitionField>>

/** What a definition says, by its fields. */
export type ContentOf<Fields extends DefinitionFields> = {
  [Name in keyof Fields]: z.output<Fields[Name]['schema']>
}

/** Every field with its name, in the order in which fields are shown. */
export const namedFields = (fields: DefinitionFields): NamedDefinitionField[] =>
  Object.entries(fields).map(([name, field]) => ({ ...field, name }))

/**
 * Parses what was said of something new, or of something that exists, whose fields stay where they are left out; null is as left out of something new.
 * @throws ValidationError (invalid_fields, 422) with every problem at once
 */
export function parseDefinition<Fields extends DefinitionFields>(
  fields: Fields,
  input: Readonly<Record<string, unknown>>,
  before?: ContentOf<Fields>,
): ContentOf<Fields> {
  const said = Object.entries(input).filter(([, value]) => value !== undefined)
  const given = { ...before, ...Object.fromEntries(said.map(([name, value]) => [name, value ?? undefined])) }
  const shape = Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema]))
  const parsed = z.strictObject(shape).safeParse(given)
  if (!parsed.success) throw refusedFields(schemaProblems(parsed.error))
  const content = parsed.data as ContentOf<Fields>
  const moved = Object.entries(fields).filter(
    ([name, { fixed }]) => fixed && before && JSON.stringify(content[name]) !== JSON.stringify(before[name]),
  )
  if (moved.length > 0)
    throw refusedFields(
      Object.fromEntries(moved.map(([name]) => [name, t('admin.definitions.problem.fixed')])),
    )
  return content
}

/** A value as a form has it; of `choices` the ticked ones, separated by spaces. */
export function textOf({ kind }: DefinitionField, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (kind === 'lines') return (value as string[]).join('\n')
  if (kind === 'choices') return (value as string[]).join(' ')
  if (kind === 'pairs')
    return Object.entries(value as Record<string, string>)
      .map(([from, to]) => `${from} = ${to}`)
      .join('\n')
  return String(value)
}

/** What was entered, as JSON has it. @param entered what a form sent, or the command line was given: of a list each by itself, or one a line */
export function valueIn({ kind }: DefinitionField, entered: string | readonly string[]): unknown {
  const entries = [entered]
    .flat()
    .flatMap((text) => text.split('\n'))
    .map((text) => text.trim())
    .filter(Boolean)
  if (kind === 'lines' || kind === 'choices') return entries
  if (kind === 'pairs')
    return Object.fromEntries(
      entries.map((entry) => {
        const [from = '', ...to] = entry.split('=')
        return [from.trim(), to.join('=').trim()]
      }),
    )
  const [text = ''] = entries
  return text === '' ? null : text
}

/** As `textOf`, for people: in one line. */
export const shownText = (field: DefinitionField, value: unknown): string => {
  const words = (each: string) => field.choices?.[each] ?? each
  if (field.kind === 'choice') return words(String(value))
  if (field.kind === 'choices') return (value as string[]).map(words).join(', ')
  return textOf(field, value).replaceAll('\n', ', ')
}
