/** What the operations about an organization that a person manages have in common. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ApiContext } from './context.ts'
import { text } from './fields.ts'
import { requireManager } from './owner.ts'

export const organizationTag = 'Organizations'
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().optional().meta({ description: 'Absent on the last page.' }),
  })
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).optional().meta({ description: '50 unless given.' }),
  cursor: z.string().max(4000).optional().meta({ description: '`next_cursor` of the page before.' }),
})
export const organizationId = z.object({ id: z.string().max(100) })
export const PROOF = 'It needs `current_password`, unless the sign-in is fresh.'
export const READ_ONE = [401, 403, 404, 429, 503] as const
export const CHANGE = [401, 403, 404, 409, 429, 503] as const

export const givenRoles = z
  .array(text(100), { error: 'Send a list of names.' })
  .max(100)
  .meta({ description: 'Those among `givable`.' })

export const isoTime = (at: number) => new Date(at).toISOString()

/** The path of one. */
export const ONE = '/me/organizations/:id'

/** The person who sends a request, who manages the organization and has proven it to be them. @throws as `requireManager` */
export const managerOf =
  (deps: ApiContext['deps']) => (request: FastifyRequest, id: string, password: string | undefined) =>
    requireManager(deps, request, password, (accountId) =>
      deps.organizations.managing.organization(accountId, id),
    )
