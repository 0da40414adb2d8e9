import { z } from 'zod'
import type { Group } from '../access/groups/group.ts'
import type { ManagedGroup } from '../access/managing.ts'
import { countForAccount, countNow, giveBack } from '../http/rate-limits/rate-limits.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body, currentPassword, proofBody, text, timestamp } from './fields.ts'
import { operation } from './operation.ts'
import { requireOwner, requirePerson } from './owner.ts'

const tag = 'Groups'
const group = z.object({ id: z.string(), name: z.string(), description: z.string() })
const page = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().optional().meta({ description: 'Absent on the last page.' }),
  })
const query = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).optional().meta({ description: '50 unless given.' }),
  cursor: z.string().max(4000).optional().meta({ description: '`next_cursor` of the page before.' }),
})
const params = z.object({ id: z.string().max(100) })
const memberParams = params.extend({ userId: z.string().max(100) })
const PROOF = 'Where the group has roles, it needs `current_password`, unless the sign-in is fresh.'

const list = operation({
  id: 'managedGroups',
  tag,
  summary: 'The groups that you manage',
  description: 'By name. Needs a token or a session; no HTTP Basic.',
  caller: {},
  safe: true,
  query,
  answers: [200, 'A page.', page(group)],
  problems: [401, 403, 429, 503],
})

const show = operation({
  id: 'managedGroup',
  tag,
  summary: 'A group that you manage',
  caller: {},
  safe: true,
  params,
  answers: [
    200,
    'With the names of the roles that its members have by it.',
    group.extend({ roles: z.array(z.string()) }),
  ],
  problems: [401, 403, 404, 429, 503],
})

const members = operation({
  id: 'managedGroupMembers',
  tag,
  summary: 'The members of a group that you manage',
  description: 'Who came last first.',
  caller: {},
  safe: true,
  params,
  query,
  answers: [
    200,
    'A page.',
    page(
      z.object({
        user_id: z.string(),
        username: z.string(),
        manager: z.boolean(),
        removable: z.boolean().meta({ description: 'Whether you can remove them.' }),
        since: timestamp,
      }),
    ),
  ],
  problems: [401, 403, 404, 429, 503],
})

const add = operation({
  id: 'addManagedGroupMember',
  tag,
  summary: 'Add a member to a group that you manage',
  description: `Who is one already stays one. Everybody who cannot be added is refused in the same words. ${PROOF}`,
  caller: {},
  params,
  body: body({ user: text(400), current_password: currentPassword }).meta({
    examples: [{ user: 'ada@example.org', current_password: 'glass otter 72 harbour' }],
  }),
  answers: [204, 'They are a member.'],
  problems: [401, 403, 404, 429, 503],
})

const remove = operation({
  id: 'removeManagedGroupMember',
  tag,
  summary: 'Remove a member from a group that you manage',
  description: `Administrators and other managers are for administrators to remove. ${PROOF}`,
  caller: {},
  params: memberParams,
  body: proofBody,
  answers: [204, 'They are no member any more.'],
  problems: [401, 403, 404, 429, 503],
})

const groupView = ({ id, name, description }: Group) => ({ id, name, description })

/** `/api/auth/me/groups`: as `/account/groups` has them. */
export function groupRoutes({ known, deps }: ApiContext): void {
  const { limit, managing } = deps
  const guesses = limit('groupMember', null)
  type Request = Parameters<typeof requireOwner>[1]
  const proven = ({ roles }: ManagedGroup, request: Request, password: string | undefined) =>
    roles.length > 0 ? requireOwner(deps, request, password) : requirePerson(request)

  known.get('/me/groups', withLimit(list, limit('token')), async (request) => {
    const { account } = requirePerson(request)
    const found = await managing.groups(account.id, request.query)
    return { ...found, items: found.items.map(groupView) }
  })

  known.get('/me/groups/:id', withLimit(show, limit('token')), async (request) => {
    const { account } = requirePerson(request)
    const found = await managing.group(account.id, request.params.id)
    return { ...groupView(found), roles: [...found.roles] }
  })

  known.get('/me/groups/:id/members', withLimit(members, limit('token')), async (request) => {
    const { account } = requirePerson(request)
    const found = await managing.members(account.id, request.params.id, request.query)
    const items = found.items.map(({ accountId, username, manager, removable, createdAt }) => ({
      ...{ user_id: accountId, username, manager, removable },
      since: new Date(createdAt).toISOString(),
    }))
    return { ...found, items }
  })

  known.post('/me/groups/:id/members', withLimit(add, limit('account')), async (request, reply) => {
    const { id } = request.params
    const { account } = requirePerson(request)
    await proven(await managing.group(account.id, id), request, request.body.current_password)
    countForAccount(request, account.id)
    await countNow(guesses, request, reply)
    await managing.add(account.id, id, request.body.user)
    await giveBack(request)
    return reply.code(204).send()
  })

  known.delete(
    '/me/groups/:id/members/:userId',
    withLimit(remove, limit('account')),
    async (request, reply) => {
      const { id, userId } = request.params
      const { account } = requirePerson(request)
      await proven(await managing.group(account.id, id), request, request.body.current_password)
      await managing.remove(account.id, id, userId)
      return reply.code(204).send()
    },
  )
}
