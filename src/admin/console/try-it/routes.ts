import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ClientView } from '../../../clients/view.ts'
import { kindOf } from '../../../shared/client-kind.ts'
import { allOf } from '../../../shared/locales/lists.ts'
import { t } from '../../../shared/locales/texts.ts'
import type { ClientsDependencies } from '../clients/dependencies.ts'
import type { IdParams } from '../clients/page.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import type { ClientProof } from './dependencies.ts'
import { createRecorder, type Exchange } from './exchange.ts'
import { apisOf, lacksApi, scopeAt, whyNotTried } from './limits.ts'
import { type Outcome, runCode, runMachine } from './run.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/try': {
      frame: ConsoleFrame
      id: string
      name: string
      machine: boolean
      /** Why there is no form. */
      whyNot: string | undefined
      /** A machine that may call no API: there is nothing to get a token for. */
      lacksApi: boolean
      anyApi: boolean
      username: string
      disabled: boolean
      form: Form & { values: Record<string, string> }
      redirectUris: { value: string; label: string }[]
      apis: { value: string; label: string }[]
      result?: { outcome: Outcome; exchanges: Exchange[] } | undefined
    }
  }
}

const input = z.object({
  redirect_uri: z.string().max(2000).default(''),
  scope: z.string().max(2000).default(''),
  resource: z.string().max(500).default(''),
})

function proofOf(client: ClientView, secret: string | undefined): ClientProof {
  if (client.token_endpoint_auth_method === 'none') return { way: 'none' }
  if (secret === undefined) return { way: 'impossible' }
  return { way: client.token_endpoint_auth_method === 'client_secret_post' ? 'post' : 'basic', secret }
}

/** `/admin/clients/:id/try`: the client's own flow, run here and shown (docs/decisions/0014-try-it.md). */
export async function tryArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & ClientsDependencies,
): Promise<void> {
  const hasNothingToGet = async (client: ClientView) =>
    lacksApi(client, await deps.clientScopes.sorted(client.scope)) === 'machine'

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    client: ClientView,
    values: Record<string, string>,
    more: { result?: { outcome: Outcome; exchanges: Exchange[] }; errors?: Record<string, string> } = {},
  ) {
    const { items } = await deps.listApis()
    const data = {
      id: client.client_id,
      name: client.client_name,
      machine: kindOf(client) === 'machine',
      whyNot: whyNotTried(client),
      lacksApi: await hasNothingToGet(client),
      anyApi: items.length > 0,
      username: administratorOf(request).username,
      disabled: client.disabled,
      form: { action: `/admin/clients/${client.client_id}/try`, values, errors: more.errors },
      redirectUris: client.redirect_uris.map((uri) => ({ value: uri, label: uri })),
      apis: [
        { value: '', label: t('admin.try_it.api.byScopes') },
        ...items.map(({ identifier, name }) => ({ value: identifier, label: name })),
      ],
      result: more.result,
    }
    return renderConsole(request, reply, 'clients', 'admin/try', data, { status: more.errors ? 422 : 200 })
  }

  app.get<IdParams>(
    '/admin/clients/:id/try',
    { config: { admin: 'client.read' } },
    async (request, reply) => {
      const client = await deps.clients.get(request.params.id)
      const scope = client.scope ?? (kindOf(client) === 'machine' ? '' : 'openid profile email')
      // A request for scopes of several APIs has to name one of them.
      const [first, second] = apisOf(scope, (await deps.listApis()).items)
      return show(request, reply, client, { scope, resource: (second && first?.identifier) ?? '' })
    },
  )

  app.post<IdParams>(
    '/admin/clients/:id/try',
    { config: { admin: 'client.try' } },
    async (request, reply) => {
      const client = await deps.clients.get(request.params.id)
      const { redirect_uri: redirectUri, scope, resource } = input.parse(request.body)
      const values = { redirect_uri: redirectUri, scope, resource }
      if (whyNotTried(client) !== undefined || (await hasNothingToGet(client)))
        return show(request, reply, client, values, { errors: {} })
      const machine = kindOf(client) === 'machine'
      // Never another one, whatever the form says: the code would be asked for in the name of who knows whom.
      if (!machine && !client.redirect_uris.includes(redirectUri))
        return show(request, reply, client, values, {
          errors: { redirect_uri: t('admin.try_it.error.redirect_uri') },
        })
      const apis = apisOf(scope, (await deps.listApis()).items)
      if (resource === '' && apis.length > 1)
        return show(request, reply, client, values, {
          errors: {
            resource: t('admin.try_it.error.resource', { apis: allOf(apis.map(({ name }) => name)) }),
          },
        })

      const issuer = deps.issuer.origin
      const recorder = createRecorder({ call: deps.tryOut.call, issuer, now: deps.clock }, request)
      const outcome = await deps.clients.lendSecret(client.client_id, async (secret) => {
        const run = { issuer, client, proof: proofOf(client, secret), scope, resource: resource || undefined }
        // A machine asks one API at a time, for nothing of another (RFC 8707 §2).
        if (machine) return runMachine({ ...run, scope: scopeAt(resource, scope, apis) }, recorder)
        const { consents, openSession } = deps.tryOut
        const accountId = administratorOf(request).id
        const allowed = await consents.find(accountId, client.client_id)
        const session = await openSession(request, reply)
        try {
          return await runCode({ ...run, redirectUri }, session.cookie, recorder)
        } finally {
          await session.end()
          await consents.restore(accountId, client.client_id, allowed)
        }
      })
      return show(request, reply, client, values, { result: { outcome, exchanges: recorder.shown() } })
    },
  )
}
