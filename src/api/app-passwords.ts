import { z } from 'zod'
import { AppError } from '../shared/errors.ts'
import { callerOf } from './callers.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body, currentPassword, proofBody, text, timestamp } from './fields.ts'
import { operation } from './operation.ts'
import { changerOf, requireOwner } from './owner.ts'

const tag = 'Second factors'

const list = operation({
  id: 'appPasswords',
  tag,
  summary: 'Your app passwords',
  caller: {},
  safe: true,
  answers: [
    200,
    'The newest first.',
    z.object({
      items: z.array(
        z.object({
          id: z.string(),
          name: z.string().meta({ examples: ['Backup script'] }),
          created_at: timestamp,
          last_used_at: timestamp.nullable().meta({ description: 'To the hour.' }),
        }),
      ),
    }),
  ],
  problems: [401, 403, 429, 503],
})

const create = operation({
  id: 'createAppPassword',
  tag,
  summary: 'Create an app password',
  description:
    'For HTTP Basic, of an account with a second factor, beside the username or email address. It signs in to no page, and changes no factor. Needs `current_password`, unless the sign-in is fresh.',
  caller: {},
  body: body({ name: text(256), current_password: currentPassword }).meta({
    examples: [{ name: 'Backup script', current_password: 'glass otter 72 harbour' }],
  }),
  answers: [
    201,
    'It is never shown again.',
    z.object({
      id: z.string(),
      password: z.string().meta({ examples: ['ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567'] }),
    }),
  ],
  problems: [401, 403, 409, 429, 503],
})

const remove = operation({
  id: 'removeAppPassword',
  tag,
  summary: 'Remove an app password',
  caller: {},
  params: z.object({ id: z.string().max(64) }),
  body: proofBody,
  answers: [204, 'Removed: it is refused from now on.'],
  problems: [401, 403, 404, 429, 503],
})

const iso = (time: number): string => new Date(time).toISOString()

/** What scripts send as the password of HTTP Basic. */
export function appPasswordRoutes({ known, deps }: ApiContext): void {
  const { factors, limit } = deps

  known.get('/me/app-passwords', withLimit(list, limit('token')), async (request) => {
    const all = await factors.appPasswords.list(callerOf(request).account.id)
    const items = all.map(({ id, name, createdAt, lastUsedAt }) => ({
      ...{ id, name, created_at: iso(createdAt) },
      last_used_at: lastUsedAt === null ? null : iso(lastUsedAt),
    }))
    return { items }
  })

  known.post('/me/app-passwords', withLimit(create, limit('account')), async (request, reply) => {
    const caller = await requireOwner(deps, request, request.body.current_password)
    return reply.code(201).send(await factors.appPasswords.create(changerOf(caller), request.body.name))
  })

  known.delete('/me/app-passwords/:id', withLimit(remove, limit('account')), async (request, reply) => {
    const caller = await requireOwner(deps, request, request.body.current_password)
    if (!(await factors.appPasswords.remove(changerOf(caller), request.params.id)))
      throw new AppError('app_password_not_found', 404, 'There is no such app password.')
    return reply.code(204).send()
  })
}
