import { z } from 'zod'
import type { RunningImpersonation } from '../../accounts/impersonations/impersonations.ts'
import type { RestContext } from './context.ts'
import { operation } from './operation.ts'
import { idParams, time, timestamp } from './schemas.ts'

const area = 'users' as const

const impersonation = z
  .object({
    id: z.string(),
    user_id: z.string().meta({ description: 'The person.' }),
    username: z.string().nullable(),
    administrator_id: z.string().meta({ description: 'Who is signed in as them: `sub` of `act`.' }),
    administrator: z.string().nullable(),
    reason: z.string(),
    started_at: timestamp,
    expires_at: timestamp,
  })
  .meta({ id: 'Impersonation', description: 'An administrator who is signed in as a person now.' })

const listThem = operation({
  id: 'listImpersonations',
  area,
  needs: 'user.read_impersonations',
  summary: 'List who is signed in as a person',
  safe: true,
  answers: [200, 'Those that run, newest first.', z.object({ items: z.array(impersonation) })],
})
const endOne = operation({
  id: 'endImpersonation',
  area,
  needs: 'user.end_impersonation',
  summary: 'End being signed in as a person',
  description: 'The session ends, with every token that was issued in it.',
  params: idParams,
  answers: [204, 'Ended.'],
})

const view = (each: RunningImpersonation): z.input<typeof impersonation> => ({
  id: each.id,
  user_id: each.accountId,
  username: each.username ?? null,
  administrator_id: each.by,
  administrator: each.administrator ?? null,
  reason: each.reason,
  started_at: time(each.startedAt * 1000),
  expires_at: time(each.until * 1000),
})

/** `/impersonations` */
export function impersonationRoutes({ app, deps }: RestContext): void {
  const limit = deps.limit('admin')

  app.get('/impersonations', { ...listThem, ...limit }, async () => ({
    items: (await deps.impersonations.running()).map(view),
  }))

  app.delete('/impersonations/:id', { ...endOne, ...limit }, async (request, reply) => {
    await deps.impersonations.end(request.params.id)
    return reply.code(204).send()
  })
}
