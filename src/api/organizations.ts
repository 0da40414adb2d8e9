import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { OrganizationDomain } from '../organizations/domains/domains.ts'
import type { ManagedInvitation, ManagedOrganizationMember } from '../organizations/managing.ts'
import type { Membership, OrganizationInvitation } from '../organizations/organization.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body, currentPassword, proofBody, text, timestamp } from './fields.ts'
import { operation } from './operation.ts'
import { requireManager, requirePerson } from './owner.ts'

const tag = 'Organizations'
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
const invitationParams = params.extend({ invitationId: z.string().max(100) })
const PROOF = 'It needs `current_password`, unless the session’s sign-in is fresh.'
const READ = [401, 403, 429, 503] as const
const READ_ONE = [401, 403, 404, 429, 503] as const
const CHANGE = [401, 403, 404, 409, 429, 503] as const

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
const invitation = z.object({
  id: z.string(),
  email: z.string(),
  roles: z.array(z.string()),
  expired: z.boolean().meta({ description: 'Its link leads nowhere; it can be sent again.' }),
  sent_at: timestamp,
  expires_at: timestamp,
})
const roles = z
  .array(text(100), { error: 'Send a list of names.' })
  .max(100)
  .meta({ description: 'Those among `givable`.' })

const list = operation({
  id: 'myOrganizations',
  tag,
  summary: 'The organizations that you are a member of',
  description: 'By short name, a hundred at most. Needs a token or a session; no HTTP Basic.',
  caller: {},
  safe: true,
  answers: [200, 'All of them.', z.object({ items: z.array(organization) })],
  problems: READ,
})

const show = operation({
  id: 'managedOrganization',
  tag,
  summary: 'An organization that you manage',
  caller: {},
  safe: true,
  params,
  answers: [
    200,
    'With the roles that you may give and take.',
    organization.extend({ givable: z.array(z.string()) }),
  ],
  problems: READ_ONE,
})

const members = operation({
  id: 'managedOrganizationMembers',
  tag,
  summary: 'The members of an organization that you manage',
  description: 'Who came last first.',
  caller: {},
  safe: true,
  params,
  query,
  answers: [200, 'A page.', page(member)],
  problems: READ_ONE,
})

const change = operation({
  id: 'changeManagedOrganizationMember',
  tag,
  summary: 'Change the roles of a member of an organization that you manage',
  description: `They have these roles from then on, and no others. You give and take roles that manage nothing, and of those that manage the ones that you have. The last manager stays one (409 \`last_manager\`). ${PROOF}`,
  caller: {},
  params: memberParams,
  body: body({ roles, current_password: currentPassword }).meta({
    examples: [{ roles: ['member'], current_password: 'glass otter 72 harbour' }],
  }),
  answers: [204, 'They have these roles.'],
  problems: CHANGE,
})

const remove = operation({
  id: 'removeManagedOrganizationMember',
  tag,
  summary: 'Remove a member from an organization that you manage',
  description: `Who has a role that you may not give is for others to remove. The last manager stays. ${PROOF}`,
  caller: {},
  params: memberParams,
  body: proofBody,
  answers: [204, 'They are no member any more.'],
  problems: CHANGE,
})

const invitations = operation({
  id: 'managedOrganizationInvitations',
  tag,
  summary: 'The invitations to an organization that you manage',
  description: 'Those that wait, the newest first.',
  caller: {},
  safe: true,
  params,
  query,
  answers: [
    200,
    'A page.',
    page(
      invitation.extend({
        changeable: z.boolean().meta({ description: 'Whether you can send it again, or revoke it.' }),
      }),
    ),
  ],
  problems: READ_ONE,
})

const invite = operation({
  id: 'inviteToManagedOrganization',
  tag,
  summary: 'Invite a person to an organization that you manage',
  description: `A message with a link goes to the address. ${PROOF}`,
  caller: {},
  params,
  body: body({ email: text(400), roles: roles.optional(), current_password: currentPassword }).meta({
    examples: [
      { email: 'grace@acme.example', roles: ['member'], current_password: 'glass otter 72 harbour' },
    ],
  }),
  answers: [201, 'Sent.', invitation],
  problems: CHANGE,
})

const sendAgain = operation({
  id: 'sendManagedOrganizationInvitation',
  tag,
  summary: 'Send an invitation to an organization that you manage again',
  description: `With a new link; the one before leads nowhere. ${PROOF}`,
  caller: {},
  params: invitationParams,
  body: proofBody,
  answers: [200, 'Sent.', invitation],
  problems: READ_ONE,
})

const revoke = operation({
  id: 'revokeManagedOrganizationInvitation',
  tag,
  summary: 'Revoke an invitation to an organization that you manage',
  description: `Its link leads nowhere from then on. ${PROOF}`,
  caller: {},
  params: invitationParams,
  body: proofBody,
  answers: [204, 'Revoked.'],
  problems: READ_ONE,
})

const domain = z.object({
  domain: z.string(),
  record: z
    .object({ type: z.literal('TXT'), name: z.string(), value: z.string() })
    .meta({ description: 'A record for DNS. Leave it there: it is looked for daily.' }),
  verified: z.boolean(),
  lost_at: timestamp
    .nullable()
    .meta({ description: 'When it is verified no more, unless the record comes back; null: it is there.' }),
})
const domainParams = params.extend({ domain: z.string().max(320) })

const domains = operation({
  id: 'managedOrganizationDomains',
  tag,
  summary: 'The domains of an organization that you manage',
  description: 'All, by name.',
  caller: {},
  safe: true,
  params,
  answers: [200, 'All of them.', z.object({ items: z.array(domain) })],
  problems: READ_ONE,
})

const addDomain = operation({
  id: 'addManagedOrganizationDomain',
  tag,
  summary: 'Add a domain to an organization that you manage',
  description: `It counts once its record was found. ${PROOF}`,
  caller: {},
  params,
  body: body({ domain: text(400), current_password: currentPassword }).meta({
    examples: [{ domain: 'acme.example', current_password: 'glass otter 72 harbour' }],
  }),
  answers: [201, 'Added.', domain],
  problems: CHANGE,
})

const verifyDomain = operation({
  id: 'verifyManagedOrganizationDomain',
  tag,
  summary: 'Verify a domain of an organization that you manage',
  description: `Looks for its record in DNS: 409 \`domain_record_missing\`, \`domain_record_differs\` or \`domain_taken\`, 503 \`dns_unanswered\`. ${PROOF}`,
  caller: {},
  params: domainParams,
  body: proofBody,
  answers: [200, 'Verified.', domain],
  problems: CHANGE,
})

const removeDomain = operation({
  id: 'removeManagedOrganizationDomain',
  tag,
  summary: 'Remove a domain from an organization that you manage',
  description: PROOF,
  caller: {},
  params: domainParams,
  body: proofBody,
  answers: [204, 'Removed.'],
  problems: READ_ONE,
})

const time = (at: number) => new Date(at).toISOString()
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
  since: time(createdAt),
})
const invitationView = ({ id, email, roles, expired, sentAt, expiresAt }: OrganizationInvitation) => ({
  ...{ id, email, roles, expired },
  ...{ sent_at: time(sentAt), expires_at: time(expiresAt) },
})
const managedInvitation = ({ changeable, ...one }: ManagedInvitation) => ({
  ...invitationView(one),
  changeable,
})

const domainView = (one: OrganizationDomain) => ({
  ...{ domain: one.domain, record: { type: 'TXT' as const, ...one.record }, verified: one.verified },
  lost_at: one.lostAt === null ? null : time(one.lostAt),
})

/** `/api/auth/me/organizations`: as `/account/organizations` has them. */
export function organizationRoutes({ known, deps }: ApiContext): void {
  const { limit } = deps
  const { managing, members: all } = deps.organizations
  const read = limit('token')
  const write = limit('account')
  const one = '/me/organizations/:id'
  const manager = (request: FastifyRequest, id: string, password: string | undefined) =>
    requireManager(deps, request, password, (accountId) => managing.organization(accountId, id))

  known.get('/me/organizations', withLimit(list, read), async (request) => {
    const { account } = requirePerson(request)
    return { items: (await all.ofAccount(account.id)).map(organizationView) }
  })

  known.get(one, withLimit(show, read), async (request) => {
    const { account } = requirePerson(request)
    const found = await managing.organization(account.id, request.params.id)
    return { ...organizationView(found), givable: found.givable }
  })

  known.get(`${one}/members`, withLimit(members, read), async (request) => {
    const { account } = requirePerson(request)
    const found = await managing.members(account.id, request.params.id, request.query)
    return { ...found, items: found.items.map(memberView) }
  })

  known.put(`${one}/members/:userId`, withLimit(change, write), async (request, reply) => {
    const { id, userId } = request.params
    const by = await manager(request, id, request.body.current_password)
    await managing.setRoles(by, id, userId, request.body.roles)
    return reply.code(204).send()
  })

  known.delete(`${one}/members/:userId`, withLimit(remove, write), async (request, reply) => {
    const { id, userId } = request.params
    await managing.remove(await manager(request, id, request.body.current_password), id, userId)
    return reply.code(204).send()
  })

  known.get(`${one}/invitations`, withLimit(invitations, read), async (request) => {
    const { account } = requirePerson(request)
    const found = await managing.invitations(account.id, request.params.id, request.query)
    return { ...found, items: found.items.map(managedInvitation) }
  })

  known.post(`${one}/invitations`, withLimit(invite, write), async (request, reply) => {
    const { id } = request.params
    const { current_password: password, ...input } = request.body
    const by = await manager(request, id, password)
    return reply.code(201).send(invitationView(await managing.invite(by, id, input)))
  })

  known.post(`${one}/invitations/:invitationId/send`, withLimit(sendAgain, write), async (request) => {
    const { id, invitationId } = request.params
    const by = await manager(request, id, request.body.current_password)
    return invitationView(await managing.sendAgain(by, id, invitationId))
  })

  known.delete(`${one}/invitations/:invitationId`, withLimit(revoke, write), async (request, reply) => {
    const { id, invitationId } = request.params
    const by = await manager(request, id, request.body.current_password)
    await managing.revoke(by, id, invitationId)
    return reply.code(204).send()
  })

  known.get(`${one}/domains`, withLimit(domains, read), async (request) => {
    const { account } = requirePerson(request)
    return { items: (await managing.domains(account.id, request.params.id)).map(domainView) }
  })

  known.post(`${one}/domains`, withLimit(addDomain, write), async (request, reply) => {
    const { id } = request.params
    const by = await manager(request, id, request.body.current_password)
    return reply.code(201).send(domainView(await managing.addDomain(by, id, request.body.domain)))
  })

  known.post(`${one}/domains/:domain/verify`, withLimit(verifyDomain, write), async (request) => {
    const { id, domain } = request.params
    const by = await manager(request, id, request.body.current_password)
    return domainView(await managing.verifyDomain(by, id, domain))
  })

  known.delete(`${one}/domains/:domain`, withLimit(removeDomain, write), async (request, reply) => {
    const { id, domain } = request.params
    await managing.removeDomain(await manager(request, id, request.body.current_password), id, domain)
    return reply.code(204).send()
  })
}
