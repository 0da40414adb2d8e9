import { z } from 'zod'
import { orFailed, requireMatch, sendEtag } from '../../../http/etag.ts'
import { AppError } from '../../../shared/errors.ts'
import { SCOPE_TEXTS } from '../../../shared/scope-descriptions.ts'
import { accessGuard } from '../access/guard.ts'
import type { RestContext } from '../context.ts'
import { createOnce } from '../idempotency.ts'
import { operation } from '../operation.ts'
import { pageQuery, sendPage } from '../paging.ts'
import { field, flag, idParams, pageOf, text } from '../schemas.ts'

const area = 'APIs' as const

const TOKENS =
  '`jwt`: the API verifies its access tokens by itself; one that was revoked counts there until it expires. `opaque`: it asks by introspection, and a revocation counts at once.'

const SCOPE_DESCRIPTIONS =
  'How people read its scopes on the pages that ask for them, by scope value. A scope that has none is shown by its own name. Scopes that are taken away take theirs with them.'
const BY_ROLE =
  'True: a person gets those of its scopes alone that their roles at this API give. Clients that act for themselves are not concerned.'
const CLAIMS =
  'Of `groups`, `roles`, `entitlements`, separated by spaces: what its JWT access tokens say of a person (RFC 9068 §2.2.3.1). Every client that gets such a token can read it.'

const resource = z
  .object({
    identifier: z.string(),
    name: z.string(),
    scope: z.string(),
    access_token_ttl: z.int().optional().meta({ description: 'Seconds; absent: the server’s default.' }),
    tokens: z.enum(['jwt', 'opaque']).meta({ description: TOKENS }),
    default_scopes: z.string().optional().meta({
      description: 'What a client gets that names the API and none of its scopes; absent: nothing.',
    }),
    scope_descriptions: z
      .record(
        z.string(),
        z.object({
          title: z.string().optional().meta({ description: SCOPE_TEXTS.title }),
          description: z.string().optional().meta({ description: SCOPE_TEXTS.description }),
          sensitive: z.boolean().optional().meta({ description: SCOPE_TEXTS.sensitive }),
        }),
      )
      .optional()
      .meta({ description: SCOPE_DESCRIPTIONS }),
    scopes_by_role: z.boolean().optional().meta({ description: BY_ROLE }),
    token_claims: z.string().optional().meta({ description: CLAIMS }),
  })
  .meta({ id: 'Resource', description: 'An API whose access tokens this server issues.' })

const changedResource = resource
  .extend({
    warnings: z
      .array(z.string())
      .optional()
      .meta({ description: 'What to know of it: a scope that another API has too. Nothing is wrong.' }),
  })
  .meta({ id: 'ChangedResource' })

const resourceBody = z
  .looseObject(
    {
      identifier: text(
        'Its resource indicator (RFC 8707), and the audience of its tokens.',
        'https://api.example',
      ),
      name: text('What people see on the consent page.'),
      scope: text('Scope values separated by spaces.', 'orders:read orders:write'),
      access_token_ttl: field({ type: 'integer' }, 'Lifetime of its access tokens in seconds.'),
      tokens: field({ type: 'string', enum: ['jwt', 'opaque'] }, TOKENS),
      default_scopes: text(
        'Those of its scopes that a client gets which names the API and none of them, as far as it is registered for them.',
        'orders:read',
      ),
      scope_descriptions: field(
        { type: 'object' },
        `${SCOPE_DESCRIPTIONS} The whole of it: what is left out is removed.`,
        {
          'orders:write': { title: 'Change your orders', description: 'Cancel them too.', sensitive: true },
        },
      ),
      scopes_by_role: flag(BY_ROLE),
      token_claims: text(CLAIMS, 'groups roles'),
    },
    { error: 'Send a JSON object.' },
  )
  .meta({ examples: [{ identifier: 'https://orders.example', scope: 'orders:read orders:write' }] })

const described = 'The `id` in the path is the identifier, percent-encoded.'

const listResources = operation({
  id: 'listResources',
  area,
  needs: 'resource.read',
  summary: 'List APIs',
  description: 'Newest first.',
  safe: true,
  query: pageQuery,
  answers: [200, 'A page; `Link` has the address of the next one.', pageOf(resource)],
  problems: [400],
})

const addResource = operation({
  id: 'addResource',
  area,
  needs: 'resource.create',
  summary: 'Add an API',
  once: true,
  body: resourceBody,
  answers: [201, 'Added.', changedResource],
})

const readResource = operation({
  id: 'readResource',
  area,
  needs: 'resource.read',
  summary: 'Read an API',
  description: described,
  safe: true,
  params: idParams,
  answers: [200, 'The API; `ETag` names its state.', resource],
})

const changeResource = operation({
  id: 'changeResource',
  area,
  needs: 'resource.update',
  summary: 'Change an API',
  description: `${described} Fields that are left out stay; null takes one back to its default. What was issued stays as it is.`,
  conditional: true,
  params: idParams,
  body: resourceBody,
  answers: [200, 'The API as it is now.', changedResource],
})

const removeResource = operation({
  id: 'removeResource',
  area,
  needs: 'resource.delete',
  summary: 'Remove an API',
  description: `${described} Tokens that were issued for it live on until they expire.`,
  conditional: true,
  params: idParams,
  answers: [204, 'Removed.'],
})

/** `/resources` */
export function resourceRoutes({ app, deps }: RestContext): void {
  const { resources, issuer } = deps
  const { refuseOfApi } = accessGuard(deps)
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)

  app.get('/resources', { ...listResources, ...limit }, async (request, reply) =>
    sendPage(request, reply, issuer, await resources.list(request.query), (each) => each),
  )

  app.post('/resources', { ...addResource, ...limit }, async (request, reply) =>
    once(request, reply, async () => {
      const body = await resources.add(request.body)
      const location = `${issuer}/api/admin/resources/${encodeURIComponent(body.identifier)}`
      return { headers: { location }, body }
    }),
  )

  async function find(id: string) {
    const found = await resources.find(id)
    if (found === undefined)
      throw new AppError('resource_not_found', 404, 'There is no API with this identifier.')
    return found
  }

  app.get('/resources/:id', { ...readResource, ...limit }, async (request, reply) => {
    const found = await find(request.params.id)
    sendEtag(reply, found.version)
    return found
  })

  app.patch('/resources/:id', { ...changeResource, ...limit }, async (request, reply) => {
    const { identifier, version } = await find(request.params.id)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    const changed = await orFailed(resources.update(identifier, request.body, given))
    sendEtag(reply, changed.version)
    return changed
  })

  app.delete('/resources/:id', { ...removeResource, ...limit }, async (request, reply) => {
    const { identifier, version } = await find(request.params.id)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    await refuseOfApi(request, identifier)
    await orFailed(resources.remove(identifier, given))
    return reply.code(204).send()
  })
}
