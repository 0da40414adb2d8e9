import { z } from 'zod'
import type { RestContext } from '../context.ts'
import { createOnce } from '../idempotency.ts'
import { operation } from '../operation.ts'
import { pageQuery, sendPage } from '../paging.ts'
import { idParams, pageOf, text } from '../schemas.ts'
import { invitationAnswer, invitationView, rolesField } from './schemas.ts'

const area = 'organizations' as const

const list = operation({
  id: 'listOrganizationInvitations',
  area,
  needs: 'organization.read',
  within: 'organization',
  summary: 'List the invitations to an organization',
  description: 'Those that wait, the newest first.',
  safe: true,
  params: idParams,
  query: pageQuery,
  answers: [200, 'A page; `Link` has the address of the next one.', pageOf(invitationAnswer)],
  problems: [400],
})

const create = operation({
  id: 'inviteToOrganization',
  area,
  needs: 'organization.invite',
  within: 'organization',
  summary: 'Invite a person to an organization',
  description:
    'A message with a link that works once, for seven days, goes to the address. The person who has verified it, or verifies it then, becomes a member.',
  once: true,
  params: idParams,
  body: z
    .looseObject(
      { email: text('Where the invitation goes.', 'grace@acme.example'), roles: rolesField },
      { error: 'Send a JSON object.' },
    )
    .meta({ examples: [{ email: 'grace@acme.example', roles: ['member'] }] }),
  answers: [201, 'Sent.', invitationAnswer],
})

const params = idParams.extend({ invitationId: z.string().max(100) })

const sendAgain = operation({
  id: 'sendOrganizationInvitation',
  area,
  needs: 'organization.invite',
  within: 'organization',
  summary: 'Send an invitation to an organization again',
  description: 'With a new link, for seven days; the one before leads nowhere.',
  params,
  answers: [200, 'Sent.', invitationAnswer],
})

const revoke = operation({
  id: 'revokeOrganizationInvitation',
  area,
  needs: 'organization.revoke_invitation',
  within: 'organization',
  summary: 'Revoke an invitation to an organization',
  description: 'Its link leads nowhere from now on.',
  params,
  answers: [204, 'Revoked.'],
})

/** `/organizations/:id/invitations` */
export function organizationInvitationRoutes({ app, deps }: RestContext): void {
  const { organizations, issuer } = deps
  const { invitations } = organizations
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)
  const path = '/organizations/:id/invitations'

  app.get(path, { ...list, ...limit }, async (request, reply) =>
    sendPage(
      request,
      reply,
      issuer,
      await invitations.list(request.params.id, request.query),
      invitationView,
    ),
  )

  app.post(path, { ...create, ...limit }, async (request, reply) =>
    once(request, reply, async () => ({
      headers: {},
      body: invitationView(await invitations.create(request.params.id, request.body)),
    })),
  )

  app.post(`${path}/:invitationId/send`, { ...sendAgain, ...limit }, async (request) =>
    invitationView(await invitations.sendAgain(request.params.id, request.params.invitationId)),
  )

  app.delete(`${path}/:invitationId`, { ...revoke, ...limit }, async (request, reply) => {
    await invitations.revoke(request.params.id, request.params.invitationId)
    return reply.code(204).send()
  })
}
