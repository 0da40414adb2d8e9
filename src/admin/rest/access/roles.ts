import { z } from 'zod'
import type { NamedField } from '../../../access/fields/field.ts'
import type { Role } from '../../../access/roles/role.ts'
import { orFailed, requireMatch, sendEtag } from '../../../http/etag.ts'
import { AppError } from '../../../shared/errors.ts'
import type { RestContext } from '../context.ts'
import { createOnce } from '../idempotency.ts'
import { operation } from '../operation.ts'
import { searchQuery, sendPage } from '../paging.ts'
import { idParams, pageOf } from '../schemas.ts'
import { accessGuard } from './guard.ts'
import { accessSchemas, accessView } from './schemas.ts'

const area = 'groups and roles' as const

/** What can be done with roles themselves. */
function roleOperations(fields: readonly NamedField[]) {
  const { answer: role, body } = accessSchemas(fields, {
    id: 'Role',
    description: 'A named set of the scopes of an API.',
  })
  return {
    listRoles: operation({
      id: 'listRoles',
      area,
      needs: 'role.read',
      summary: 'List roles',
      description: 'By API and name. `search` finds part of the name.',
      safe: true,
      query: searchQuery.extend({
        resource: z.string().max(500).optional().meta({ description: 'Only those of this API.' }),
      }),
      answers: [200, 'A page; `Link` has the address of the next one.', pageOf(role)],
      problems: [400],
    }),
    createRole: operation({
      id: 'createRole',
      area,
      needs: 'role.create',
      summary: 'Create a role',
      once: true,
      body,
      answers: [201, 'Created.', role],
    }),
    readRole: operation({
      id: 'readRole',
      area,
      needs: 'role.read',
      summary: 'Read a role',
      safe: true,
      params: idParams,
      answers: [200, 'The role; `ETag` names its state.', role],
    }),
    changeRole: operation({
      id: 'changeRole',
      area,
      needs: 'role.update',
      summary: 'Change a role',
      description: 'Fields that are left out stay; null empties `scope`.',
      conditional: true,
      params: idParams,
      body,
      answers: [200, 'The role as it is now.', role],
      problems: [409],
    }),
    deleteRole: operation({
      id: 'deleteRole',
      area,
      needs: 'role.delete',
      summary: 'Delete a role',
      description: 'Everyone who has it loses it.',
      conditional: true,
      params: idParams,
      answers: [204, 'Deleted.'],
    }),
    listOf: (holder: 'User' | 'Group') =>
      operation({
        id: `list${holder}Roles`,
        area,
        needs: 'role.read',
        summary: `The roles of a ${holder.toLowerCase()}`,
        description: holder === 'User' ? 'Those that the user was given, not those by a group.' : 'By name.',
        safe: true,
        params: idParams,
        answers: [200, 'All of them.', z.object({ items: z.array(role) })],
      }),
  }
}

const holderParams = z.object({ id: z.string().max(100), roleId: z.string().max(100) })

const given = { area, params: holderParams } as const
const assignTo = (holder: 'User' | 'Group') =>
  operation({
    ...given,
    id: `assign${holder}Role`,
    needs: 'role.assign',
    summary: `Give a role to a ${holder.toLowerCase()}`,
    description: holder === 'Group' ? 'All of its members have it.' : 'Who has it keeps it.',
    answers: [204, 'It is given.'],
  })
const unassignFrom = (holder: 'User' | 'Group') =>
  operation({
    ...given,
    id: `unassign${holder}Role`,
    needs: 'role.unassign',
    summary: `Take a role from a ${holder.toLowerCase()}`,
    description: 'Tokens that were issued say it until they expire; the next ones do not.',
    answers: [204, 'It is taken away.'],
  })
/** `/roles`, and `/users/:id/roles`, `/groups/:id/roles` */
export function roleRoutes({ app, deps }: RestContext): void {
  const { roles, roleFields, issuer } = deps
  const { refuseOfGroup, refuseOfRole, refuseOfUser } = accessGuard(deps)
  const { listRoles, createRole, readRole, changeRole, deleteRole, listOf } = roleOperations(roleFields)
  const roleView = (role: Role) => accessView(roleFields, role)
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)

  app.get('/roles', { ...listRoles, ...limit }, async (request, reply) =>
    sendPage(request, reply, issuer, await roles.list(request.query), roleView),
  )

  app.post('/roles', { ...createRole, ...limit }, async (request, reply) =>
    once(request, reply, async () => {
      const created = await roles.create(request.body)
      const headers = { location: `${issuer}/api/admin/roles/${created.id}`, etag: `"${created.version}"` }
      return { headers, body: roleView(created) }
    }),
  )

  app.get('/roles/:id', { ...readRole, ...limit }, async (request, reply) => {
    const found = await roles.get(request.params.id)
    sendEtag(reply, found.version)
    return roleView(found)
  })

  app.patch('/roles/:id', { ...changeRole, ...limit }, async (request, reply) => {
    const { id, version } = await roles.get(request.params.id)
    await refuseOfRole(request, id)
    const meant = requireMatch(request, version) ? { ifVersion: version } : {}
    const changed = await orFailed(roles.update(id, request.body, meant))
    sendEtag(reply, changed.version)
    return roleView(changed)
  })

  app.delete('/roles/:id', { ...deleteRole, ...limit }, async (request, reply) => {
    const { id, version } = await roles.get(request.params.id)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    await refuseOfRole(request, id)
    await orFailed(roles.remove(id, given))
    return reply.code(204).send()
  })

  const requireUser = async (id: string) => {
    if ((await deps.accounts.byId(id)) === undefined)
      throw new AppError('user_not_found', 404, 'There is no user with this ID.')
  }
  const rolesOfUser = async (id: string) => {
    await requireUser(id)
    return roles.ofAccount(id)
  }
  const rolesOfGroup = async (id: string) => {
    await deps.groups.get(id)
    return roles.ofGroup(id)
  }
  const holders = [
    { path: '/users/:id/roles', holder: 'User', key: 'account', list: rolesOfUser, refuse: refuseOfUser },
    { path: '/groups/:id/roles', holder: 'Group', key: 'group', list: rolesOfGroup, refuse: refuseOfGroup },
  ] as const
  for (const { path, holder, key, list, refuse } of holders) {
    const holderOf = (id: string) => (key === 'account' ? { account: id } : { group: id })
    app.get(path, { ...listOf(holder), ...limit }, async (request) => ({
      items: (await list(request.params.id)).map(roleView),
    }))
    app.put(`${path}/:roleId`, { ...assignTo(holder), ...limit }, async (request, reply) => {
      await refuse(request, request.params.id)
      await roles.assign(request.params.roleId, holderOf(request.params.id))
      return reply.code(204).send()
    })
    app.delete(`${path}/:roleId`, { ...unassignFrom(holder), ...limit }, async (request, reply) => {
      await refuse(request, request.params.id)
      await roles.unassign(request.params.roleId, holderOf(request.params.id))
      return reply.code(204).send()
    })
  }
}
