import { z } from 'zod'
import type { ClientView } from '../../../clients/view.ts'
import type { RestContext } from '../context.ts'
import { orFailed, requireMatch, sendEtag } from '../etag.ts'
import { callerOf } from '../guard.ts'
import { createOnce } from '../idempotency.ts'
import {
  refuseAdminClients,
  refuseAdminScopes,
  refuseConfigurationKeys,
  refuseFirstParty,
} from '../machine.ts'
import { operation } from '../operation.ts'
import { searchQuery, sendPage } from '../paging.ts'
import { idParams, pageOf } from '../schemas.ts'
import { client, clientBody, clientChanges, clientWithSecret, rotateBody, rotatedSecret } from './schemas.ts'

const area = 'clients' as const

const listClients = operation({
  id: 'listClients',
  area,
  needs: 'read',
  summary: 'List clients',
  description: 'Newest first. `search` finds part of the name, or a client ID.',
  safe: true,
  query: searchQuery,
  answers: [200, 'A page; `Link` has the address of the next one.', pageOf(client)],
  problems: [400],
})

const createClient = operation({
  id: 'createClient',
  area,
  needs: 'client.create',
  summary: 'Register a client',
  description: 'The `client_id` is the server’s choice. The secret is shown this once.',
  once: true,
  body: clientBody,
  answers: [201, 'Registered.', clientWithSecret],
})

const readClient = operation({
  id: 'readClient',
  area,
  needs: 'read',
  summary: 'Read a client',
  safe: true,
  params: idParams,
  answers: [200, 'The client; `ETag` names its state.', client],
})

const changeClient = operation({
  id: 'changeClient',
  area,
  needs: 'client.update',
  summary: 'Change a client',
  description: 'Takes effect with the next request. A client that begins to need a secret gets one.',
  conditional: true,
  params: idParams,
  body: clientChanges,
  answers: [200, 'The client as it is now.', clientWithSecret],
})

const deleteClient = operation({
  id: 'deleteClient',
  area,
  needs: 'client.delete',
  summary: 'Delete a client',
  description: 'Ends everything that it was issued.',
  conditional: true,
  params: idParams,
  answers: [204, 'Deleted.'],
})

const rotateSecret = operation({
  id: 'rotateClientSecret',
  area,
  needs: 'client.rotate_secret',
  summary: 'Issue a new secret',
  description:
    'The secret before stays valid for a while, so that a deployment can change over. A client may rotate its own.',
  once: true,
  params: idParams,
  body: rotateBody,
  answers: [201, 'The new secret.', rotatedSecret],
})

const removeSecret = operation({
  id: 'removeClientSecret',
  area,
  needs: 'client.remove_secret',
  summary: 'End a secret now',
  params: z.object({ id: z.string().max(500), secretId: z.string().max(500) }),
  answers: [204, 'It works no more.'],
  problems: [409],
})

const switches = {
  disable: operation({
    id: 'disableClient',
    area,
    needs: 'client.disable',
    summary: 'Cut a client off',
    description: 'It is unknown until it is enabled, and everything that it was issued ends.',
    params: idParams,
    answers: [200, 'The client as it is now.', client],
  }),
  enable: operation({
    id: 'enableClient',
    area,
    needs: 'client.enable',
    summary: 'Let a disabled client in again',
    params: idParams,
    answers: [200, 'The client as it is now.', client],
  }),
}

const verifyClient = operation({
  id: 'verifyClient',
  area,
  needs: 'client.verify',
  summary: 'Mark a client that registered itself as checked',
  description:
    'People are no longer warned of it. Send `If-Match` with what you have looked at: its developer may change it meanwhile.',
  conditional: true,
  params: idParams,
  answers: [200, 'The client as it is now.', client],
})

// The schemas take what the service has and show what they name.
const view = (found: ClientView) => found as unknown as z.input<typeof clientWithSecret>

/** `/clients` */
export function clientRoutes({ app, deps }: RestContext): void {
  const { clients, issuer } = deps
  const warned = async (client: ClientView) => {
    const warnings = await deps.clientScopes.warningsOf(client)
    return { ...view(client), ...(warnings.length > 0 && { warnings }) }
  }
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)

  app.get('/clients', { ...listClients, ...limit }, async (request, reply) =>
    sendPage(request, reply, issuer, await clients.list(request.query), view),
  )

  app.post('/clients', { ...createClient, ...limit }, async (request, reply) => {
    refuseAdminScopes(callerOf(request), request.body)
    refuseConfigurationKeys(callerOf(request), request.body)
    refuseFirstParty(callerOf(request), request.body)
    return once(request, reply, async () => {
      const created = await clients.create(request.body)
      const location = `${issuer}/api/admin/clients/${created.client_id}`
      return { headers: { location, etag: `"${created.version}"` }, body: await warned(created) }
    })
  })

  app.get('/clients/:id', { ...readClient, ...limit }, async (request, reply) => {
    const found = await clients.get(request.params.id)
    sendEtag(reply, found.version)
    return view(found)
  })

  app.patch('/clients/:id', { ...changeClient, ...limit }, async (request, reply) => {
    const caller = callerOf(request)
    const before = await clients.get(request.params.id)
    refuseAdminClients(caller, before)
    refuseAdminScopes(caller, request.body)
    refuseConfigurationKeys(caller, request.body)
    refuseFirstParty(caller, request.body, { ...before })
    // What was checked has to be what is changed, so a machine's change is always conditional.
    const held = requireMatch(request, before.version) || caller.kind === 'machine'
    const given = held ? { ifVersion: before.version } : {}
    const changed = await orFailed(clients.update(before.client_id, request.body, given))
    sendEtag(reply, changed.version)
    return warned(changed)
  })

  app.delete('/clients/:id', { ...deleteClient, ...limit }, async (request, reply) => {
    const before = await clients.get(request.params.id)
    refuseAdminClients(callerOf(request), before)
    const given = requireMatch(request, before.version) ? { ifVersion: before.version } : {}
    await orFailed(clients.delete(before.client_id, given))
    return reply.code(204).send()
  })

  for (const verb of ['disable', 'enable'] as const) {
    app.post(`/clients/:id/${verb}`, { ...switches[verb], ...limit }, async (request, reply) => {
      const before = await clients.get(request.params.id)
      refuseAdminClients(callerOf(request), before)
      await clients[verb](before.client_id)
      const changed = await clients.get(before.client_id)
      sendEtag(reply, changed.version)
      return view(changed)
    })
  }

  app.post('/clients/:id/verify', { ...verifyClient, ...limit }, async (request, reply) => {
    const before = await clients.get(request.params.id)
    refuseAdminClients(callerOf(request), before)
    const given = requireMatch(request, before.version) ? { ifVersion: before.version } : {}
    await orFailed(clients.setVerified(before.client_id, true, given))
    const changed = await clients.get(before.client_id)
    sendEtag(reply, changed.version)
    return view(changed)
  })

  app.post('/clients/:id/secrets', { ...rotateSecret, ...limit }, async (request, reply) => {
    const caller = callerOf(request)
    const before = await clients.get(request.params.id)
    // Its own secret gives a client nothing that it does not have.
    if (before.client_id !== caller.client.id) refuseAdminClients(caller, before)
    const { keep_old_seconds: keepOldSeconds } = request.body
    return once(request, reply, async () => ({
      body: (await clients.rotateSecret(
        before.client_id,
        keepOldSeconds === undefined ? {} : { keepOldSeconds },
      )) as unknown as z.input<typeof rotatedSecret>,
    }))
  })

  app.delete('/clients/:id/secrets/:secretId', { ...removeSecret, ...limit }, async (request, reply) => {
    const caller = callerOf(request)
    const before = await clients.get(request.params.id)
    if (before.client_id !== caller.client.id) refuseAdminClients(caller, before)
    await clients.removeSecret(before.client_id, request.params.secretId)
    return reply.code(204).send()
  })
}
