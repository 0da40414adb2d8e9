import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ConnectorKind } from '../../../federation/connector-kind.ts'
import type { Providers } from '../../../federation/providers/providers.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { Organizations } from '../../../organizations/organizations.ts'
import { AppError, unlessCode } from '../../../shared/errors.ts'
import type { Finding } from '../../../shared/finding.ts'
import { message, type TextKey, t } from '../../../shared/locales/texts.ts'
import { own } from '../../../shared/own.ts'
import { refusedFields } from '../../../shared/validation-error.ts'
import type { ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import { withQuery } from '../page-links.ts'
import { providerFields, providerOf } from './form.ts'
import { providerRemoval } from './remove.ts'
import { kindAbout, spokenKind } from './spoken.ts'
import { factsOf } from './view.ts'

export interface ProvidersDependencies {
  providers: Pick<
    Providers,
    'kinds' | 'list' | 'get' | 'getVersioned' | 'add' | 'update' | 'disable' | 'enable' | 'remove' | 'test'
  >
  organizationNames: Organizations['names']
  organizationDomains: Organizations['domains']['list']
}

const NOTICES: Readonly<Record<string, TextKey>> = {
  added: 'admin.providers.notice.added',
  disable: 'admin.providers.notice.disable',
  enable: 'admin.providers.notice.enable',
  belongs: 'admin.providers.notice.belongs',
  removed: 'admin.providers.notice.removed',
}

/** What was typed, each field once, as text. */
const form = z.record(z.string(), z.string().max(20_000))

const LIST = '/admin/providers'

/** The organization that the form was opened from, by its ID. */
const opener = z.object({
  from: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional()
    .catch(undefined),
})

const belongs = z.object({
  organization: z.string().trim().max(1000).default(''),
  sure: z.literal('on').optional().catch(undefined),
})

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
    if (kind === undefined) throw new AppError('not_found', 404, message('admin.providers.error.kind'))
    return [String(name), spokenKind(String(name), kind)]
  }

  /** As a page says it; undefined: this version has no such kind. */
  const kindOf = (name: string): ConnectorKind | undefined => {
    const kind = own(providers.kinds, name)
    return kind && spokenKind(name, kind)
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
          state: t(provider.disabled ? 'admin.providers.state.off' : 'admin.providers.state.on'),
          source: t(`admin.providers.source.${provider.source}`),
        })),
        kinds: Object.entries(providers.kinds).map(([name, kind]) => ({
          href: `/admin/providers/new?kind=${name}`,
          label: kind.about.name,
          about: kindAbout(name, kind),
        })),
      }
      const notice = noticeIn(NOTICES, request.query.done)
      return renderConsole(request, reply, 'providers', 'admin/providers', data, { notice })
    },
  )

  function showNew(
    request: FastifyRequest,
    reply: FastifyReply,
    [name, kind]: [string, ConnectorKind],
    from: string | undefined,
    also: Partial<Form> = {},
    status = 200,
  ) {
    const data = {
      label: kind.about.name,
      docs: kind.about.docs,
      fields: providerFields(kind, also.values ?? {}),
      backHref: from === undefined ? LIST : `/admin/organizations/${from}`,
      callbackPattern: `${deps.issuer.origin}/api/auth/oauth/ID/callback`,
      form: { action: withQuery(LIST, { kind: name, from }), ...also },
    }
    return renderConsole(request, reply, 'providers', 'admin/providers-new', data, { status })
  }

  app.get<{ Querystring: { kind?: unknown; organization?: unknown } }>(
    `${LIST}/new`,
    { config: { admin: 'provider.create' } },
    async (request, reply) => {
      const { kind, organization } = request.query
      const values = typeof organization === 'string' ? { organization } : {}
      return showNew(request, reply, knownKind(kind ?? 'oidc'), opener.parse(request.query).from, { values })
    },
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
        return showNew(request, reply, kind, opener.parse(request.query).from, { ...refused, values }, 422)
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
    const domains =
      organization === null
        ? undefined
        : await deps.organizationDomains(organization).catch(unlessCode('organization_not_found'))
    const data = {
      title: provider.name,
      facts: factsOf(provider, kindOf(provider.kind)),
      organization: organization
        ? { href: `/admin/organizations/${organization}`, name: of?.name ?? organization }
        : undefined,
      unverified: domains?.every(({ verified }) => !verified) ?? false,
      belongs:
        provider.source === 'database'
          ? { action: `${base}/organization`, values: { organization: of?.slug ?? '' }, ...typed }
          : undefined,
      managed: provider.managed ?? false,
      stored: provider.source === 'database',
      findings,
      // Configuration files have none of managers.
      yaml:
        provider.source === 'database' && !provider.managed
          ? await deps.yamlOf('provider', provider)
          : undefined,
      test: { action: `${base}/test` },
      toggle: provider.disabled
        ? {
            action: `${base}/enable`,
            label: t('admin.providers.enable'),
            about: t('admin.providers.enable.about'),
          }
        : {
            action: `${base}/disable`,
            label: t('admin.providers.disable'),
            about: t('admin.providers.disable.about'),
          },
      remove: { action: `${base}/remove` },
    }
    return renderConsole(request, reply, 'providers', 'admin/providers-one', data, { notice, status })
  }

  app.get<ById>('/admin/providers/:id', { config: { admin: 'provider.read' } }, async (request, reply) =>
    show(request, reply, request.params.id, undefined, noticeIn(NOTICES, request.query.done)),
  )

  // Asks the provider and shows the answer: there is nothing to come back to.
  app.post<ById>(
    '/admin/providers/:id/test',
    { config: { admin: 'provider.test' } },
    async (request, reply) =>
      show(request, reply, request.params.id, await providers.test(request.params.id)),
  )

  /** Whether it is one of managers, and not of this organization. @param to its ID or short name; null: everyone's */
  async function takesFromManagers(id: string, to: string | null): Promise<boolean> {
    const { managed, organization } = await providers.get(id)
    if (!managed || to === organization) return false
    return to === null || (await deps.organizationNames([organization])).get(organization ?? '')?.slug !== to
  }

  app.post<ById>(
    '/admin/providers/:id/organization',
    { config: { admin: 'provider.update', formPage: '/admin/providers/:id' } },
    async (request, reply) => {
      const { id } = request.params
      const { organization: typed, sure } = belongs.parse(request.body ?? {})
      const organization = typed || null
      try {
        if (!sure && (await takesFromManagers(id, organization)))
          throw refusedFields({ sure: t('admin.providers.move.tick') })
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

  providerRemoval(app, providers, kindOf)
}
