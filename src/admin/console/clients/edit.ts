import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ClientView } from '../../../clients/view.ts'
import { VersionConflict } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import type { ShownOnce } from '../shown-once.ts'
import type { Tab } from '../tabs.ts'
import { type DrawnSection, drawnForm, type Fields, writtenValues } from './controls.ts'
import type { ClientsDependencies } from './dependencies.ts'
import { differences, editOf, fieldErrors, fieldsOf, fieldsSchema, typedAgain } from './form.ts'
import type { IdParams } from './page.ts'
import { spokenForm } from './spoken.ts'
import { clientTabs } from './tabs.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/clients-edit': {
      frame: ConsoleFrame
      id: string
      name: string
      tabs: Tab[]
      form: Form & { values: Record<string, string> }
      version: string
      sections: DrawnSection[]
      /** Set on a stale tab: what differs between what was typed and what is stored. */
      conflict?: { label: string; yours: string; stored: string }[] | undefined
    }
  }
}

const forPeople = ({ grant_types: grants }: ClientView) =>
  grants.some((grant) => grant !== 'client_credentials')

/** Whether the client could ask for all about a person, for want of a list, and has one now that lacks some of it. */
const losesIdentity = (before: ClientView, { scope }: ClientView): boolean =>
  before.scope === undefined &&
  forPeople(before) &&
  scope !== undefined &&
  ['openid', 'profile', 'email', 'phone', 'address', 'offline_access'].some(
    (each) => !scope.split(' ').includes(each),
  )

/** What a profile keeps on is not taken off beside it: saved as it was, it would look as if it had been. */
function keptByProfile({ profile }: ClientView, fields: Fields): Record<string, string> {
  if (profile === undefined || fields.profile !== profile) return {}
  const kept = ['require_pushed_authorization_requests', 'dpop_bound_access_tokens']
  if (profile === 'fapi2_message_signing') kept.push('require_signed_request_object')
  return kept.every((name) => fields[name] !== undefined)
    ? {}
    : { profile: t('admin.clients.edit.keptByProfile') }
}

/** Whether these are the scopes that are stored, in another order: then none was changed. */
const sameScopes = (sent: unknown, stored: string | undefined): boolean =>
  typeof sent === 'string' &&
  stored !== undefined &&
  sent.split(' ').toSorted().join(' ') === stored.split(' ').toSorted().join(' ')

/** The field that a link is about. */
const asked = z.object({ field: z.string().max(100).catch('') })

/** `/admin/clients/:id/edit`. */
export async function clientEdit(
  app: FastifyInstance,
  deps: ConsoleDependencies & ClientsDependencies,
  shownOnce: ShownOnce,
): Promise<void> {
  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    client: ClientView,
    fields: Fields,
    more: { errors?: Record<string, string>; stale?: boolean; version?: string | undefined } = {},
  ) {
    const { items } = await deps.listApis()
    const values = typedAgain(fields)
    const form = spokenForm(deps.clientForm)
    const conflict = more.stale ? differences(form, values, fieldsOf(form, client)) : undefined
    const marked = new Set([
      asked.parse(request.query).field,
      ...Object.keys(more.errors ?? {}),
      ...(conflict ?? []).map((each) => each.of),
    ])
    const data = {
      id: client.client_id,
      name: client.client_name,
      tabs: clientTabs(client, '/edit'),
      form: {
        action: `/admin/clients/${client.client_id}/edit`,
        values: writtenValues(form, values, items),
        errors: more.errors,
      },
      version: more.version ?? client.version,
      sections: drawnForm(form, values, marked, items),
      conflict,
    }
    const status = more.stale ? 409 : more.errors ? 422 : 200
    return renderConsole(request, reply, 'clients', 'admin/clients-edit', data, { status })
  }

  app.get<IdParams>(
    '/admin/clients/:id/edit',
    { config: { admin: 'client.read', within: 'clients' } },
    async (request, reply) => {
      const client = await deps.clients.get(request.params.id)
      return show(request, reply, client, fieldsOf(deps.clientForm, client))
    },
  )

  // A redirect URI is a door: changing one asks for a fresh sign-in.
  app.post<IdParams>(
    '/admin/clients/:id/edit',
    { config: { admin: 'client.update', within: 'clients' } },
    async (request, reply) => {
      const { id } = request.params
      const { version = '', csrf_token: _token, ...fields } = fieldsSchema.parse(request.body)
      const before = await deps.clients.get(id)
      const errors = keptByProfile(before, fields)
      if (Object.keys(errors).length > 0) return show(request, reply, before, fields, { errors, version })
      try {
        const changes = editOf(deps.clientForm, fields)
        const kept = sameScopes(changes.scope, before.scope) ? { scope: before.scope } : {}
        const saved = await deps.clients.update(id, { ...changes, ...kept }, { ifVersion: version })
        const { client_secret: secret } = saved
        if (secret !== undefined) shownOnce.put(reply, id, secret, administratorOf(request).id)
        const done = losesIdentity(before, saved) ? 'narrowed' : 'saved'
        return reply.redirect(`/admin/clients/${id}?done=${done}`, 303)
      } catch (error) {
        const client = await deps.clients.get(id)
        const problems = fieldErrors(error, spokenForm(deps.clientForm))
        if (problems) return show(request, reply, client, fields, { errors: problems, version })
        if (!(error instanceof VersionConflict)) throw error
        return show(request, reply, client, fields, { stale: true })
      }
    },
  )
}
