import { z } from 'zod'
import type { ManagedOrganizationMember } from '../organizations/managing.ts'
import type { Membership } from '../organizations/organization.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body, currentPassword, proofBody, timestamp } from './fields.ts'
import { operation } from './operation.ts'
import { organizationDomainRoutes } from './organization-domains.ts'
import { organizationInvitationRoutes } from './organization-invitations.ts'
import {
  CHANGE,
  givenRoles,
  isoTime,
  managerOf,
  ONE,
  organizationId,
  organizationTag,
  PROOF,
  pageOf,
  pageQuery,
  READ_ONE,
} from './organization-operations.ts'
import { requirePerson } from './owner.ts'

const organization = z.object({
  id: z.string(),
  name: z.string(),
  slug: z.string(),
  roles: z.array(z.string()).meta({ description: 'Yours in it.' }),
  manages: z.boolean().meta({ description: 'Whether you manage members and invitations.' }),
  disabled: z.boolean(),
})
const member = z.object({
  user_id: z.string(),
  username: z.string(),
  roles: z.array(z.string()),
  manager: z.boolean(),
  changeable: z.boolean().meta({ description: 'Whether you can change the roles, or remove the member.' }),
  since: timestamp,
})
const memberParams = organizationId.extend({ userId: z.string().max(100) })

const list = operation({
  id: 'myOrganizations',
  tag: organizationTag,
  summary: 'The organizations that you are a member of',
  description: 'By short name, a hundred at most. Needs a token or a session; no HTTP Basic.',
  caller: {},
  safe: true,
  answers: [200, 'All of them.', z.object({ items: z.array(organization) })],
  problems: [401, 403, 429, 503],
})

const show = operation({
  id: 'managedOrganization',
  tag: organizationTag,
  summary: 'An organization that you manage',
  caller: {},
  safe: true,
  params: organizationId,
  answers: [
    200,
    'With the roles that you may give and take.',
    organization.extend({ givable: z.array(z.string()) }),
  ],
  problems: READ_ONE,
})

const members = operation({
  id: 'managedOrganizationMembers',
  tag: organizationTag,
  summary: 'The members of an organization that you manage',
  description: 'Who came last first.',
  caller: {},
  safe: true,
  params: organizationId,
  query: pageQuery,
  answers: [200, 'A page.', pageOf(member)],
  problems: READ_ONE,
})

const change = operation({
  id: 'changeManagedOrganizationMember',
  tag: organizationTag,
  summary: 'Change the roles of a member of an organization that you manage',
  description: `They have these roles from then on, and no others. You give and take roles that manage nothing, and of those that manage the ones that you have. The last manager stays one (409 \`last_manager\`). ${PROOF}`,
  caller: {},
  params: memberParams,
  body: body({ roles: givenRoles, current_password: currentPassword }).meta({
    examples: [{ roles: ['member'], current_password: 'glass otter 72 harbour' }],
  }),
  answers: [204, 'They have these roles.'],
  problems: CHANGE,
})

const remove = operation({
  id: 'removeManagedOrganizationMember',
  tag: organizationTag,
  summary: 'Remove a member from an organization that you manage',
  description: `Who has a role that you may not give is for others to remove. The last manager stays. ${PROOF}`,
  caller: {},
  params: memberParams,
  body: proofBody,
  answers: [204, 'They are no member any more.'],
  problems: CHANGE,
})

const organizationView = ({ id, name, slug, roles, manages, disabled }: Membership) => ({
  ...{ id, name, slug, roles, disabled },
  manages: manages && !disabled,
})
const memberView = ({
  accountId,
  username,
  roles,
  manager,
  changeable,
  createdAt,
}: ManagedOrganizationMember) => ({
  ...{ user_id: accountId, username, roles, manager, changeable },
  since: isoTime(createdAt),
})
/** `/api/auth/me/organizations`: as `/account/organizations` has them. */
export function organizationRoutes(context: ApiContext): void {
  const { known, deps } = context
  const { limit } = deps
  const { managing, members: all } = deps.organizations
  const read = limit('token')
  const write = limit('account')
  const manager = managerOf(deps)

  known.get('/me/organizations', withLimit(list, read), async (request) => {
    const { account } = requirePerson(request)
    return { items: (await all.ofAccount(account.id)).map(organizationView) }
  })

  known.get(ONE, withLimit(show, read), async (request) => {
    const { account } = requirePerson(request)
    const found = await managing.organization(account.id, request.params.id)
    return { ...organizationView(found), givable: found.givable }
  })

  known.get(`${ONE}/members`, withLimit(members, read), async (request) => {
    const { account } = requirePerson(request)
    const found = await managing.members(account.id, request.params.id, request.query)
    return { ...found, items: found.items.map(memberView) }
  })

  known.put(`${ONE}/members/:userId`, withLimit(change, write), async (request, reply) => {
    const { id, userId } = request.params
    const by = await manager(request, id, request.body.current_password)
    await managing.setRoles(by, id, userId, request.body.roles)
    return reply.code(204).send()
  })

  known.delete(`${ONE}/members/:userId`, withLimit(remove, write), async (request, reply) => {
    const { id, userId } = request.params
    await managing.remove(await manager(request, id, request.body.current_password), id, userId)
    return reply.code(204).send()
  })

  organizationInvitationRoutes(context)
  organizationDomainRoutes(context)
}
