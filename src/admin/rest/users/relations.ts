import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import { AppError } from '../../../shared/errors.ts'
import type { RestContext } from '../context.ts'
import { callerOf } from '../guard.ts'
import { refuseGreater } from '../machine.ts'
import { operation } from '../operation.ts'
import { idParams, time } from '../schemas.ts'
import { allOf, consent, identity, session } from './schemas.ts'

const area = 'users' as const
const shared = { area, needs: 'user.read', safe: true, params: idParams } as const

const listSessions = operation({
  ...shared,
  id: 'listUserSessions',
  summary: 'Where a user is signed in',
  answers: [200, 'All of them, the newest first.', allOf(session)],
})

const endSession = operation({
  id: 'endUserSession',
  area,
  needs: 'user.end_sessions',
  summary: 'Sign a user out of one browser or device',
  description: 'Its session and the tokens of it end at once; `listUserSessions` has its ID. Others stay.',
  params: z.object({
    id: idParams.shape.id,
    sid: z.string().meta({ description: 'The ID of the session.' }),
  }),
  answers: [204, 'Ended.'],
})

const listIdentities = operation({
  ...shared,
  id: 'listUserIdentities',
  summary: 'The linked sign-ins of a user',
  answers: [200, 'All of them.', allOf(identity)],
})

const listConsents = operation({
  ...shared,
  id: 'listUserConsents',
  summary: 'What a user has allowed which client',
  answers: [200, 'All of them.', allOf(consent)],
})

/** `/users/:id/sessions`, `identities` and `consents`. @param find throws when there is no such account */
export function userRelationsRoutes(
  { app, deps }: RestContext,
  find: (id: string) => Promise<Account>,
): void {
  const limit = deps.limit('admin')

  app.get('/users/:id/sessions', { ...listSessions, ...limit }, async (request) => {
    const { id } = await find(request.params.id)
    const items = (await deps.relations.sessions(id)).map(({ uid, device, detail, lastActive }) => ({
      ...{ id: uid, device, detail },
      last_active: lastActive ?? null,
    }))
    return { items }
  })

  app.delete('/users/:id/sessions/:sid', { ...endSession, ...limit }, async (request, reply) => {
    const account = await find(request.params.id)
    const caller = callerOf(request)
    await refuseGreater(caller, account, deps.authorityOf)
    const { sid } = request.params
    if (!(await deps.relations.sessions(account.id)).some(({ uid }) => uid === sid))
      throw new AppError(
        'session_not_found',
        404,
        'This user has no session with this ID. It may have ended.',
      )
    await deps.relations.endSession(account.id, sid)
    return reply.code(204).send()
  })

  app.get('/users/:id/identities', { ...listIdentities, ...limit }, async (request) => {
    const { id } = await find(request.params.id)
    const { identities } = await deps.accounts.linked.signInMethods(id)
    const items = identities.map(({ createdAt, lastUsedAt, ...rest }) => ({
      ...rest,
      created_at: time(createdAt),
      last_used_at: time(lastUsedAt),
    }))
    return { items }
  })

  app.get('/users/:id/consents', { ...listConsents, ...limit }, async (request) => {
    const { id } = await find(request.params.id)
    const items = (await deps.relations.consents(id)).map((each) => ({
      client_id: each.clientId,
      scope: each.scopes.join(' '),
      resources: Object.fromEntries(
        Object.entries(each.resources).map(([resource, scopes]) => [resource, scopes.join(' ')]),
      ),
      claims: each.claims ?? [],
      granted_at: time(each.grantedAt * 1000),
    }))
    return { items }
  })
}
