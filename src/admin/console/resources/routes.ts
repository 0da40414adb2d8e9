import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AdministeredResources, VersionedResource } from '../../../clients/resources/administered.ts'
import type { ResourceListing } from '../../../clients/resources/listing/listing.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { AppError, VersionConflict } from '../../../shared/errors.ts'
import { message, type TextKey, t } from '../../../shared/locales/texts.ts'
import { RESOURCE_ORDERS } from '../../../shared/orders.ts'
import type { ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { type ListTools, listedAs } from '../listed.ts'
import { type RenderedSnippet, snippetsFor } from '../snippets/all.ts'
import { apiValues } from '../snippets/snippet.ts'
import { type CredentialsDependencies, resourceCredentials, type ShownCredentials } from './credentials.ts'
import { type RemovalDependencies, resourceRemovals } from './remove.ts'
import { resourceScopes, type ScopeView, scopeViews } from './scopes.ts'
import { type StoredField, storedFields } from './stored.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/resources': ListTools<'name' | 'created'> & {
      frame: ConsoleFrame
      /** `created`: milliseconds since the epoch. */
      resources: {
        identifier: string
        name: string
        scopes: string[]
        lifetime: string
        tokens: string
        created: number
      }[]
      form: Form
    }
    'admin/resources-one': ShownCredentials & {
      frame: ConsoleFrame
      identifier: string
      name: string
      edit: Form
      version: string
      /** `identifier` as a query: the forms of this page lead back to it. */
      query: string
      scopes: ScopeView[]
      /** What to know of its scopes. */
      warnings: readonly string[]
      /** Set on a stale tab: what is stored by now. */
      conflict?: StoredField[] | undefined
      yaml: string
      /** How to protect it, by library. */
      snippets: RenderedSnippet[]
      find: string
    }
  }
}

export interface ResourcesDependencies extends CredentialsDependencies, RemovalDependencies {
  resources: AdministeredResources
  resourceListing: ResourceListing
}

const text = z.string().max(2000).default('')
const addForm = z.object({
  identifier: text,
  name: text,
  scope: text,
  lifetime: text,
  tokens: text,
  defaults: text,
  by_role: z.string().max(10).optional(),
  claims: text,
})
const editForm = addForm.extend({ version: z.string().max(100) })
const named = z.object({
  identifier: text,
  done: z.string().optional().catch(undefined),
  find: z.string().max(100).default('').catch(''),
})

const words = (typed: string) => typed.trim().split(/\s+/).join(' ')

const pageOf = (identifier: string, done?: string) =>
  `/admin/resources/api?${new URLSearchParams({ identifier, ...(done !== undefined && { done }) })}`

/** The names of the service's fields in the forms, where they differ. */
const FORM_NAMES = {
  access_token_ttl: 'lifetime',
  default_scopes: 'defaults',
  scopes_by_role: 'by_role',
  token_claims: 'claims',
}

/** The fields of a form as the service takes them; what is empty is left to the server. */
const typedResource = ({
  name,
  scope,
  lifetime,
  tokens,
  defaults,
  by_role,
  claims,
}: Omit<z.output<typeof addForm>, 'identifier'>) => ({
  scope: words(scope),
  default_scopes: words(defaults) || null,
  ...(name !== '' && { name }),
  access_token_ttl: lifetime === '' ? null : /^\d{1,9}$/.test(lifetime) ? Number(lifetime) : Number.NaN,
  ...(tokens !== '' && { tokens }),
  scopes_by_role: by_role !== undefined,
  token_claims: words(claims) || null,
})

const NOTICES: Readonly<Record<string, TextKey>> = {
  added: 'admin.resources.notice.added',
  saved: 'admin.resources.notice.saved',
  removed: 'admin.resources.notice.removed',
  credential: 'admin.resources.notice.credential',
  ended: 'admin.resources.notice.ended',
}

/** `/admin/resources`: the APIs whose JWT access tokens are issued here, and their scopes. */
export async function resourcesArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & ResourcesDependencies,
): Promise<void> {
  const { resources } = deps
  const credentialsOf = resourceCredentials(app, deps, pageOf)
  const listed = listedAs(app, {
    path: '/admin/resources',
    permission: 'resource.read',
    listing: deps.resourceListing,
    orders: RESOURCE_ORDERS,
    usual: '-created',
    filters: {
      jwt: { label: 'admin.resources.tokens.jwt', parameter: 'tokens', value: 'jwt' },
      opaque: { label: 'admin.resources.tokens.opaque', parameter: 'tokens', value: 'opaque' },
      by_role: { label: 'admin.resources.chip.by_role', parameter: 'scopes', value: 'by_role' },
    },
    heads: {
      name: { label: 'admin.common.api', first: 'name' },
      created: { label: 'admin.common.created', first: '-created' },
    },
    file: { name: 'apis', label: 'admin.resources.csv' },
    clock: deps.clock,
  })

  async function show(request: FastifyRequest, reply: FastifyReply, form: Partial<Form> = {}, status = 200) {
    const { page, tools } = await listed(request)
    const data = {
      ...tools,
      resources: page.items.map(
        ({ identifier, name, scope, access_token_ttl: ttl, tokens, createdAt: created }) => ({
          created,
          identifier,
          name,
          scopes: scope.split(' '),
          lifetime:
            ttl === undefined
              ? t('admin.resources.lifetime.server')
              : t('admin.resources.lifetime.value', { seconds: String(ttl) }),
          tokens: t(`admin.resources.tokens.${tokens}`),
        }),
      ),
      form: { action: '/admin/resources', ...form },
    }
    const notice = noticeIn(NOTICES, (request.query as { done?: unknown }).done)
    return renderConsole(request, reply, 'resources', 'admin/resources', data, { status, notice })
  }

  app.get('/admin/resources', { config: { admin: 'resource.read' } }, (request, reply) =>
    show(request, reply),
  )

  app.post('/admin/resources', { config: { admin: 'resource.create' } }, async (request, reply) => {
    const { identifier, ...typed } = addForm.parse(request.body ?? {})
    try {
      const added = await resources.add({ identifier: identifier.trim(), ...typedResource(typed) })
      // Its own page says what there is to know of it.
      if (added.warnings) return reply.redirect(pageOf(added.identifier, 'added'), 303)
    } catch (error) {
      return show(
        request,
        reply,
        { ...asFormErrors(error, FORM_NAMES), values: shownAgain(request.body) },
        422,
      )
    }
    return reply.redirect('/admin/resources?done=added', 303)
  })

  async function found(identifier: string): Promise<VersionedResource> {
    const resource = await resources.find(identifier)
    if (!resource) throw new AppError('resource_not_found', 404, message('admin.resources.error.not_found'))
    return resource
  }

  async function showOne(
    request: FastifyRequest,
    reply: FastifyReply,
    resource: VersionedResource,
    also: {
      stale?: boolean
      edit?: Partial<Form>
      notice?: string | undefined
      status?: number
      find?: string
    } = {},
  ) {
    const { identifier, name, scope, tokens } = resource
    const values = {
      name,
      scope,
      lifetime: String(resource.access_token_ttl ?? ''),
      tokens,
      defaults: resource.default_scopes ?? '',
      claims: resource.token_claims ?? '',
      ...(resource.scopes_by_role && { by_role: 'on' }),
    }
    const data = {
      identifier,
      name,
      edit: {
        action: `/admin/resources/edit?${new URLSearchParams({ identifier })}`,
        values,
        ...also.edit,
      },
      version: resource.version,
      ...(await credentialsOf(request, reply, identifier)),
      query: `?${new URLSearchParams({ identifier })}`,
      scopes: scopeViews(resource),
      warnings: await resources.warningsOf(resource),
      conflict: also.stale ? storedFields(resource) : undefined,
      yaml: await deps.yamlOf('resource', resource),
      snippets: snippetsFor(apiValues(deps.issuer.origin, resource), also.find),
      find: also.find ?? '',
    }
    const { notice, status = 200 } = also
    return renderConsole(request, reply, 'resources', 'admin/resources-one', data, { notice, status })
  }

  app.get('/admin/resources/api', { config: { admin: 'resource.read' } }, async (request, reply) => {
    const { identifier, done, find } = named.parse(request.query)
    return showOne(request, reply, await found(identifier), { notice: noticeIn(NOTICES, done), find })
  })

  app.post(
    '/admin/resources/edit',
    { config: { admin: 'resource.update', formPage: '/admin/resources/api' } },
    async (request, reply) => {
      const { identifier, version, ...typed } = editForm.parse(request.body ?? {})
      const resource = await found(identifier)
      try {
        await resources.update(identifier, typedResource(typed), { ifVersion: version })
      } catch (error) {
        if (error instanceof VersionConflict) {
          const edit = { values: shownAgain(request.body) }
          return showOne(request, reply, await found(identifier), { edit, stale: true, status: 409 })
        }
        const edit = {
          ...asFormErrors(error, FORM_NAMES),
          values: shownAgain(request.body),
        }
        return showOne(request, reply, { ...resource, version }, { edit, status: 422 })
      }
      return reply.redirect(pageOf(identifier, 'saved'), 303)
    },
  )

  resourceScopes(app, deps, pageOf)
  await resourceRemovals(app, deps, pageOf)
}
