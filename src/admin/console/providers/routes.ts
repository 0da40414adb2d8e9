import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ConnectorKind } from '../../../federation/connector-kind.ts'
import type { Providers } from '../../../federation/providers/providers.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeOf } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { Organizations } from '../../../organizations/organizations.ts'
import { AppError } from '../../../shared/errors.ts'
import type { Finding } from '../../../shared/finding.ts'
import { own } from '../../../shared/own.ts'
import { type ConsoleDependencies, renderConsole } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { providerFields, providerOf } from './form.ts'
import { factsOf } from './view.ts'

export interface ProvidersDependencies {
  providers: Pick<
    Providers,
    'kinds' | 'list' | 'get' | 'add' | 'update' | 'disable' | 'enable' | 'remove' | 'test'
  >
  organizationNames: Organizations['names']
}

const NOTICES: Readonly<Record<string, string>> = {
  added: 'The provider is on. Enter its callback URL there, then test it.',
  disable: 'Switched off: nobody signs in with it any more. Who is signed in stays so.',
  enable: 'Switched on.',
  belongs: 'Saved. It counts from now on: who is led there, and whose addresses get in.',
  removed: 'The provider is removed. What is linked to it counts again if it is added again.',
}

/** What was typed, each field once, as text. */
const form = z.record(z.string(), z.string().max(20_000))

const belongs = z.object({ organization: z.string().trim().max(1000).default('') })

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
      const all = await providers.list()
      const names = await deps.organizationNames(all.map(({ organization }) => organization))
      const data = {
        providers: all.map((provider) => ({
          href: `/admin/providers/${provider.id}`,
          name: provider.name,
          id: provider.id,
          kind: provider.kind,
          organization: provider.organization
            ? (names.get(provider.organization)?.name ?? provider.organization)
            : undefined,
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
    typed: Partial<Form> = {},
    status = 200,
  ) {
    const provider = await providers.get(id)
    const { organization } = provider
    const of = (await deps.organizationNames([organization])).get(organization ?? '')
    const base = `/admin/providers/${provider.id}`
    const data = {
      title: provider.name,
      facts: factsOf(provider, own(providers.kinds, provider.kind)),
      organization: organization
        ? { href: `/admin/organizations/${organization}`, name: of?.name ?? organization }
        : undefined,
      belongs:
        provider.source === 'database'
          ? { action: `${base}/organization`, values: { organization: of?.slug ?? '' }, ...typed }
          : undefined,
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
    return renderConsole(request, reply, 'providers', 'admin/providers-one', data, { notice, status })
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

  app.post<ById>(
    '/admin/providers/:id/organization',
    { config: { admin: 'provider.update', formPage: '/admin/providers/:id' } },
    async (request, reply) => {
      const { id } = request.params
      const organization = belongs.parse(request.body ?? {}).organization || null
      try {
        await providers.update(id, { organization })
        return reply.redirect(`/admin/providers/${encodeURIComponent(id)}?done=belongs`, 303)
      } catch (error) {
        const refused = asFormErrors(error)
        return show(
          request,
          reply,
          id,
          undefined,
          undefined,
          { ...refused, values: { organization: organization ?? '' } },
          422,
        )
      }
    },
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
