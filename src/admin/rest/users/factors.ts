import type { Account } from '../../../accounts/account.ts'
import { AppError } from '../../../shared/errors.ts'
import { requirementOf } from '../../../shared/second-factor-rule.ts'
import type { RestContext } from '../context.ts'
import { callerOf } from '../guard.ts'
import { refuseAdministrators } from '../machine.ts'
import { operation } from '../operation.ts'
import { idParams, time, timeOrNull } from '../schemas.ts'
import { factors, recoveryStarted } from './schemas.ts'

const area = 'users' as const

const readFactors = operation({
  id: 'listUserFactors',
  area,
  needs: 'user.read',
  safe: true,
  summary: 'The second factors of a user',
  description: 'And which rule requires one of them, and whether a recovery waits.',
  params: idParams,
  answers: [200, 'All of them.', factors],
})

const resetFactors = operation({
  id: 'resetUserFactors',
  area,
  needs: 'user.reset_factors',
  summary: 'Start the removal of the second factors of a user',
  description:
    'For a person who has lost them. They are told at once and can stop it; after `recovery_delay_hours` they get a link that removes them, behind their password. Nobody removes them sooner. Where a recovery waits already, its time is the answer.',
  params: idParams,
  answers: [202, 'It is started.', recoveryStarted],
  problems: [409],
})

const stopRecovery = operation({
  id: 'stopUserRecovery',
  area,
  needs: 'user.stop_recovery',
  summary: 'Stop the removal of the second factors of a user',
  params: idParams,
  answers: [204, 'It is stopped.'],
  problems: [409],
})

/** `/users/:id/factors` and `/users/:id/recovery`. @param find throws when there is no such account */
export function userFactorsRoutes({ app, deps }: RestContext, find: (id: string) => Promise<Account>): void {
  const limit = deps.limit('admin')
  const { recovery } = deps.factors

  app.get('/users/:id/factors', { ...readFactors, ...limit }, async (request) => {
    const account = await find(request.params.id)
    const listed = await deps.factors.list(account.id)
    const waiting = await recovery.waiting(account)
    return {
      items: listed.factors.map(({ createdAt, lastUsedAt, ...factor }) => ({
        ...factor,
        created_at: time(createdAt),
        last_used_at: timeOrNull(lastUsedAt),
      })),
      recovery_codes_left: listed.recoveryCodesLeft,
      required_by: requirementOf(deps.secondFactor(), account) ?? null,
      recovery: waiting
        ? {
            started_by: waiting.startedBy,
            started_at: time(waiting.startedAt),
            ready_at: time(waiting.readyAt),
            expires_at: time(waiting.expiresAt),
          }
        : null,
    }
  })

  app.delete('/users/:id/factors', { ...resetFactors, ...limit }, async (request, reply) => {
    const account = await find(request.params.id)
    refuseAdministrators(callerOf(request), account)
    const { recovery: started } = await recovery.start(account.id, { kind: 'administrator' })
    return reply.code(202).send({ ready_at: time(started.readyAt) })
  })

  app.delete('/users/:id/recovery', { ...stopRecovery, ...limit }, async (request, reply) => {
    const account = await find(request.params.id)
    refuseAdministrators(callerOf(request), account)
    if (!(await recovery.stop(account.id, 'administrator')))
      throw new AppError('no_recovery', 409, 'No recovery of this account waits.')
    return reply.code(204).send()
  })
}
