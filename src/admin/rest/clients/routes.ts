import type { z } from 'zod'
import type { ClientView } from '../../../clients/view.ts'
import { orFailed, requireMatch, sendEtag } from '../../../http/etag.ts'
import { withinLimits } from '../../access.ts'
import type { RestContext } from '../context.ts'
import { callerOf } from '../guard.ts'
import { createOnce } from '../idempotency.ts'
import {
  isLimited,
  refuseAdminClients,
  refuseAdminScopes,
  refuseConfigurationKeys,
  refuseFirstParty,
  refuseWeakerSignIns,
  refuseWiderClients,
} from '../machine.ts'
import { sendPage } from '../paging.ts'
import { clientOperations } from './operations.ts'
import type { clientSchemas, rotatedSecret } from './schemas.ts'

// The schemas take what the service has and show what they name.
const view = (found: ClientView): z.input<ReturnType<typeof clientSchemas>['clientWithSecret']> => found

/** `/clients` */
export function clientRoutes({ app, deps }: RestContext): void {
  const { clients, issuer } = deps
  const operations = clientOperations(deps.clientFields)
  const warned = async (client: ClientView) => {
    const warnings = await deps.clientScopes.warningsOf(client)
    return { ...view(client), ...(warnings.length > 0 && { warnings }) }
  }
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)

  app.get('/clients', { ...operations.listClients, ...limit }, async (request, reply) =>
    sendPage(
      request,
      reply,
      issuer,
      await clients.list({ ...request.query, ...withinLimits.clients() }),
      view,
    ),
  )

  app.post('/clients', { ...operations.createClient, ...limit }, async (request, reply) => {
    refuseAdminScopes(callerOf(request), request.body)
    refuseConfigurationKeys(callerOf(request), request.body)
    refuseFirstParty(callerOf(request), request.body)
    return once(request, reply, async () => {
      const created = await clients.create(request.body)
      const location = `${issuer}/api/admin/clients/${created.client_id}`
      return { headers: { location, etag: `"${created.version}"` }, body: await warned(created) }
    })
  })

  app.get('/clients/:id', { ...operations.readClient, ...limit }, async (request, reply) => {
    const found = await clients.get(request.params.id)
    sendEtag(reply, found.version)
    return view(found)
  })

  app.patch('/clients/:id', { ...operations.changeClient, ...limit }, async (request, reply) => {
    const caller = callerOf(request)
    const before = await clients.get(request.params.id)
    refuseAdminClients(caller, before)
    refuseAdminScopes(caller, request.body)
    refuseConfigurationKeys(caller, request.body)
    refuseFirstParty(caller, request.body, { ...before })
    refuseWeakerSignIns(caller, request.body, { ...before })
    refuseWiderClients(request.body, before)
    // What was checked has to be what is changed, so a machine's change is always conditional.
    const conditional = requireMatch(request, before.version) || isLimited(caller)
    const given = conditional ? { ifVersion: before.version } : {}
    const changed = await orFailed(clients.update(before.client_id, request.body, given))
    sendEtag(reply, changed.version)
    return warned(changed)
  })

  app.delete('/clients/:id', { ...operations.deleteClient, ...limit }, async (request, reply) => {
    const before = await clients.get(request.params.id)
    refuseAdminClients(callerOf(request), before)
    const given = requireMatch(request, before.version) ? { ifVersion: before.version } : {}
    await orFailed(clients.delete(before.client_id, given))
    return reply.code(204).send()
  })

  for (const verb of ['disable', 'enable'] as const) {
    app.post(`/clients/:id/${verb}`, { ...operations.switches[verb], ...limit }, async (request, reply) => {
      const before = await clients.get(request.params.id)
      refuseAdminClients(callerOf(request), before)
      await clients[verb](before.client_id)
      const changed = await clients.get(before.client_id)
      sendEtag(reply, changed.version)
      return view(changed)
    })
  }

  app.post('/clients/:id/verify', { ...operations.verifyClient, ...limit }, async (request, reply) => {
    const before = await clients.get(request.params.id)
    refuseAdminClients(callerOf(request), before)
    const given = requireMatch(request, before.version) ? { ifVersion: before.version } : {}
    await orFailed(clients.setVerified(before.client_id, true, given))
    const changed = await clients.get(before.client_id)
    sendEtag(reply, changed.version)
    return view(changed)
  })

  app.post('/clients/:id/secrets', { ...operations.rotateSecret, ...limit }, async (request, reply) => {
    const caller = callerOf(request)
    const before = await clients.get(request.params.id)
    // Its own secret gives a client nothing that it does not have.
    if (before.client_id !== caller.client.id) refuseAdminClients(caller, before)
    const { keep_old_seconds: keepOldSeconds } = request.body
    return once(request, reply, async () => ({
      body: (await clients.rotateSecret(
        before.client_id,
        keepOldSeconds === undefined ? {} : { keepOldSeconds },
      )) satisfies z.input<typeof rotatedSecret>,
    }))
  })

  app.delete(
    '/clients/:id/secrets/:secretId',
    { ...operations.removeSecret, ...limit },
    async (request, reply) => {
      const caller = callerOf(request)
      const before = await clients.get(request.params.id)
      if (before.client_id !== caller.client.id) refuseAdminClients(caller, before)
      await clients.removeSecret(before.client_id, request.params.secretId)
      return reply.code(204).send()
    },
  )
}
