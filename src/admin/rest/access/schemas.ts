import { z } from 'zod'
import type { NamedField } from '../../../access/fields/field.ts'
import { text, time, timestamp } from '../schemas.ts'

const answerOf = ({ absent, rest }: NamedField): z.ZodType => {
  const schema = absent ? z.string().optional() : z.string()
  return rest.answer === undefined ? schema : schema.meta({ description: rest.answer })
}

const named = <Value>(fields: readonly NamedField[], made: (field: NamedField) => Value) =>
  Object.fromEntries(fields.map((field) => [field.name, made(field)]))

/** A group or role as the administration API has it, in answers and bodies. The service judges what is sent. */
export const accessSchemas = (fields: readonly NamedField[], meta: { id: string; description: string }) => ({
  answer: z.object({ id: z.string(), ...named(fields, answerOf), created_at: timestamp }).meta(meta),
  body: z
    .looseObject(
      named(fields, ({ rest }) => text(rest.description, rest.example)),
      { error: 'Send a JSON object.' },
    )
    .meta({ examples: [named(fields, ({ rest }) => rest.example)] }),
})

/** What is answered of a group or role: its fields, and nothing that its service keeps for itself. */
export const accessView = (fields: readonly NamedField[], shown: { id: string; createdAt: number }) => ({
  id: shown.id,
  ...named(fields, ({ name }) => (shown as Readonly<Record<string, unknown>>)[name]),
  created_at: time(shown.createdAt),
})
