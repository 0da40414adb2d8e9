import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Hooks, Tried } from '../../../hooks/hooks.ts'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { minuteOf } from '../../../shared/moment.ts'
import type { ClientsDependencies } from '../clients/dependencies.ts'
import { administratorOf } from '../context.ts'
import { createShownOnce } from '../shown-once.ts'
import type { DefinitionTexts } from './form.ts'
import { definitionPages } from './routes.ts'

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
      one: 'a hook',
      title: 'Hooks',
      about:
        'A program of yours that is asked before something happens, and allows or denies it within a second. Define it disabled, try it, and enable it then: one that does not answer, and denies then, lets nobody in, you included.',
      empty:
        'There is no hook yet. One is a program of yours that is asked before a sign-in, a registration or tokens, for rules that are no data.',
      columns: ['at', 'state', 'url'],
      notices: {
        created: 'The hook is defined.',
        saved: 'Saved. It counts within a second.',
        deleted: 'The hook is deleted: it is not asked any more.',
        rotated: 'There is a new secret. The one before signs too, for a day.',
      },
      deleting: 'It is not asked any more.',
      ends: 'It is not asked any more: what it denied is allowed from then on, and tokens are without its claims.',
      facts: async () => [],
      ending: async ({ id }) => {
        const { at, url } = await hooks.get(id)
        return [
          { label: 'Asked', value: at },
          { label: 'Address', value: url },
        ]
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
            failure: found.failure,
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
