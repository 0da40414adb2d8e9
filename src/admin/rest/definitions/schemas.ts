import { z } from 'zod'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { field, time, timestamp } from '../schemas.ts'

const ANSWERS = {
  line: z.string(),
  choice: z.string(),
  lines: z.array(z.string()),
  choices: z.array(z.string()),
  pairs: z.record(z.string(), z.string()),
} as const

const BODIES = {
  line: { type: 'string' },
  choice: { type: 'string' },
  lines: { type: 'array', items: { type: 'string' } },
  choices: { type: 'array', items: { type: 'string' } },
  pairs: { type: 'object', additionalProperties: { type: 'string' } },
} as const

const named = <Value>(
  fields: readonly NamedDefinitionField[],
  made: (field: NamedDefinitionField) => Value,
): Record<string, Value> => Object.fromEntries(fields.map((each) => [each.name, made(each)]))

const stringsOf = ({ choices, kind }: NamedDefinitionField) =>
  kind === 'choice' && choices ? { type: 'string', enum: Object.keys(choices) } : BODIES[kind]

/** A definition as the administration API has it, in answers and bodies. The service judges what is sent. */
export const definitionSchemas = (
  fields: readonly NamedDefinitionField[],
  meta: { id: string; description: string },
) => ({
  answer: z
    .object({
      id: z.string(),
      ...named(fields, (each): z.ZodType => ANSWERS[each.kind].meta({ description: each.rest.description })),
      created_at: timestamp,
    })
    .meta(meta),
  body: z
    .looseObject(
      named(fields, (each) => field(stringsOf(each), each.rest.description, each.rest.example)),
      { error: 'Send a JSON object.' },
    )
    .meta({ examples: [named(fields, ({ rest }) => rest.example)] }),
})

/** What is answered of a definition. */
export const definitionView = (
  fields: readonly NamedDefinitionField[],
  shown: { id: string; createdAt: number },
) => ({
  id: shown.id,
  ...named(fields, ({ name }) => (shown as Readonly<Record<string, unknown>>)[name]),
  created_at: time(shown.createdAt),
})
