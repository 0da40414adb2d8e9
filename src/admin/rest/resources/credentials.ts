import { z } from 'zod'
import type { ResourceCredential } from '../../../clients/resources/credentials.ts'
import type { RestContext } from '../context.ts'
import { createOnce } from '../idempotency.ts'
import { operation } from '../operation.ts'
import { idParams, time, timestamp } from '../schemas.ts'

const area = 'APIs' as const
const described =
  'The `id` in the path is the identifier of the API, percent-encoded. A credential is for introspection (RFC 7662) alone.'

const fields = {
  client_id: z.string().meta({ examples: ['api_0123456789abcdef0123456789abcdef'] }),
  created_at: timestamp,
  last_used_at: timestamp.optional().meta({ description: 'To the hour; absent: never.' }),
}
const credential = z.object(fields).meta({
  id: 'ResourceCredential',
  description: 'What an API authenticates with when it asks about tokens.',
})

const listCredentials = operation({
  id: 'listResourceCredentials',
  area,
  needs: 'resource.read',
  summary: 'List the credentials of an API',
  description: `${described} Newest first; two at most.`,
  safe: true,
  params: idParams,
  answers: [200, 'Without their secrets.', z.object({ items: z.array(credential) })],
})

const addCredential = operation({
  id: 'addResourceCredential',
  area,
  needs: 'resource.add_credential',
  summary: 'Create a credential of an API',
  description: `${described} Two are valid at once, so that a deployment can change over; a third is refused.`,
  once: true,
  params: idParams,
  answers: [
    201,
    'Its secret, which is never shown again.',
    z.object({ ...fields, client_secret: z.string() }),
  ],
})

const removeCredential = operation({
  id: 'removeResourceCredential',
  area,
  needs: 'resource.remove_credential',
  summary: 'End a credential of an API',
  description: `${described} It works no more from now on.`,
  params: idParams.extend({ clientId: z.string().max(100) }),
  answers: [204, 'It works no more.'],
})

const removeCredentials = operation({
  id: 'removeResourceCredentials',
  area,
  needs: 'resource.remove_credential',
  summary: 'End all credentials of an API',
  description: `${described} With \`client_id\` that one; without, all of them.`,
  params: idParams,
  query: z.object({ client_id: z.string().max(100).optional() }),
  answers: [204, 'They work no more.'],
})

const view = <Shown extends ResourceCredential>({ created_at, last_used_at, ...rest }: Shown) => ({
  ...rest,
  created_at: time(created_at * 1000),
  ...(last_used_at !== undefined && { last_used_at: time(last_used_at * 1000) }),
})

/** `/resources/:id/credentials` */
export function resourceCredentialRoutes({ app, deps }: RestContext): void {
  const { credentials } = deps.resources
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)
  const path = '/resources/:id/credentials'

  app.get(path, { ...listCredentials, ...limit }, async (request) => ({
    items: (await credentials.list(request.params.id)).map(view),
  }))

  app.post(path, { ...addCredential, ...limit }, async (request, reply) =>
    once(request, reply, async () => {
      const added = await credentials.add(request.params.id)
      const location = `${deps.issuer}/api/admin/resources/${encodeURIComponent(request.params.id)}/credentials`
      return { headers: { location }, body: view(added) }
    }),
  )

  app.delete(`${path}/:clientId`, { ...removeCredential, ...limit }, async (request, reply) => {
    await credentials.remove(request.params.id, request.params.clientId)
    return reply.code(204).send()
  })

  app.delete(path, { ...removeCredentials, ...limit }, async (request, reply) => {
    await credentials.remove(request.params.id, request.query.client_id)
    return reply.code(204).send()
  })
}
