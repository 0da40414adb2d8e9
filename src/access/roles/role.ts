/** A role as administrators see it, and what one may be. */
import { z } from 'zod'
import { isScopeToken } from '../../shared/scope-token.ts'
import { type FieldProblem, refusedFields, schemaProblems } from '../../shared/validation-error.ts'
import { descriptionSchema, nameSchema } from '../naming.ts'

/** A named set of the scopes of one API; without an API, a name that apps are told. */
export interface Role {
  id: string
  /** What apps and APIs are told, in the claim `roles`. */
  name: string
  /** The resource indicator of its API; absent: it belongs to none. */
  resource?: string
  /** Space-separated, of the scopes of its API; absent: none. */
  scope?: string
  description: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** Raised by each change. */
  version: number
}

export interface RoleContent {
  name: string
  resource: string
  scope: string
  description: string
}

export const NO_API = 'There is no API with this identifier. Add it first.'

const MAX_SCOPE = 10_000

const scopeSchema = z
  .string('Enter scopes, separated by spaces.')
  .max(MAX_SCOPE, 'These are too many scopes.')
  .transform((text) => [...new Set(text.split(/\s+/).filter(Boolean))])
  .refine(
    (scopes) => scopes.every(isScopeToken),
    'Separate scopes by spaces, and leave out quotes and backslashes.',
  )
  .transform((scopes) => scopes.join(' '))

const created = z.strictObject({
  name: nameSchema,
  resource: z.string('Enter the identifier of an API.').trim().max(500).nullish(),
  scope: scopeSchema.nullish(),
  description: descriptionSchema.default(''),
})
const changed = created.extend({ name: nameSchema.optional(), description: descriptionSchema.optional() })

/**
 * @param scopeOf the scope values of an API, separated by spaces; undefined: there is no such API
 * @throws ValidationError (invalid_fields, 422) with every problem at once
 */
export async function parseRole(
  input: Readonly<Record<string, unknown>>,
  before: RoleContent | undefined,
  scopeOf: (resource: string) => Promise<string | undefined>,
): Promise<RoleContent> {
  const parsed = (before === undefined ? created : changed).safeParse(input)
  if (!parsed.success) throw refusedFields(schemaProblems(parsed.error))
  const { name, description, resource, scope } = parsed.data
  const content = {
    name: name ?? before?.name ?? '',
    description: description ?? before?.description ?? '',
    resource: resource === undefined ? (before?.resource ?? '') : (resource ?? ''),
    scope: scope === undefined ? (before?.scope ?? '') : (scope ?? ''),
  }
  const problems: FieldProblem[] = []
  if (before !== undefined && content.resource !== before.resource)
    problems.push({
      field: 'resource',
      message:
        'The API of a role cannot be changed: who has it would have it for another. Create a new role.',
    })
  const registered = content.resource === '' ? '' : await scopeOf(content.resource)
  if (registered === undefined) problems.push({ field: 'resource', message: NO_API })
  else {
    const known = new Set(registered.split(' '))
    const foreign = content.scope.split(' ').filter((each) => each !== '' && !known.has(each))
    if (foreign.length > 0)
      problems.push({
        field: 'scope',
        message:
          content.resource === ''
            ? 'Scopes belong to an API: name the API of this role, or leave the scopes out.'
            : `The API has no scope ${foreign.join(', ').slice(0, 200)}. Its scopes are ${registered.slice(0, 500)}.`,
      })
  }
  if (problems.length > 0) throw refusedFields(problems)
  return content
}
