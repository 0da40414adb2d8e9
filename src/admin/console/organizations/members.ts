import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { Organization, OrganizationMember } from '../../../organizations/organization.ts'
import { AppError, unlessCode } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import { roleBoxes, tickedRoles, tickedWith } from './form.ts'
import { MEMBER_ROLES, type OrganizationPage } from './page.ts'
import type { OrganizationsAreaDependencies } from './routes.ts'

type ById = { Params: { id: string } }
type ByUser = { Params: { id: string; userId: string } }

const sentSchema = z.record(z.string(), z.string().max(400)).default({})
const removal = z.object({ user: z.string().max(100).default('') })

/** `/admin/organizations/:id/members`, and a page of each. */
export function memberRoutes(
  app: FastifyInstance,
  { organizations, findPerson }: OrganizationsAreaDependencies,
  { pageOf, show }: OrganizationPage,
): void {
  const { members, template } = organizations

  app.post<ById>(
    '/admin/organizations/:id/members',
    { config: { admin: 'organization.add_member', formPage: '/admin/organizations/:id' } },
    async (request, reply) => {
      const one = await organizations.get(request.params.id)
      const sent = sentSchema.parse(request.body ?? {})
      const login = sent.login?.trim() ?? ''
      const values = shownAgain(request.body)
      const refused = (errors: Record<string, string>, status: number) =>
        show(request, reply, one, { addMember: { errors, values }, status })
      const found = login === '' ? undefined : await findPerson(login)
      if (found === undefined) return refused({ login: t('admin.common.person.unknown') }, 422)
      const isMember = await members.get(one.id, found.id).catch(unlessCode('not_a_member'))
      if (isMember !== undefined) return refused({ login: t('admin.organizations.member.already') }, 409)
      try {
        await members.put(one.id, found.id, tickedRoles(MEMBER_ROLES, sent))
      } catch (error) {
        const { errors, alert } = asFormErrors(error)
        return refused(alert === undefined ? errors : { login: alert }, 422)
      }
      return reply.redirect(pageOf(one.id, 'added'), 303)
    },
  )

  app.get<ById>(
    '/admin/organizations/:id/members/remove',
    { config: { admin: 'organization.read', within: 'organization' } },
    async (request, reply) => {
      const one = await organizations.get(request.params.id)
      const { accountId, username, roles } = await members.get(
        one.id,
        removal.parse(request.query ?? {}).user,
      )
      return renderConsole(request, reply, 'organizations', 'admin/confirm', {
        title: t('admin.organizations.member.remove.title', { person: username, organization: one.name }),
        ends: t('admin.organizations.member.remove.about'),
        facts: [
          {
            label: t('organizations.roles'),
            value: roles.join(', ') || t('admin.common.none'),
          },
        ],
        form: { action: `${pageOf(one.id)}/members/remove`, fields: { user: accountId } },
        label: t('organizations.remove'),
        keepHref: pageOf(one.id),
      })
    },
  )

  app.post<ById>(
    '/admin/organizations/:id/members/remove',
    {
      config: {
        admin: 'organization.remove_member',
        within: 'organization',
        formPage: '/admin/organizations/:id',
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { user } = removal.parse(request.body ?? {})
      // What another tab has done already is done.
      await members.remove(id, user).catch(unlessCode('not_a_member'))
      return reply.redirect(pageOf(id, 'removed'), 303)
    },
  )

  function showMember(
    request: FastifyRequest,
    reply: FastifyReply,
    one: Organization,
    member: OrganizationMember,
    form: Partial<Form> = {},
    status = 200,
  ) {
    const { accountId, username, email } = member
    const page = `${pageOf(one.id)}/members/${accountId}`
    const values = form.values ?? tickedWith(MEMBER_ROLES, member.roles)
    return renderConsole(
      request,
      reply,
      'organizations',
      'admin/organizations-member',
      {
        title: username,
        below: [{ href: pageOf(one.id), label: one.name }],
        facts: [
          [t('admin.common.organization'), one.name],
          [t('register.email'), email ?? '–'],
          [t('organizations.roles'), member.roles.join(', ') || t('admin.common.none')],
          [t('admin.organizations.member.since'), minuteOf(member.createdAt)],
        ],
        personHref: `/admin/users/${accountId}`,
        form: { action: page, ...form, values },
        roles: [roleBoxes(MEMBER_ROLES, template.names(), values)],
        remove: {
          action: `${pageOf(one.id)}/members/remove`,
          ask: `${pageOf(one.id)}/members/remove?user=${accountId}`,
        },
        backHref: pageOf(one.id),
      },
      { status },
    )
  }

  app.get<ByUser>(
    '/admin/organizations/:id/members/:userId',
    { config: { admin: 'organization.read', within: 'organization' } },
    async (request, reply) => {
      const { id, userId } = request.params
      return showMember(request, reply, await organizations.get(id), await members.get(id, userId))
    },
  )

  app.post<ByUser>(
    '/admin/organizations/:id/members/:userId',
    {
      config: {
        admin: 'organization.add_member',
        within: 'organization',
        formPage: '/admin/organizations/:id/members/:userId',
      },
    },
    async (request, reply) => {
      const { id, userId } = request.params
      // Removed by another administrator since the page was opened: a change of roles makes nobody a member.
      const member = await members.get(id, userId)
      try {
        await members.put(id, userId, tickedRoles(MEMBER_ROLES, sentSchema.parse(request.body ?? {})))
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        const form = { ...asFormErrors(error), values: shownAgain(request.body) }
        return showMember(request, reply, await organizations.get(id), member, form, error.status)
      }
      return reply.redirect(pageOf(id, 'roles'), 303)
    },
  )
}
