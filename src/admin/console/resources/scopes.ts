import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AdministeredResources, VersionedResource } from '../../../clients/resources/administered.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { AppError, VersionConflict } from '../../../shared/errors.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { own } from '../../../shared/own.ts'
import { apiScopeInWords, type ShownScope } from '../../../shared/scope-descriptions.ts'
import { asFormErrors } from '../form-errors.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'

/** A scope on the page of its API: as people read it. */
export interface ScopeView extends ShownScope {
  scope: string
  editHref: string
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/resources-scope': {
      frame: ConsoleFrame
      api: string
      scope: string
      edit: Form
      sensitive: boolean
      version: string
      /** The page of the API. */
      backHref: string
    }
  }
}

const PATH = '/admin/resources/scope'
const which = z.object({
  identifier: z.string().max(2000).default(''),
  scope: z.string().max(500).default(''),
})
const text = z.string().max(2000).default('')
const editForm = which.extend({
  title: text,
  description: text,
  sensitive: z.string().optional(),
  version: z.string().max(100).default(''),
})

export const scopeViews = ({ identifier, name, scope, ...resource }: VersionedResource): ScopeView[] =>
  scope.split(' ').map((each) => ({
    scope: each,
    ...apiScopeInWords(each, { name, scopeDescriptions: resource.scope_descriptions ?? {} }, identifier),
    editHref: `${PATH}?${new URLSearchParams({ identifier, scope: each })}`,
  }))

/**
 * `/admin/resources/scope`: how people read one scope of an API.
 * @param page of an API, with a notice
 */
export function resourceScopes(
  app: FastifyInstance,
  { resources }: { resources: Pick<AdministeredResources, 'find' | 'update'> },
  page: (identifier: string, done?: string) => string,
): void {
  async function found({ identifier, scope }: z.output<typeof which>): Promise<VersionedResource> {
    const resource = await resources.find(identifier)
    if (!resource?.scope.split(' ').includes(scope))
      throw new AppError('resource_not_found', 404, message('admin.resources.error.scope_not_found'))
    return resource
  }

  function show(
    request: FastifyRequest,
    reply: FastifyReply,
    resource: VersionedResource,
    scope: string,
    also: { edit?: Partial<Form>; sensitive?: boolean; status?: number } = {},
  ) {
    const { identifier, name, version } = resource
    const {
      title = '',
      description = '',
      sensitive = false,
    } = own(resource.scope_descriptions ?? {}, scope) ?? {}
    const data = {
      api: name,
      scope,
      edit: {
        action: `${PATH}?${new URLSearchParams({ identifier, scope })}`,
        values: { title, description },
        ...also.edit,
      },
      sensitive: also.sensitive ?? sensitive,
      version,
      backHref: page(identifier),
    }
    return renderConsole(request, reply, 'resources', 'admin/resources-scope', data, {
      status: also.status ?? 200,
    })
  }

  app.get(PATH, { config: { admin: 'resource.read' } }, async (request, reply) => {
    const asked = which.parse(request.query)
    return show(request, reply, await found(asked), asked.scope)
  })

  app.post(PATH, { config: { admin: 'resource.update' } }, async (request, reply) => {
    const { identifier, scope, version, title, description, sensitive } = editForm.parse({
      ...(request.body as object),
      ...which.parse(request.query),
    })
    const resource = await found({ identifier, scope })
    const typed = {
      ...(title.trim() !== '' && { title }),
      ...(description.trim() !== '' && { description }),
      ...(sensitive !== undefined && { sensitive: true }),
    }
    const again = { values: shownAgain(request.body) }
    try {
      const scope_descriptions = { ...resource.scope_descriptions, [scope]: typed }
      await resources.update(identifier, { scope_descriptions }, { ifVersion: version })
    } catch (error) {
      const also = { sensitive: sensitive !== undefined }
      if (error instanceof VersionConflict) {
        const alert = t('admin.resources.scope.conflict')
        return show(request, reply, await found({ identifier, scope }), scope, {
          ...also,
          edit: { ...again, alert },
          status: 409,
        })
      }
      const { errors, ...rest } = asFormErrors(error, { scope_descriptions: 'title' })
      return show(request, reply, { ...resource, version }, scope, {
        ...also,
        edit: { ...again, ...rest, errors: besideTheirFields(errors, scope) },
        status: 422,
      })
    }
    return reply.redirect(page(identifier, 'saved'), 303)
  })
}

/** “of orders:read: description must …” belongs to the field of the description. */
function besideTheirFields(errors: Record<string, string>, scope: string): Record<string, string> {
  const { title: message, ...others } = errors
  if (message === undefined) return errors
  const [, field, rest] =
    /^(title|description) (.*)$/s.exec(message.replace(`of ${scope.slice(0, 100)}: `, '')) ?? []
  return { ...others, [field ?? 'title']: rest ?? message }
}
