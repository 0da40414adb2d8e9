// Clients in the console: the list, “What are you building?”, and the page of one. What may be registered, and every other
// rule, is the service's (src/clients); here is how it is asked for and shown.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Form } from '../../../http/pages/pages.ts'
import { t } from '../../../shared/locales/texts.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { createShownOnce } from '../shown-once.ts'
import { presets } from '../snippets/preset.ts'
import { stackName } from '../snippets/spoken.ts'
import { tryArea } from '../try-it/routes.ts'
import { clientActions } from './actions.ts'
import { type Fields, fieldsIn } from './controls.ts'
import type { ClientsDependencies } from './dependencies.ts'
import { clientEdit } from './edit.ts'
import { fieldErrors, fieldsSchema, labelsFor, newRegistration, typedAgain } from './form.ts'
import { type ClientInsightDependencies, clientInsight } from './insight.ts'
import { clientList } from './list.ts'
import { clientPage } from './page.ts'
import { presetForm } from './preset-form.ts'
import { type BuildKind, KINDS, kindsInWords } from './presets.ts'
import { spokenForm } from './spoken.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/clients-new': {
      frame: ConsoleFrame
      kinds: { href: string; title: string; about: string }[]
      programs: { href: string; name: string }[]
    }
    'admin/clients-form': {
      frame: ConsoleFrame
      form: Form
      title: string
      kind: BuildKind['id']
      /** What it asks for, in words. */
      asks: {
        redirectUris?: string | undefined
        postLogout?: boolean
        keys?: boolean
        apis?: string | undefined
      }
      /** What the long form calls its fields, and says of them. */
      labels: Record<string, string>
      hints: Record<string, string>
      apis: { name: string; scopes: { value: string; checked: boolean }[] }[]
    }
  }
}

/** `/admin/clients` and below. */
export async function clientsArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & ClientsDependencies & ClientInsightDependencies,
): Promise<void> {
  const shownOnce = createShownOnce(deps)
  clientList(app, deps)

  /** The APIs whose scopes the form of a kind has boxes for. */
  const offeredApis = async (kind: BuildKind) => (kind.asks.apis ? (await deps.listApis()).items : [])
  const offeredScopes = async (kind: BuildKind) =>
    new Set((await offeredApis(kind)).flatMap(({ scope }) => scope.split(' ')))

  async function newForm(request: FastifyRequest, reply: FastifyReply, fields: Fields, form: Partial<Form>) {
    const kind = KINDS.find(({ id }) => id === fields.kind)
    if (kind === undefined) {
      const programs = presets().map((stack) => ({
        href: `/admin/clients/new/${stack.id}`,
        name: stackName(stack),
      }))
      return renderConsole(request, reply, 'clients', 'admin/clients-new', {
        kinds: kindsInWords(),
        programs,
      })
    }
    const resources = await offeredApis(kind)
    const { asks } = kind
    const fieldsOfForm = fieldsIn(spokenForm(deps.clientForm))
    const data = {
      title: t(`admin.clients.form.title.${kind.id}`),
      kind: kind.id,
      asks: {
        ...asks,
        redirectUris: asks.redirectUris && t(asks.redirectUris.hint),
        apis: asks.apis && t(asks.apis),
      },
      labels: Object.fromEntries(fieldsOfForm.map(({ name, form: { label } }) => [name, label])),
      hints: Object.fromEntries(fieldsOfForm.map(({ name, form: { hint = '' } }) => [name, hint])),
      form: { action: `/admin/clients/new?kind=${kind.id}`, ...form },
      apis: resources.map(({ name, scope }) => ({
        name,
        scopes: scope
          .split(' ')
          .map((value) => ({ value, checked: Object.hasOwn(fields, `scope.${value}`) })),
      })),
    }
    return renderConsole(request, reply, 'clients', 'admin/clients-form', data, {
      status: form.errors ? 422 : 200,
    })
  }

  app.get('/admin/clients/new', { config: { admin: 'client.create' } }, async (request, reply) => {
    const { kind = '' } = z.object({ kind: z.string().optional().catch('') }).parse(request.query)
    const start = KINDS.find(({ id }) => id === kind)?.asks.redirectUris?.value
    return newForm(request, reply, { kind }, { values: { ...(start && { redirect_uris: start }) } })
  })

  app.post('/admin/clients/new', { config: { admin: 'client.create' } }, async (request, reply) => {
    const fields = fieldsSchema.parse(request.body)
    const kind = KINDS.find(({ id }) => id === fields.kind)
    if (kind === undefined) return reply.redirect('/admin/clients/new', 303)
    try {
      const created = await deps.clients.create(newRegistration(kind, fields, await offeredScopes(kind)))
      const { client_id: id, client_secret: secret } = created
      if (secret !== undefined) shownOnce.put(reply, id, secret, administratorOf(request).id)
      return reply.redirect(`/admin/clients/${id}?done=created`, 303)
    } catch (error) {
      const form = spokenForm(deps.clientForm)
      const errors = fieldErrors(error, form)
      if (errors === undefined) throw error
      const labels = labelsFor(Object.keys(errors), form)
      return newForm(request, reply, fields, { errors, labels, values: typedAgain(fields) })
    }
  })

  await presetForm(app, deps, shownOnce)
  await clientPage(app, deps, shownOnce)
  await clientInsight(app, deps)
  await clientEdit(app, deps, shownOnce)
  await clientActions(app, deps, shownOnce)
  await tryArea(app, deps)
}
