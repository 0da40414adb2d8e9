import { z } from 'zod'
import { problemSchema } from './errors/problem.ts'

/** What an operation of an API says of itself. Validation, serialization and documentation all come from it. */
export interface Operation<
  Success extends number,
  Schema extends z.ZodType,
  Body extends z.ZodType,
  Params extends z.ZodType,
  Query extends z.ZodType,
> {
  /** `operationId`. */
  id: string
  summary: string
  description?: string
  /** A GET, which takes no body. */
  safe?: true
  body?: Body
  params?: Params
  query?: Query
  /** Of a success; without a schema it has no body of JSON. */
  answers: readonly [status: Success, description: string, schema?: Schema]
}

/** What an API adds to its operations. */
interface Surroundings {
  tag: string
  /** Instead of the operation's own. */
  description?: string | undefined
  /** Problems that it can answer with, in words, by status. */
  problems: Readonly<Record<number, string>>
  security?: Record<string, string[]>[] | undefined
  headers?: z.ZodType | undefined
  /** Where a redirect (303) leads, if the answer can be one. */
  redirects?: string | undefined
}

/** What Fastify needs of an operation, but for the `config` of its route. */
export function routeOptions<
  Success extends number,
  Schema extends z.ZodType,
  Body extends z.ZodType,
  Params extends z.ZodType,
  Query extends z.ZodType,
>(operation: Operation<Success, Schema, Body, Params, Query>, surroundings: Surroundings) {
  const { id, summary, body, params, query, answers } = operation
  const { tag, description = operation.description, problems, security, headers, redirects } = surroundings
  const [status, about, schema] = answers
  const response: Record<number, unknown> = {
    [status]: schema
      ? { description: about, content: { 'application/json': { schema } } }
      : z.undefined().describe(about),
    ...(redirects !== undefined && { 303: z.undefined().describe(redirects) }),
    ...Object.fromEntries(
      Object.entries(problems).map(([problem, words]) => [
        problem,
        { description: words, content: { 'application/problem+json': { schema: problemSchema } } },
      ]),
    ),
  }
  const schemas = {
    operationId: id,
    summary,
    tags: [tag],
    ...(description !== undefined && { description }),
    ...(security && { security }),
    ...(body && { body }),
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(headers && { headers }),
    response,
  }
  return {
    // For types there always is a body: where none is described, it is unknown.
    schema: schemas as typeof schemas & { body: Body; params: Params; querystring: Query },
  }
}

/** Those of the words of an API that an operation needs. */
export const wordsOf = <Status extends number>(
  words: Readonly<Record<Status, string>>,
  statuses: readonly Status[],
): Record<number, string> => Object.fromEntries(statuses.map((status) => [status, words[status]]))
