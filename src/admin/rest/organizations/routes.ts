import { z } from 'zod'
import { orFailed, requireMatch, sendEtag } from '../../../http/etag.ts'
import type { NamedOrganizationField } from '../../../organizations/fields.ts'
import type { Organization } from '../../../organizations/organization.ts'
import { withinLimits } from '../../access.ts'
import { accessGuard } from '../access/guard.ts'
import type { RestContext } from '../context.ts'
import { callerOf } from '../guard.ts'
import { createOnce } from '../idempotency.ts'
import { refuseWeakerOrganizations } from '../machine.ts'
import { operation } from '../operation.ts'
import { pageQuery, searchQuery, sendPage } from '../paging.ts'
import { idParams, optionalBody, pageOf } from '../schemas.ts'
import { memberAnswer, memberView, organizationSchemas, organizationView, rolesField } from './schemas.ts'

const area = 'organizations' as const

/** What can be done with organizations themselves. */
function operationsOf(fields: readonly NamedOrganizationField[]) {
  const { answer, body } = organizationSchemas(fields)
  return {
    list: operation({
      id: 'listOrganizations',
      area,
      needs: 'organization.read',
      within: 'organization',
      summary: 'List organizations',
      description: 'By short name. `search` finds part of a name or short name.',
      safe: true,
      query: searchQuery,
      answers: [200, 'A page; `Link` has the address of the next one.', pageOf(answer)],
      problems: [400],
    }),
    create: operation({
      id: 'createOrganization',
      area,
      needs: 'organization.create',
      summary: 'Create an organization',
      once: true,
      body,
      answers: [201, 'Created.', answer],
    }),
    read: operation({
      id: 'readOrganization',
      area,
      needs: 'organization.read',
      within: 'organization',
      summary: 'Read an organization',
      safe: true,
      params: idParams,
      answers: [200, 'The organization; `ETag` names its state.', answer],
    }),
    change: operation({
      id: 'changeOrganization',
      area,
      needs: 'organization.update',
      within: 'organization',
      summary: 'Change an organization',
      description: 'Fields that are left out stay. Apps are told of a new name with the next token.',
      conditional: true,
      params: idParams,
      body,
      answers: [200, 'The organization as it is now.', answer],
      problems: [409],
    }),
    remove: operation({
      id: 'deleteOrganization',
      area,
      needs: 'organization.delete',
      summary: 'Delete an organization',
      description: 'Nobody signs in for it any more, and its tokens and invitations end. Accounts stay.',
      conditional: true,
      params: idParams,
      answers: [204, 'Deleted.'],
    }),
  }
}

const listMembers = operation({
  id: 'listOrganizationMembers',
  area,
  needs: 'organization.read',
  within: 'organization',
  summary: 'List the members of an organization',
  description: 'Who came last first.',
  safe: true,
  params: idParams,
  query: pageQuery,
  answers: [200, 'A page; `Link` has the address of the next one.', pageOf(memberAnswer)],
  problems: [400],
})

const memberParams = idParams.extend({ userId: z.string().max(100) })

const putMember = operation({
  id: 'putOrganizationMember',
  area,
  needs: 'organization.add_member',
  within: 'organization',
  summary: 'Add a member to an organization, or set their roles',
  description: 'Who is one already has these roles from now on, and no others.',
  params: memberParams,
  body: optionalBody({ roles: rolesField }, { roles: ['member'] }),
  answers: [200, 'The member.', memberAnswer],
  problems: [409],
})

const removeMember = operation({
  id: 'removeOrganizationMember',
  area,
  needs: 'organization.remove_member',
  within: 'organization',
  summary: 'Remove a member from an organization',
  description: 'Their refresh and opaque tokens of it end at once; JWTs say it until they expire.',
  params: memberParams,
  answers: [204, 'The user is no member any more.'],
})

/** `/organizations` */
export function organizationRoutes({ app, deps }: RestContext): void {
  const { organizations, organizationFields, issuer } = deps
  const { members } = organizations
  const { refuseOfOrganization, refuseOfUser } = accessGuard(deps)
  const { list, create, read, change, remove } = operationsOf(organizationFields)
  const view = (one: Organization) => organizationView(organizationFields, one)
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)

  app.get('/organizations', { ...list, ...limit }, async (request, reply) =>
    sendPage(
      request,
      reply,
      issuer,
      await organizations.list({ ...request.query, ...withinLimits.organizations() }),
      view,
    ),
  )

  app.post('/organizations', { ...create, ...limit }, async (request, reply) =>
    once(request, reply, async () => {
      const created = await organizations.create(request.body)
      const location = `${issuer}/api/admin/organizations/${created.id}`
      return { headers: { location, etag: `"${created.version}"` }, body: view(created) }
    }),
  )

  app.get('/organizations/:id', { ...read, ...limit }, async (request, reply) => {
    const found = await organizations.get(request.params.id)
    sendEtag(reply, found.version)
    return view(found)
  })

  app.patch('/organizations/:id', { ...change, ...limit }, async (request, reply) => {
    const before = await organizations.get(request.params.id)
    const given = requireMatch(request, before.version) ? { ifVersion: before.version } : {}
    // A person who was given this may, also where an administrator is a member: they are one mostly.
    if (callerOf(request).kind === 'machine') await refuseOfOrganization(request, before.id)
    refuseWeakerOrganizations(callerOf(request), request.body, { ...before })
    const changed = await orFailed(organizations.update(before.id, request.body, given))
    sendEtag(reply, changed.version)
    return view(changed)
  })

  app.delete('/organizations/:id', { ...remove, ...limit }, async (request, reply) => {
    const { id, version } = await organizations.get(request.params.id)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    await refuseOfOrganization(request, id)
    await orFailed(organizations.remove(id, given))
    return reply.code(204).send()
  })

  app.get('/organizations/:id/members', { ...listMembers, ...limit }, async (request, reply) =>
    sendPage(request, reply, issuer, await members.list(request.params.id, request.query), memberView),
  )

  const path = '/organizations/:id/members/:userId'
  app.put(path, { ...putMember, ...limit }, async (request) => {
    const { id, userId } = request.params
    await refuseOfUser(request, userId)
    return memberView(await members.put(id, userId, request.body.roles))
  })

  app.delete(path, { ...removeMember, ...limit }, async (request, reply) => {
    const { id, userId } = request.params
    await refuseOfUser(request, userId)
    await members.remove(id, userId)
    return reply.code(204).send()
  })
}
