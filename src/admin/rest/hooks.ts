import { z } from 'zod'
import type { Tried } from '../../hooks/hooks.ts'
import { sendEtag } from '../../http/etag.ts'
import type { RestContext } from './context.ts'
import { definitionRoutes, type Kind } from './definitions/routes.ts'
import { callerOf } from './guard.ts'
import { refuseHooks } from './machine.ts'
import { operation } from './operation.ts'
import { idParams, timeOrNull, timestamp } from './schemas.ts'

const area = 'hooks' as const

const HOOK: Kind = {
  area,
  kind: 'hook',
  one: 'a hook',
  description: 'A program that is asked before a sign-in, a registration or tokens.',
  changing: 'Name and moment stay. It counts within a second.',
  deleting: 'Nobody is asked any more.',
}

const secret = z.string().meta({ description: 'Shown this once.', examples: ['whsec_…'] })

const rotate = operation({
  id: 'rotateHookSecret',
  area,
  needs: 'hook.rotate_secret',
  summary: 'Give a hook a new secret',
  description: 'For a day the one before signs too: each request has both signatures.',
  params: idParams,
  answers: [
    200,
    'The new secret.',
    z
      .object({ id: z.string(), secret, former_secret_until: timestamp.nullable() })
      .meta({ id: 'HookSecret' }),
  ],
  problems: [409],
})

const test = operation({
  id: 'testHook',
  area,
  needs: 'hook.test',
  summary: 'Try a hook',
  description: 'Asks it about nobody, with `test: true`. Its answer changes nothing.',
  params: idParams,
  answers: [
    200,
    'What was asked and answered.',
    z
      .object({
        request: z.string().meta({ description: 'The document that was sent.' }),
        answer: z
          .string()
          .nullable()
          .meta({ description: 'As it was understood; null: none, or no good one.' }),
        failure: z.string().nullable().meta({ description: 'Why there is no good answer.' }),
        took_ms: z.int(),
      })
      .meta({ id: 'HookTest' }),
  ],
})

const triedView = ({ request, answer, failure, took }: Tried) => ({
  request,
  answer: answer === undefined ? null : JSON.stringify(answer),
  failure: failure?.english ?? null,
  took_ms: took,
})

/** `/hooks` */
export function hookRoutes(context: RestContext): void {
  const { app, deps } = context
  const { hooks, hookFields } = deps
  const limit = deps.limit('admin')
  definitionRoutes(
    context,
    HOOK,
    hookFields,
    { ...hooks, create: hooks.createWithSecret },
    {
      shown: { secret },
      guard: (request) => refuseHooks(callerOf(request)),
    },
  )

  app.post('/hooks/:id/rotate-secret', { ...rotate, ...limit }, async (request, reply) => {
    const { id } = await hooks.get(request.params.id)
    refuseHooks(callerOf(request))
    const rotated = await hooks.rotateSecret(id)
    sendEtag(reply, rotated.version)
    return {
      id: rotated.id,
      secret: rotated.secret,
      former_secret_until: timeOrNull(hooks.formerUntil(rotated) ?? null),
    }
  })

  app.post('/hooks/:id/test', { ...test, ...limit }, async (request) => {
    const { id } = await hooks.get(request.params.id)
    refuseHooks(callerOf(request))
    return triedView(await hooks.test(id))
  })
}
