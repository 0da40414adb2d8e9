import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { AppError, unlessCode } from '../../../shared/errors.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { renderConsole } from '../frame.ts'
import { type AccessAreaDependencies, pickedRole, refusalOf } from './form.ts'
import type { GroupPage } from './group-page.ts'
import { memberRemoval, roleTaking } from './person.ts'

type ById = { Params: { id: string } }

const person = z.object({ login: z.string().max(400).default('') })
const member = z.object({ user: z.string().max(100).default('') })
const role = z.object({ role: z.string().max(400).default('') })

/** What the page of a group does to its members, its managers and its roles. */
export function groupActs(
  app: FastifyInstance,
  deps: AccessAreaDependencies,
  { pageOf, show }: GroupPage,
): void {
  const { groups, roles } = deps

  app.post<ById>(
    '/admin/groups/:id/members',
    { config: { admin: 'group.add_member' } },
    async (request, reply) => {
      const group = await groups.get(request.params.id)
      const { login } = person.parse(request.body ?? {})
      const found = login.trim() === '' ? undefined : await deps.findPerson(login.trim())
      if (found === undefined) {
        const errors = { login: t('admin.common.person.unknown') }
        return show(request, reply, group, { addMember: { errors, values: { login } }, status: 422 })
      }
      await groups.addMember(group.id, found.id)
      return reply.redirect(pageOf(group.id, 'added'), 303)
    },
  )

  app.get<ById>(
    '/admin/groups/:id/members/remove',
    { config: { admin: 'group.read' } },
    async (request, reply) => {
      const group = await groups.get(request.params.id)
      const person = await deps.findAccount(member.parse(request.query ?? {}).user)
      if (person === undefined) throw new AppError('user_not_found', 404, message('admin.access.user.no_id'))
      return renderConsole(
        request,
        reply,
        'groups',
        'admin/confirm',
        memberRemoval(group, person, {
          action: `${pageOf(group.id)}/members/remove`,
          fields: { user: person.id },
          keepHref: pageOf(group.id),
        }),
      )
    },
  )

  /** Forms of one button. What another tab has done already is done. */
  const acts = {
    'members/remove': { admin: 'group.remove_member', done: 'removed' },
    managers: { admin: 'group.add_manager', done: 'manager' },
    'managers/remove': { admin: 'group.remove_manager', done: 'no-manager' },
  } as const
  for (const [path, { admin, done }] of Object.entries(acts)) {
    app.post<ById>(`/admin/groups/:id/${path}`, { config: { admin } }, async (request, reply) => {
      const { id } = request.params
      const { user } = member.parse(request.body ?? {})
      if (done === 'removed') await groups.removeMember(id, user).catch(unlessCode('not_a_member'))
      else
        try {
          await groups.setManager(id, user, done === 'manager')
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'not_a_member') throw error
          return show(request, reply, await groups.get(id), { alert: error.publicMessage, status: 404 })
        }
      return reply.redirect(pageOf(id, done), 303)
    })
  }

  app.post<ById>('/admin/groups/:id/roles', { config: { admin: 'role.assign' } }, async (request, reply) => {
    const group = await groups.get(request.params.id)
    const { role: named } = role.parse(request.body ?? {})
    try {
      await roles.assign(await pickedRole(roles, named), { group: group.id })
    } catch (error) {
      const { alert, status } = refusalOf(error)
      const addRole = { errors: { role: alert }, values: { role: named } }
      return show(request, reply, group, { addRole, status })
    }
    return reply.redirect(pageOf(group.id, 'role'), 303)
  })

  app.get<ById>(
    '/admin/groups/:id/roles/remove',
    { config: { admin: 'group.read' } },
    async (request, reply) => {
      const group = await groups.get(request.params.id)
      const asked = role.parse(request.query ?? {}).role
      const taken = (await roles.ofGroup(group.id)).find((each) => each.id === asked)
      // Taken away in another tab: what was wanted is so.
      if (taken === undefined) return reply.redirect(pageOf(group.id, 'no-role'), 303)
      return renderConsole(
        request,
        reply,
        'groups',
        'admin/confirm',
        roleTaking(
          taken,
          { kind: 'group', name: group.name },
          {
            action: `${pageOf(group.id)}/roles/remove`,
            fields: { role: taken.id },
            keepHref: pageOf(group.id),
          },
        ),
      )
    },
  )

  app.post<ById>(
    '/admin/groups/:id/roles/remove',
    { config: { admin: 'role.unassign' } },
    async (request, reply) => {
      const { id } = await groups.get(request.params.id)
      const { role: taken } = role.parse(request.body ?? {})
      await roles.unassign(taken, { group: id }).catch(unlessCode('not_assigned'))
      return reply.redirect(pageOf(id, 'no-role'), 303)
    },
  )
}
