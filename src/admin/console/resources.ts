import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { shownAgain } from '../../http/forms.ts'
import type { Form } from '../../http/pages.ts'
import { type ConsoleDependencies, type ConsoleFrame, renderConsole } from './context.ts'
import { asFormErrors } from './form-errors.ts'

interface Resource {
  identifier: string
  name: string
  scope: string
  access_token_ttl?: number
}

declare module '../../http/pages.ts' {
  interface Pages {
    'admin/resources': {
      frame: ConsoleFrame
      resources: { identifier: string; name: string; scopes: string[]; lifetime: string }[]
      next?: string | undefined
      form: Form
    }
    'admin/resources-remove': { frame: ConsoleFrame; identifier: string; name: string; form: Form }
  }
}

export interface ResourcesDependencies {
  resources: {
    list(page: { cursor?: string | undefined }): Promise<{ items: Resource[]; next_cursor?: string }>
    add(input: Readonly<Record<string, unknown>>): Promise<Resource>
    find(identifier: string): Promise<Resource | undefined>
    remove(identifier: string): Promise<void>
  }
}

const text = z.string().max(2000).default('')
const query = z.object({
  cursor: z.string().max(500).optional().catch(undefined),
  done: z.string().optional().catch(undefined),
})
const addForm = z.object({ identifier: text, name: text, scope: text, lifetime: text })
const named = z.object({ identifier: text })

const NOTICES: Readonly<Record<string, string>> = {
  added: 'The API is added. Clients that have its scopes in their registration may ask for them now.',
  removed: 'The API is removed. Its tokens are valid until they expire.',
}

/** `/admin/resources`: the APIs whose JWT access tokens are issued here, and their scopes. */
export async function resourcesArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & ResourcesDependencies,
): Promise<void> {
  const { resources } = deps

  async function show(request: FastifyRequest, reply: FastifyReply, form: Partial<Form> = {}, status = 200) {
    const { cursor, done } = query.parse(request.query)
    const page = await resources.list({ cursor })
    const data = {
      resources: page.items.map(({ identifier, name, scope, access_token_ttl: ttl }) => ({
        identifier,
        name,
        scopes: scope.split(' '),
        lifetime: ttl === undefined ? 'as the server’s' : `${ttl} seconds`,
      })),
      next: page.next_cursor && `/admin/resources?cursor=${encodeURIComponent(page.next_cursor)}`,
      form: { action: '/admin/resources', ...form },
    }
    const notice = NOTICES[done ?? '']
    return renderConsole(request, reply, 'resources', 'admin/resources', data, { status, notice })
  }

  app.get('/admin/resources', { config: { admin: 'read' } }, (request, reply) => show(request, reply))

  app.post('/admin/resources', { config: { admin: 'write' } }, async (request, reply) => {
    const { identifier, name, scope, lifetime } = addForm.parse(request.body ?? {})
    try {
      await resources.add({
        identifier: identifier.trim(),
        scope: scope.trim().split(/\s+/).join(' '),
        ...(name !== '' && { name }),
        ...(lifetime !== '' && {
          access_token_ttl: /^\d{1,9}$/.test(lifetime) ? Number(lifetime) : Number.NaN,
        }),
      })
    } catch (error) {
      return show(
        request,
        reply,
        { ...asFormErrors(error, { access_token_ttl: 'lifetime' }), values: shownAgain(request.body) },
        422,
      )
    }
    return reply.redirect('/admin/resources?done=added', 303)
  })

  async function found(identifier: string): Promise<Resource> {
    const resource = await resources.find(identifier)
    if (!resource) throw new AppError('resource_not_found', 404, 'There is no API with this identifier.')
    return resource
  }

  app.get('/admin/resources/remove', { config: { admin: 'write' } }, async (request, reply) => {
    const { identifier, name } = await found(named.parse(request.query).identifier)
    const form = { action: '/admin/resources/remove' }
    return renderConsole(request, reply, 'resources', 'admin/resources-remove', { identifier, name, form })
  })

  app.post('/admin/resources/remove', { config: { admin: 'dangerous' } }, async (request, reply) => {
    await resources.remove(named.parse(request.body ?? {}).identifier)
    return reply.redirect('/admin/resources?done=removed', 303)
  })
}
