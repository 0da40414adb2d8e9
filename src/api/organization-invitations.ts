import { z } from 'zod'
import type { ManagedInvitation } from '../organizations/managing.ts'
import type { OrganizationInvitation } from '../organizations/organization.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body, currentPassword, proofBody, text, timestamp } from './fields.ts'
import { operation } from './operation.ts'
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

const invitationParams = organizationId.extend({ invitationId: z.string().max(100) })

const invitation = z.object({
  id: z.string(),
  email: z.string(),
  roles: z.array(z.string()),
  expired: z.boolean().meta({ description: 'Its link leads nowhere; it can be sent again.' }),
  sent_at: timestamp,
  expires_at: timestamp,
})
const invitations = operation({
  id: 'managedOrganizationInvitations',
  tag: organizationTag,
  summary: 'The invitations to an organization that you manage',
  description: 'Those that wait, the newest first.',
  caller: {},
  safe: true,
  params: organizationId,
  query: pageQuery,
  answers: [
    200,
    'A page.',
    pageOf(
      invitation.extend({
        changeable: z.boolean().meta({ description: 'Whether you can send it again, or revoke it.' }),
      }),
    ),
  ],
  problems: READ_ONE,
})

const invite = operation({
  id: 'inviteToManagedOrganization',
  tag: organizationTag,
  summary: 'Invite a person to an organization that you manage',
  description: `A message with a link goes to the address. ${PROOF}`,
  caller: {},
  params: organizationId,
  body: body({ email: text(400), roles: givenRoles.optional(), current_password: currentPassword }).meta({
    examples: [
      { email: 'grace@acme.example', roles: ['member'], current_password: 'glass otter 72 harbour' },
    ],
  }),
  answers: [201, 'Sent.', invitation],
  problems: CHANGE,
})

const sendAgain = operation({
  id: 'sendManagedOrganizationInvitation',
  tag: organizationTag,
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
  tag: organizationTag,
  summary: 'Revoke an invitation to an organization that you manage',
  description: `Its link leads nowhere from then on. ${PROOF}`,
  caller: {},
  params: invitationParams,
  body: proofBody,
  answers: [204, 'Revoked.'],
  problems: READ_ONE,
})

const invitationView = ({ id, email, roles, expired, sentAt, expiresAt }: OrganizationInvitation) => ({
  ...{ id, email, roles, expired },
  ...{ sent_at: isoTime(sentAt), expires_at: isoTime(expiresAt) },
})
const managedInvitation = ({ changeable, ...one }: ManagedInvitation) => ({
  ...invitationView(one),
  changeable,
})

/** `/api/auth/me/organizations/:id/invitations` */
export function organizationInvitationRoutes({ known, deps }: ApiContext): void {
  const { managing } = deps.organizations
  const read = deps.limit('token')
  const write = deps.limit('account')
  const manager = managerOf(deps)

  known.get(`${ONE}/invitations`, withLimit(invitations, read), async (request) => {
    const { account } = requirePerson(request)
    const found = await managing.invitations(account.id, request.params.id, request.query)
    return { ...found, items: found.items.map(managedInvitation) }
  })

  known.post(`${ONE}/invitations`, withLimit(invite, write), async (request, reply) => {
    const { id } = request.params
    const { current_password: password, ...input } = request.body
    const by = await manager(request, id, password)
    return reply.code(201).send(invitationView(await managing.invite(by, id, input)))
  })

  known.post(`${ONE}/invitations/:invitationId/send`, withLimit(sendAgain, write), async (request) => {
    const { id, invitationId } = request.params
    const by = await manager(request, id, request.body.current_password)
    return invitationView(await managing.sendAgain(by, id, invitationId))
  })

  known.delete(`${ONE}/invitations/:invitationId`, withLimit(revoke, write), async (request, reply) => {
    const { id, invitationId } = request.params
    const by = await manager(request, id, request.body.current_password)
    await managing.revoke(by, id, invitationId)
    return reply.code(204).send()
  })
}
