import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeOf } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { AppError } from '../../../shared/errors.ts'
import { own } from '../../../shared/own.ts'
import { type ConsoleDependencies, renderConsole } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type Finding, factsOf, KINDS, type ProviderRecord } from './view.ts'

export interface ProvidersDependencies {
  providers: {
    list(): Promise<ProviderRecord[]>
    get(id: string): Promise<ProviderRecord>
    add(input: Readonly<Record<string, unknown>>): Promise<ProviderRecord>
    disable(id: string): Promise<void>
    enable(id: string): Promise<void>
    remove(id: string): Promise<void>
    test(id: string): Promise<Finding[]>
  }
}

const text = z.string().max(20_000).default('')
const form = z.object({
  id: text,
  name: text,
  client_id: text,
  client_secret: text,
  issuer: text,
  auth_method: text,
  url: text,
  api_url: text,
  hosted_domain: text,
  email_domains: text,
  trust_email: z.literal('on').optional(),
  keep_tokens: z.literal('on').optional(),
})

/** The settings that each kind has a field for. */
const SETTINGS: Readonly<Record<string, readonly (keyof z.output<typeof form>)[]>> = {
  oidc: ['issuer', 'auth_method'],
  github: ['url', 'api_url'],
  google: ['hosted_domain'],
}

const NOTICES: Readonly<Record<string, string>> = {
  added: 'The provider is on. Enter its callback URL there, then test it.',
  disable: 'Switched off: nobody signs in with it any more. Who is signed in stays so.',
  enable: 'Switched on.',
  removed: 'The provider is removed. What is linked to it counts again if it is added again.',
}

/** @throws AppError not_found (404) */
function knownKind(kind: unknown): string {
  const known = KINDS.find(({ id }) => id === kind)
  if (known === undefined) throw new AppError('not_found', 404, 'There is no such kind of provider.')
  return known.id
}

function inputOf(kind: string, typed: z.output<typeof form>): Record<string, unknown> {
  const settings = (own(SETTINGS, kind) ?? []).flatMap((name) => (typed[name] ? [[name, typed[name]]] : []))
  return {
    id: typed.id.trim(),
    kind,
    client_id: typed.client_id.trim(),
    ...(typed.name !== '' && { name: typed.name }),
    ...(typed.client_secret !== '' && { client_secret: typed.client_secret }),
    settings: {
      ...Object.fromEntries(settings),
      ...(kind === 'oidc' && typed.trust_email && { trust_email: true }),
    },
    email_domains: typed.email_domains.split(/[\s,]+/).filter(Boolean),
    keep_tokens: typed.keep_tokens !== undefined,
  }
}

type ById = { Params: { id: string }; Querystring: { done?: unknown } }

/** `/admin/providers`: the services that people may sign in with. */
export async function providersArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & ProvidersDependencies,
): Promise<void> {
  const { providers } = deps

  app.get<{ Querystring: { done?: unknown } }>(
    '/admin/providers',
    { config: { admin: 'read' } },
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
        kinds: KINDS.map(({ id, label, about }) => ({
          href: `/admin/providers/new?kind=${id}`,
          label,
          about,
        })),
      }
      const notice = noticeOf(NOTICES, request.query.done)
      return renderConsole(request, reply, 'providers', 'admin/providers', data, { notice })
    },
  )

  function showNew(
    request: FastifyRequest,
    reply: FastifyReply,
    kind: string,
    also: Partial<Form> = {},
    status = 200,
  ) {
    const label = KINDS.find(({ id }) => id === kind)?.label ?? kind
    const data = {
      kind,
      label,
      callbackPattern: `${deps.issuer.origin}/api/auth/oauth/ID/callback`,
      form: { action: `/admin/providers?kind=${kind}`, ...also },
    }
    return renderConsole(request, reply, 'providers', 'admin/providers-new', data, { status })
  }

  app.get<{ Querystring: { kind?: unknown } }>(
    '/admin/providers/new',
    { config: { admin: 'write' } },
    async (request, reply) => showNew(request, reply, knownKind(request.query.kind ?? 'oidc')),
  )

  app.post<{ Querystring: { kind?: unknown } }>(
    '/admin/providers',
    { config: { admin: 'provider.create', formPage: '/admin/providers/new' } },
    async (request, reply) => {
      const kind = knownKind(request.query.kind)
      try {
        const { id } = await providers.add(inputOf(kind, form.parse(request.body ?? {})))
        return reply.redirect(`/admin/providers/${id}?done=added`, 303)
      } catch (error) {
        const values = shownAgain(request.body)
        return showNew(request, reply, kind, { ...asFormErrors(error), values }, 422)
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
      facts: factsOf(provider),
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

  app.get<ById>('/admin/providers/:id', { config: { admin: 'read' } }, async (request, reply) =>
    show(request, reply, request.params.id, undefined, noticeOf(NOTICES, request.query.done)),
  )

  // Asks the provider and shows the answer: there is nothing to come back to.
  app.post<ById>(
    '/admin/providers/:id/test',
    { config: { admin: 'provider.test' } },
    async (request, reply) =>
      show(request, reply, request.params.id, await providers.test(request.params.id)),
  )

  for (const act of ['disable', 'enable'] as const)
    app.post<ById>(
      `/admin/providers/:id/${act}`,
      { config: { admin: `provider.${act}` } },
      async (request, reply) => {
        await providers[act](request.params.id)
        return reply.redirect(`/admin/providers/${encodeURIComponent(request.params.id)}?done=${act}`, 303)
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
