import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { AppError, unlessCode } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { refusalOf } from '../access/form.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import { tickedRoles } from './form.ts'
import { INVITED_ROLES, inviterOf, type OrganizationPage } from './page.ts'
import type { OrganizationsAreaDependencies } from './routes.ts'

type ById = { Params: { id: string } }

const sentSchema = z.record(z.string(), z.string().max(400)).default({})
const named = z.object({ invitation: z.string().max(100).default('') })

/** `/admin/organizations/:id/invitations` */
export function invitationRoutes(
  app: FastifyInstance,
  { organizations }: OrganizationsAreaDependencies,
  { pageOf, show }: OrganizationPage,
): void {
  const { invitations } = organizations
  const formPage = '/admin/organizations/:id'

  app.post<ById>(
    '/admin/organizations/:id/invitations',
    { config: { admin: 'organization.invite', within: 'organization', formPage } },
    async (request, reply) => {
      const { id } = request.params
      const sent = sentSchema.parse(request.body ?? {})
      try {
        const roles = tickedRoles(INVITED_ROLES, sent)
        await invitations.create(id, { email: sent.email ?? '', roles })
      } catch (error) {
        const refused = asFormErrors(error, { roles: INVITED_ROLES })
        const status = error instanceof AppError ? error.status : 422
        const invite = { ...refused, values: shownAgain(request.body) }
        return show(request, reply, await organizations.get(id), { invite, status })
      }
      return reply.redirect(pageOf(id, 'invited'), 303)
    },
  )

  /** A form of one button. Accepted or revoked since the page was opened, an invitation is none any more, and the page says so. */
  async function acted(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    done: string,
    work: () => Promise<unknown>,
  ) {
    try {
      await work()
    } catch (error) {
      if (error instanceof AppError && error.code === 'invitation_not_found')
        return reply.redirect(pageOf(id, 'invitation-gone'), 303)
      const { alert, status } = refusalOf(error)
      return show(request, reply, await organizations.get(id), { alert, status })
    }
    return reply.redirect(pageOf(id, done), 303)
  }

  app.post<ById>(
    '/admin/organizations/:id/invitations/send',
    { config: { admin: 'organization.invite', within: 'organization', formPage } },
    async (request, reply) => {
      const { id } = request.params
      const { invitation } = named.parse(request.body ?? {})
      return acted(request, reply, id, 'sent', () => invitations.sendAgain(id, invitation))
    },
  )

  app.get<ById>(
    '/admin/organizations/:id/invitations/revoke',
    { config: { admin: 'organization.read', within: 'organization' } },
    async (request, reply) => {
      const one = await organizations.get(request.params.id)
      const invitation = await invitations
        .get(one.id, named.parse(request.query ?? {}).invitation)
        .catch(unlessCode('invitation_not_found'))
      if (invitation === undefined) return reply.redirect(pageOf(one.id, 'invitation-gone'), 303)
      return renderConsole(request, reply, 'organizations', 'admin/confirm', {
        title: t('organizations.invitations.revoke.title', {
          email: invitation.email,
          organization: one.name,
        }),
        ends: t('organizations.invitations.revoke.ends'),
        facts: [
          {
            label: t('organizations.roles'),
            value: invitation.roles.join(', ') || t('organizations.member.none'),
          },
          { label: t('admin.organizations.invitation.invited_by'), value: inviterOf(invitation) },
          {
            label: t('admin.organizations.invitation.valid_until'),
            value: minuteOf(invitation.expiresAt),
          },
        ],
        form: { action: `${pageOf(one.id)}/invitations/revoke`, fields: { invitation: invitation.id } },
        label: t('organizations.invitations.revoke.submit'),
        keepHref: pageOf(one.id),
      })
    },
  )

  app.post<ById>(
    '/admin/organizations/:id/invitations/revoke',
    { config: { admin: 'organization.revoke_invitation', within: 'organization', formPage } },
    async (request, reply) => {
      const { id } = request.params
      const { invitation } = named.parse(request.body ?? {})
      return acted(request, reply, id, 'revoked', () => invitations.revoke(id, invitation))
    },
  )
}
