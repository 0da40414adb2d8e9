import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ConnectorKind } from '../../../federation/connector-kind.ts'
import type { Providers } from '../../../federation/providers/providers.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeOf } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { AppError } from '../../../shared/errors.ts'
import type { Finding } from '../../../shared/finding.ts'
import { own } from '../../../shared/own.ts'
import { type ConsoleDependencies, renderConsole } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { providerFields, providerOf } from './form.ts'
import { factsOf } from './view.ts'

export interface ProvidersDependencies {
  providers: Pick<Providers, 'kinds' | 'list' | 'get' | 'add' | 'disable' | 'enable' | 'remove' | 'test'>
}

const NOTICES: Readonly<Record<string, string>> = {
  added: 'The provider is on. Enter its callback URL there, then test it.',
  disable: 'Switched off: nobody signs in with it any more. Who is signed in stays so.',
  enable: 'Switched on.',
  removed: 'The provider is removed. What is linked to it counts again if it is added again.',
}

/** What was typed, each field once, as text. */
const form = z.record(z.string(), z.string().max(20_000))

type ById = { Params: { id: string }; Querystring: { done?: unknown } }

/** `/admin/providers`: the services that people may sign in with. */
export async function providersArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & ProvidersDependencies,
): Promise<void> {
  const { providers } = deps

  /** @throws AppError not_found (404) */
  function knownKind(name: unknown): [string, ConnectorKind] {
    const kind = typeof name === 'string' ? own(providers.kinds, name) : undefined
    if (kind === undefined) throw new AppError('not_found', 404, 'There is no such kind of provider.')
    return [String(name), kind]
  }

  app.get<{ Querystring: { done?: unknown } }>(
    '/admin/providers',
    { config: { admin: 'provider.read' } },
    async (request, reply) => {
      const data = {
        providers: (await providers.list()).map((provider) => ({
          href: `/admin/providers/${provider.id}`,
          name: provider.name,
          id: provider.id,
          kind: provider.kind,
          state: provider.disabled ? 'switched off' : 'on',
          source: provider.source === 'environment' ? 'environment' : 'database',
        })),
        kinds: Object.entries(providers.kinds).map(([name, { about }]) => ({
          href: `/admin/providers/new?kind=${name}`,
          label: about.name,
          about: about.sentence,
        })),
      }
      const notice = noticeOf(NOTICES, request.query.done)
      return renderConsole(request, reply, 'providers', 'admin/providers', data, { notice })
    },
  )

  function showNew(
    request: FastifyRequest,
    reply: FastifyReply,
    [name, kind]: [string, ConnectorKind],
    also: Partial<Form> = {},
    status = 200,
  ) {
    const data = {
      label: kind.about.name,
      docs: kind.about.docs,
      fields: providerFields(kind, also.values ?? {}),
      callbackPattern: `${deps.issuer.origin}/api/auth/oauth/ID/callback`,
      form: { action: `/admin/providers?kind=${name}`, ...also },
    }
    return renderConsole(request, reply, 'providers', 'admin/providers-new', data, { status })
  }

  app.get<{ Querystring: { kind?: unknown } }>(
    '/admin/providers/new',
    { config: { admin: 'provider.create' } },
    async (request, reply) => showNew(request, reply, knownKind(request.query.kind ?? 'oidc')),
  )

  app.post<{ Querystring: { kind?: unknown } }>(
    '/admin/providers',
    { config: { admin: 'provider.create', formPage: '/admin/providers/new' } },
    async (request, reply) => {
      const kind = knownKind(request.query.kind)
      try {
        const { id } = await providers.add(providerOf(...kind, form.parse(request.body ?? {})))
        return reply.redirect(`/admin/providers/${id}?done=added`, 303)
      } catch (error) {
        const values = shownAgain(request.body)
        const refused =
          error instanceof AppError && error.code === 'provider_exists'
            ? { errors: { id: error.publicMessage } }
            : asFormErrors(error)
        return showNew(request, reply, kind, { ...refused, values }, 422)
      }
    },
  )

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    findings?: Finding[],
    notice?: string,
  ) {
    const provider = await providers.get(id)
    const base = `/admin/providers/${provider.id}`
    const data = {
      title: provider.name,
      facts: factsOf(provider, own(providers.kinds, provider.kind)),
      stored: provider.source === 'database',
      findings,
      yaml: provider.source === 'database' ? deps.yamlOf('provider', provider) : undefined,
      test: { action: `${base}/test` },
      toggle: provider.disabled
        ? { action: `${base}/enable`, label: 'Switch on', about: 'People may sign in with it again.' }
        : {
            action: `${base}/disable`,
            label: 'Switch off',
            about: 'Nobody signs in with it any more; who is signed in stays so.',
          },
      remove: { action: `${base}/remove` },
    }
    return renderConsole(request, reply, 'providers', 'admin/providers-one', data, { notice })
  }

  app.get<ById>('/admin/providers/:id', { config: { admin: 'provider.read' } }, async (request, reply) =>
    show(request, reply, request.params.id, undefined, noticeOf(NOTICES, request.query.done)),
  )

  // Asks the provider and shows the answer: there is nothing to come back to.
  app.post<ById>(
    '/admin/providers/:id/test',
    { config: { admin: 'provider.test' } },
    async (request, reply) =>
      show(request, reply, request.params.id, await providers.test(request.params.id)),
  )

  for (const action of ['disable', 'enable'] as const)
    app.post<ById>(
      `/admin/providers/:id/${action}`,
      { config: { admin: `provider.${action}` } },
      async (request, reply) => {
        await providers[action](request.params.id)
        return reply.redirect(`/admin/providers/${encodeURIComponent(request.params.id)}?done=${action}`, 303)
      },
    )

  app.post<ById>(
    '/admin/providers/:id/remove',
    { config: { admin: 'provider.delete' } },
    async (request, reply) => {
      await providers.remove(request.params.id)
      return reply.redirect('/admin/providers?done=removed', 303)
    },
  )
}
