/** A group as administrators see it, and what one may be. */
import { z } from 'zod'
import { refusedFields, schemaProblems } from '../../shared/validation-error.ts'
import { descriptionSchema, nameSchema } from '../naming.ts'

/** People that belong together. */
export interface Group {
  id: string
  /** What apps are told, in the claim `groups`. */
  name: string
  description: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** Raised by each change. */
  version: number
}

/** A person in a group. */
export interface GroupMember {
  accountId: string
  username: string
  email: string | null
  /** Milliseconds since the epoch. */
  createdAt: number
}

export interface GroupContent {
  name: string
  description: string
}

const created = z.strictObject({ name: nameSchema, description: descriptionSchema.default('') })
const changed = created.extend({ description: descriptionSchema }).partial()

/** @throws ValidationError (invalid_fields, 422) with every problem at once */
export const parseGroup = (input: Readonly<Record<string, unknown>>): GroupContent => parse(created, input)

/** Fields that are left out stay. @throws ValidationError (invalid_fields, 422) with every problem at once */
export const parseGroupChanges = (
  input: Readonly<Record<string, unknown>>,
  before: GroupContent,
): GroupContent => {
  const { name = before.name, description = before.description } = parse(changed, input)
  return { name, description }
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: Readonly<Record<string, unknown>>,
): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw refusedFields(schemaProblems(parsed.error))
  return parsed.data
}
