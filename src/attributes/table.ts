/**
 * The fields of an attribute, once. From a row follow its type, what may be said of it, the administration API, the console's form, the
 * options of the command line and YAML. What its values may be is in src/attributes/values.ts.
 */
import { z } from 'zod'
import { type DefinitionFields, namedFields } from '../shared/definitions/field.ts'
import { saying } from '../shared/locales/texts.ts'
import { line } from '../shared/text.ts'

const NAME = 'Use 1 to 50 lower-case letters, digits and underscores, beginning with a letter: cost_center.'
const name = saying('admin.attributes.problem.name')
const MAX_OPTIONS = 100
const MAX_OPTION = 100

export const TYPES = {
  string: 'Text',
  number: 'A number',
  boolean: 'Yes or no',
  date: 'A date',
  one_of: 'One of a list',
  strings: 'A list of texts',
} as const
export type AttributeType = keyof typeof TYPES

const AUDIENCES = { administrators: 'Administrators', user: 'The person too' } as const

const audience = (field: 'editable_by' | 'visible_to') => ({
  kind: 'choice' as const,
  choices: AUDIENCES,
  schema: z
    .enum(['administrators', 'user'], saying('admin.attributes.problem.audience'))
    .default('administrators'),
  form:
    field === 'editable_by'
      ? { label: 'Who changes it', hint: 'The person does on a page of their account.' }
      : {
          label: 'Who sees it',
          hint: 'In a download of their data, people get what is known of them in any case.',
        },
  rest: {
    description:
      field === 'editable_by'
        ? '`user`: the person may too, on a page of their account. Default `administrators`.'
        : '`user`: the person does, on a page of their account. Default `administrators`.',
    example: 'user',
  },
  option: {
    flags: field === 'editable_by' ? '--editable-by <who>' : '--visible-to <who>',
    description: `who ${field === 'editable_by' ? 'changes' : 'sees'} it: administrators (default) or user`,
  },
})

export const attributeFields = {
  name: {
    kind: 'line',
    fixed: true,
    required: true,
    schema: z.string(name).regex(/^[a-z][a-z0-9_]{0,49}$/, name),
    form: { label: 'Name', hint: `In files and APIs. ${NAME} It cannot be changed later.` },
    rest: { description: `${NAME} It cannot be changed.`, example: 'cost_center' },
    option: { flags: '--name <name>', description: 'in files and APIs, like cost_center' },
  },
  label: {
    kind: 'line',
    schema: line(100).default(''),
    form: { label: 'Label', hint: 'What pages call it; the name unless given.' },
    rest: { description: 'What pages call it; empty: the name.', example: 'Cost center' },
    option: { flags: '--label <text>', description: 'what pages call it' },
  },
  type: {
    kind: 'choice',
    choices: TYPES,
    fixed: true,
    schema: z
      .enum(
        Object.keys(TYPES) as [AttributeType],
        saying('admin.definitions.problem.choose', { choices: Object.keys(TYPES).join(', ') }),
      )
      .default('string'),
    form: { label: 'Type', hint: 'It cannot be changed later.' },
    rest: {
      description: `One of ${Object.keys(TYPES).join(', ')}; default \`string\`. It cannot be changed.`,
      example: 'one_of',
    },
    option: {
      flags: '--type <type>',
      description: `one of ${Object.keys(TYPES).join(', ')} (default string)`,
    },
  },
  options: {
    kind: 'lines',
    schema: z
      .array(
        line(MAX_OPTION).pipe(z.string().min(1, saying('admin.definitions.problem.empty'))),
        saying('field.list'),
      )
      .max(MAX_OPTIONS, saying('field.atMostItems', { max: MAX_OPTIONS }))
      .transform((options) => [...new Set(options)])
      .default([]),
    form: { label: 'Choices', hint: 'Of one of a list: one a line.' },
    rest: { description: 'What may be chosen, for the type `one_of`.', example: ['R&D', 'Sales'] },
    option: { flags: '--option <text>', description: 'a choice, for the type one_of; repeatable' },
  },
  editable_by: audience('editable_by'),
  visible_to: audience('visible_to'),
} as const satisfies DefinitionFields

export const ATTRIBUTE_FIELDS = namedFields(attributeFields)
