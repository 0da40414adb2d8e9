import { z } from 'zod'
import type { ScimToken } from '../../scim/tokens/tokens.ts'
import type { RestContext } from './context.ts'
import { callerOf } from './guard.ts'
import { createOnce } from './idempotency.ts'
import { refuseScimTokens } from './machine.ts'
import { operation } from './operation.ts'
import { field, idParams, text, time, timeOrNull, timestamp } from './schemas.ts'

const area = 'SCIM tokens' as const

const token = z
  .object({
    id: z.string(),
    name: z.string().meta({ description: 'Of the directory: the audit log says it.', examples: ['Entra'] }),
    organization: z
      .string()
      .nullable()
      .meta({ description: 'The ID of the organization that it is for; null: the whole server.' }),
    created_at: timestamp,
    last_used_at: timestamp.nullable().meta({ description: 'To the minute; null: never.' }),
  })
  .meta({ id: 'ScimToken', description: 'What a directory shows at /scim/v2, without the token.' })

const made = token
  .extend({ token: z.string().meta({ description: 'Shown this once.' }) })
  .meta({ id: 'NewScimToken' })

const body = z
  .looseObject(
    {
      name: text(
        'The directory. Two tokens of one name may be there, so that one can follow the other.',
        'Entra',
      ),
      organization: field(
        { type: ['string', 'null'] },
        'The ID or short name of an organization, whose members and roles alone it sees and changes. null, or left out: the whole server.',
      ),
    },
    { error: 'Send a JSON object.' },
  )
  .meta({ examples: [{ name: 'Entra' }] })

const listTokens = operation({
  id: 'listScimTokens',
  area,
  needs: 'scim_token.read',
  summary: 'List SCIM tokens',
  safe: true,
  answers: [200, 'Oldest first.', z.object({ items: z.array(token) })],
})
const showToken = operation({
  id: 'getScimToken',
  area,
  needs: 'scim_token.read',
  summary: 'Show a SCIM token',
  safe: true,
  params: idParams,
  answers: [200, 'The token.', token],
})
const createToken = operation({
  id: 'createScimToken',
  area,
  needs: 'scim_token.create',
  summary: 'Create a SCIM token',
  description: 'For people alone: a client that acts for itself cannot.',
  once: true,
  body,
  problems: [409],
  answers: [201, 'Created. `token` is shown this once.', made],
})
const changeToken = operation({
  id: 'changeScimToken',
  area,
  needs: 'scim_token.update',
  summary: 'Rename a SCIM token',
  description:
    'The name is that of the directory: a second token of this name is renamed too, and what the directory calls people and groups stays known.',
  params: idParams,
  body: z
    .looseObject({ name: text('The directory.', 'Entra').optional() }, { error: 'Send a JSON object.' })
    .meta({ examples: [{ name: 'Entra' }] }),
  answers: [200, 'The token as it is now.', token],
})
const deleteToken = operation({
  id: 'deleteScimToken',
  area,
  needs: 'scim_token.delete',
  summary: 'Delete a SCIM token',
  description: 'It works no more. Users and groups stay.',
  params: idParams,
  answers: [204, 'Deleted.'],
})

const view = ({ id, name, organization, createdAt, lastUsedAt }: ScimToken): z.input<typeof token> => ({
  id,
  name,
  organization,
  created_at: time(createdAt),
  last_used_at: timeOrNull(lastUsedAt),
})

/** `/scim-tokens` */
export function scimTokenRoutes({ app, deps }: RestContext): void {
  const { scimTokens: tokens } = deps
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)

  app.get('/scim-tokens', { ...listTokens, ...limit }, async () => ({
    items: (await tokens.list()).map(view),
  }))

  app.get('/scim-tokens/:id', { ...showToken, ...limit }, async (request) =>
    view(await tokens.get(request.params.id)),
  )

  app.post('/scim-tokens', { ...createToken, ...limit }, async (request, reply) => {
    refuseScimTokens(callerOf(request))
    return once(request, reply, async () => {
      const created = await tokens.create(request.body)
      return { headers: {}, body: { ...view(created), token: created.token } }
    })
  })

  app.patch('/scim-tokens/:id', { ...changeToken, ...limit }, async (request) =>
    view(await tokens.update(request.params.id, request.body)),
  )

  app.delete('/scim-tokens/:id', { ...deleteToken, ...limit }, async (request, reply) => {
    await tokens.remove(request.params.id)
    return reply.code(204).send()
  })
}
