import { z } from 'zod'
import type { NamedField } from '../../../access/fields/field.ts'
import type { Group } from '../../../access/groups/group.ts'
import { orFailed, requireMatch, sendEtag } from '../../../http/etag.ts'
import type { RestContext } from '../context.ts'
import { createOnce } from '../idempotency.ts'
import { operation } from '../operation.ts'
import { pageQuery, searchQuery, sendPage } from '../paging.ts'
import { idParams, pageOf, time, timestamp } from '../schemas.ts'
import { accessGuard } from './guard.ts'
import { accessSchemas, accessView } from './schemas.ts'

const area = 'groups and roles' as const

const member = z
  .object({
    user_id: z.string(),
    username: z.string(),
    email: z.string().nullable(),
    manager: z.boolean().meta({ description: 'May add and remove members.' }),
    since: timestamp,
  })
  .meta({ id: 'GroupMember' })

/** What can be done with groups themselves. */
function groupOperations(fields: readonly NamedField[]) {
  const { answer: group, body } = accessSchemas(fields, {
    id: 'Group',
    description: 'People that belong together.',
  })
  return {
    listGroups: operation({
      id: 'listGroups',
      area,
      needs: 'group.read',
      summary: 'List groups',
      description: 'By name. `search` finds part of it.',
      safe: true,
      query: searchQuery,
      answers: [200, 'A page; `Link` has the address of the next one.', pageOf(group)],
      problems: [400],
    }),
    createGroup: operation({
      id: 'createGroup',
      area,
      needs: 'group.create',
      summary: 'Create a group',
      once: true,
      body,
      answers: [201, 'Created.', group],
    }),
    readGroup: operation({
      id: 'readGroup',
      area,
      needs: 'group.read',
      summary: 'Read a group',
      safe: true,
      params: idParams,
      answers: [200, 'The group; `ETag` names its state.', group],
    }),
    changeGroup: operation({
      id: 'changeGroup',
      area,
      needs: 'group.update',
      summary: 'Change a group',
      description: 'Fields that are left out stay. Apps are told of a new name with the next token.',
      conditional: true,
      params: idParams,
      body,
      answers: [200, 'The group as it is now.', group],
      problems: [409],
    }),
    deleteGroup: operation({
      id: 'deleteGroup',
      area,
      needs: 'group.delete',
      summary: 'Delete a group',
      description: 'Its members lose it, and the roles that they have by it.',
      conditional: true,
      params: idParams,
      answers: [204, 'Deleted.'],
    }),
  }
}

const listMembers = operation({
  id: 'listGroupMembers',
  area,
  needs: 'group.read',
  summary: 'List the members of a group',
  description: 'Who came last first.',
  safe: true,
  params: idParams,
  query: pageQuery,
  answers: [200, 'A page; `Link` has the address of the next one.', pageOf(member)],
  problems: [400],
})

const memberParams = idParams.extend({ userId: z.string().max(100) })

const putMember = operation({
  id: 'addGroupMember',
  area,
  needs: 'group.add_member',
  summary: 'Add a member to a group',
  description: 'Who is one already stays one.',
  params: memberParams,
  answers: [204, 'The user is a member.'],
})

const removeMember = operation({
  id: 'removeGroupMember',
  area,
  needs: 'group.remove_member',
  summary: 'Remove a member from a group',
  description: 'Tokens that were issued say it until they expire; the next ones do not.',
  params: memberParams,
  answers: [204, 'The user is no member any more.'],
})

const putManager = operation({
  id: 'addGroupManager',
  area,
  needs: 'group.add_manager',
  summary: 'Name a member as manager of a group',
  description:
    'Managers add and remove members, at `/account/groups` and `/api/auth/me/groups`; nothing else of a group is theirs.',
  params: memberParams,
  answers: [204, 'The member manages the group.'],
})

const removeManager = operation({
  id: 'removeGroupManager',
  area,
  needs: 'group.remove_manager',
  summary: 'Take the management of a group from a member',
  description: 'They stay a member.',
  params: memberParams,
  answers: [204, 'The member does not manage it.'],
})

/** `/groups` */
export function groupRoutes({ app, deps }: RestContext): void {
  const { groups, groupFields, issuer } = deps
  const { refuseOfGroup, refuseOfUser } = accessGuard(deps)
  const { listGroups, createGroup, readGroup, changeGroup, deleteGroup } = groupOperations(groupFields)
  const groupView = (group: Group) => accessView(groupFields, group)
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)

  app.get('/groups', { ...listGroups, ...limit }, async (request, reply) =>
    sendPage(request, reply, issuer, await groups.list(request.query), groupView),
  )

  app.post('/groups', { ...createGroup, ...limit }, async (request, reply) =>
    once(request, reply, async () => {
      const created = await groups.create(request.body)
      const headers = { location: `${issuer}/api/admin/groups/${created.id}`, etag: `"${created.version}"` }
      return { headers, body: groupView(created) }
    }),
  )

  app.get('/groups/:id', { ...readGroup, ...limit }, async (request, reply) => {
    const found = await groups.get(request.params.id)
    sendEtag(reply, found.version)
    return groupView(found)
  })

  app.patch('/groups/:id', { ...changeGroup, ...limit }, async (request, reply) => {
    const { id, version } = await groups.get(request.params.id)
    await refuseOfGroup(request, id)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    const changed = await orFailed(groups.update(id, request.body, given))
    sendEtag(reply, changed.version)
    return groupView(changed)
  })

  app.delete('/groups/:id', { ...deleteGroup, ...limit }, async (request, reply) => {
    const { id, version } = await groups.get(request.params.id)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    await refuseOfGroup(request, id)
    await orFailed(groups.remove(id, given))
    return reply.code(204).send()
  })

  app.get('/groups/:id/members', { ...listMembers, ...limit }, async (request, reply) =>
    sendPage(
      request,
      reply,
      issuer,
      await groups.members(request.params.id, request.query),
      ({ accountId, createdAt, administrator: _, source: __, ...rest }) => ({
        user_id: accountId,
        ...rest,
        since: time(createdAt),
      }),
    ),
  )

  const path = '/groups/:id/members/:userId'
  app.put(path, { ...putMember, ...limit }, async (request, reply) => {
    await refuseOfUser(request, request.params.userId)
    await groups.addMember(request.params.id, request.params.userId)
    return reply.code(204).send()
  })

  app.delete(path, { ...removeMember, ...limit }, async (request, reply) => {
    await refuseOfUser(request, request.params.userId)
    await groups.removeMember(request.params.id, request.params.userId)
    return reply.code(204).send()
  })

  const managers = '/groups/:id/managers/:userId'
  app.put(managers, { ...putManager, ...limit }, async (request, reply) => {
    await refuseOfGroup(request, request.params.id)
    await refuseOfUser(request, request.params.userId)
    await groups.setManager(request.params.id, request.params.userId, true)
    return reply.code(204).send()
  })

  app.delete(managers, { ...removeManager, ...limit }, async (request, reply) => {
    await refuseOfGroup(request, request.params.id)
    await refuseOfUser(request, request.params.userId)
    await groups.setManager(request.params.id, request.params.userId, false)
    return reply.code(204).send()
  })
}
