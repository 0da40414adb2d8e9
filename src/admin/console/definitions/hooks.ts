import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Hooks, Tried } from '../../../hooks/hooks.ts'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { message } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import type { ClientsDependencies } from '../clients/dependencies.ts'
import { administratorOf } from '../context.ts'
import { createShownOnce } from '../shown-once.ts'
import type { DefinitionTexts } from './form.ts'
import { definitionPages } from './routes.ts'
import { spokenFields } from './spoken.ts'

export interface HooksAreaDependencies extends Pick<ClientsDependencies, 'cookies' | 'sealed'> {
  hooks: Omit<Hooks, 'ask' | 'asked'>
  hookFields: readonly NamedDefinitionField[]
  definitionTexts: DefinitionTexts
}

type ById = { Params: { id: string } }

/** `/admin/hooks`: programs that are asked before something happens. */
export async function hooksArea(app: FastifyInstance, deps: HooksAreaDependencies): Promise<void> {
  const { hooks, hookFields, definitionTexts } = deps
  const shownOnce = createShownOnce(deps)
  const tried = new WeakMap<FastifyRequest, Tried>()
  const pageOf = (id: string) => `/admin/hooks/${encodeURIComponent(id)}`

  const show = definitionPages(app, {
    fields: hookFields,
    definitions: { ...hooks, create: hooks.createWithSecret },
    texts: definitionTexts,
    words: {
      kind: 'hook',
      title: message('admin.hooks.title'),
      define: message('admin.hooks.define'),
      defineButton: message('admin.hooks.define.submit'),
      about: message('admin.hooks.about'),
      empty: message('admin.hooks.empty'),
      columns: ['at', 'state', 'url'],
      notices: {
        created: message('admin.hooks.notice.created'),
        saved: message('admin.hooks.notice.saved'),
        deleted: message('admin.hooks.notice.deleted'),
        rotated: message('admin.common.secret.rotated'),
      },
      deleteTitle: (name) => message('admin.common.delete.title', { name }),
      deleteButton: message('admin.hooks.delete.submit'),
      deleting: message('admin.hooks.deleting'),
      ends: message('admin.hooks.ends'),
      facts: async () => [],
      ending: async ({ id }) => {
        const hook = await hooks.get(id)
        return spokenFields('hook', hookFields).flatMap((field) =>
          field.name === 'at' || field.name === 'url'
            ? [{ label: field.form.label, value: definitionTexts.shownText(field, hook[field.name]) }]
            : [],
        )
      },
      created(request, reply, one) {
        const { secret } = one as typeof one & { secret: string }
        shownOnce.put(reply, one.id, secret, administratorOf(request).id)
      },
      hook(request, reply, one) {
        const until = hooks.formerUntil(one as Parameters<Hooks['formerUntil']>[0])
        const found = tried.get(request)
        return {
          base: pageOf(one.id),
          secret: shownOnce.take(request, reply, one.id, administratorOf(request).id),
          formerUntil: until === undefined ? undefined : minuteOf(until),
          tried: found && {
            request: JSON.stringify(JSON.parse(found.request), null, 2),
            answer: found.answer && JSON.stringify(found.answer, null, 2),
            failure: found.failure && String(found.failure),
            took: found.took,
          },
        }
      },
    },
  })

  const formPage = '/admin/hooks/:id'

  // Asks the receiver and shows the answer: there is nothing to come back to.
  app.post<ById>(`${formPage}/test`, { config: { admin: 'hook.test', formPage } }, async (request, reply) => {
    tried.set(request, await hooks.test(request.params.id))
    return show(request, reply, await hooks.get(request.params.id))
  })

  app.post<ById>(
    `${formPage}/rotate-secret`,
    { config: { admin: 'hook.rotate_secret', formPage } },
    async (request, reply) => {
      const { id, secret } = await hooks.rotateSecret(request.params.id)
      shownOnce.put(reply, id, secret, administratorOf(request).id)
      return reply.redirect(`${pageOf(id)}?done=rotated`, 303)
    },
  )
}
