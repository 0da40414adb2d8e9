import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { unlessCode } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { toldNames } from '../../../shared/told-names.ts'
import { renderConsole } from '../frame.ts'
import {
  type AccessAreaDependencies,
  groupChoices,
  type Picker,
  pickedRole,
  refusalOf,
  roleChoices,
} from './form.ts'
import type { Held } from './view.ts'

/** Entries of a list on the page of a user. */
const MAX_SHOWN = 200

/** What a person is in and may do, on their page: each with where it comes from. */
export interface PersonAccess {
  groups: Held[]
  roles: Held[]
  /** Groups that are not listed here; 0: all are. */
  more: number
  /** What an app is told of them is cut. */
  note?: string | undefined
  addGroup: Picker
  addRole: Picker
}

export type PersonAccessDependencies = Pick<AccessAreaDependencies, 'groups' | 'roles'>

export const ACCESS_NOTICES: Readonly<Record<string, TextKey>> = {
  'in-group': 'admin.access.person.in_group',
  'out-of-group': 'admin.access.person.out_of_group',
  'has-role': 'admin.access.person.has_role',
  'no-role': 'admin.access.person.no_role',
}

/** Where a membership comes from that no person has given. */
export const from = (source: string): string | undefined =>
  source.startsWith('provider:')
    ? t('admin.access.by_provider', { provider: source.slice('provider:'.length) })
    : undefined

/** The page that asks before a person is taken out of a group. @param given the form, and where it leads who leaves it */
export const memberRemoval = (
  group: { name: string },
  person: { displayUsername: string },
  { keepHref, ...form }: { action: string; fields: Record<string, string>; keepHref: string },
) => ({
  title: t('admin.access.member.remove.title', { person: person.displayUsername, group: group.name }),
  ends: t('admin.access.member.remove.ends'),
  facts: [],
  form,
  label: t('admin.access.member.remove'),
  keepHref,
})

/** The page that asks before a role is taken away. @param holder whose it is @param given the form, and where it leads who leaves it */
export const roleTaking = (
  role: { name: string; resource?: string | undefined },
  holder: { kind: 'person' | 'group'; name: string },
  { keepHref, ...form }: { action: string; fields: Record<string, string>; keepHref: string },
) => ({
  title: t('admin.access.role.take.title', { role: role.name, holder: holder.name }),
  ends: t(`admin.access.role.take.${holder.kind}`),
  facts: [{ label: t('admin.common.api'), value: role.resource ?? t('admin.access.no_api') }],
  form,
  label: t('admin.access.role.take'),
  keepHref,
})

/** @param also what a form of the section was refused for */
export async function personAccess(
  { groups, roles }: PersonAccessDependencies,
  id: string,
  also: { group?: Partial<Form> | undefined; role?: Partial<Form> | undefined } = {},
): Promise<PersonAccess> {
  const base = `/admin/users/${id}`
  const [own, given, inherited] = await Promise.all([
    groups.ofAccount(id),
    roles.ofAccount(id),
    roles.byGroups(id),
  ])
  const direct = given.map(
    (role): Held => ({
      name: role.name,
      href: `/admin/roles/${role.id}`,
      detail: [role.resource, from(role.source) ?? t('admin.access.given')].filter(Boolean).join(' · '),
      acts: [
        {
          action: `${base}/roles/remove`,
          fields: { role: role.id },
          label: t('admin.access.take_away'),
          ask: `${base}/roles/remove?role=${role.id}`,
        },
      ],
    }),
  )
  const byGroup = inherited.map(
    ({ role, group }): Held => ({
      name: role.name,
      href: `/admin/roles/${role.id}`,
      detail: [role.resource, t('admin.access.by_group', { group: group.name })].filter(Boolean).join(' · '),
      acts: [],
    }),
  )
  const told = toldNames(own.map(({ name }) => name))
  return {
    groups: own.slice(0, MAX_SHOWN).map((group) => ({
      name: group.name,
      href: `/admin/groups/${group.id}`,
      detail: [group.description, from(group.source)].filter(Boolean).join(' · '),
      acts: [
        {
          action: `${base}/groups/remove`,
          fields: { group: group.id },
          label: t('common.remove.next'),
          ask: `${base}/groups/remove?group=${group.id}`,
        },
      ],
    })),
    more: Math.max(0, own.length - MAX_SHOWN),
    note:
      told.length < own.length
        ? t('admin.access.groups.cut', { shown: told.length, count: own.length })
        : undefined,
    roles: [...direct, ...byGroup],
    addGroup: {
      action: `${base}/groups`,
      options: await groupChoices(groups, new Set(own.map((group) => group.id))),
      ...also.group,
    },
    addRole: {
      action: `${base}/roles`,
      options: await roleChoices(roles, new Set(given.map((role) => role.id))),
      ...also.role,
    },
  }
}

type ById = { Params: { id: string } }
const named = z.object({ group: z.string().max(400).default(''), role: z.string().max(400).default('') })

/** `/admin/users/:id/groups` and `/admin/users/:id/roles` */
export function personAccessRoutes(
  app: FastifyInstance,
  { groups, roles }: PersonAccessDependencies,
  find: (id: string) => Promise<Account>,
  show: (
    request: FastifyRequest,
    reply: FastifyReply,
    user: Account,
    also: { access: { group?: Partial<Form>; role?: Partial<Form> }; status: number },
  ) => Promise<FastifyReply>,
): void {
  const back = (id: string, done: string) => `/admin/users/${id}?done=${done}`

  app.post<ById>(
    '/admin/users/:id/groups',
    { config: { admin: 'group.add_member' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const { group } = named.parse(request.body ?? {})
      try {
        await groups.addMember((await groups.find(group.trim())).id, user.id)
      } catch (error) {
        const { alert, status } = refusalOf(error)
        const refused = { group: { errors: { group: alert }, values: { group } } }
        return show(request, reply, user, { access: refused, status })
      }
      return reply.redirect(back(user.id, 'in-group'), 303)
    },
  )

  app.get<ById>(
    '/admin/users/:id/groups/remove',
    { config: { admin: 'user.read' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const group = await groups.get(named.parse(request.query ?? {}).group)
      return renderConsole(
        request,
        reply,
        'users',
        'admin/confirm',
        memberRemoval(group, user, {
          action: `/admin/users/${user.id}/groups/remove`,
          fields: { group: group.id },
          keepHref: `/admin/users/${user.id}`,
        }),
      )
    },
  )

  app.post<ById>(
    '/admin/users/:id/groups/remove',
    { config: { admin: 'group.remove_member' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const { group } = named.parse(request.body ?? {})
      await groups.removeMember(group, user.id).catch(unlessCode('not_a_member'))
      return reply.redirect(back(user.id, 'out-of-group'), 303)
    },
  )

  app.post<ById>('/admin/users/:id/roles', { config: { admin: 'role.assign' } }, async (request, reply) => {
    const user = await find(request.params.id)
    const { role } = named.parse(request.body ?? {})
    try {
      await roles.assign(await pickedRole(roles, role), { account: user.id })
    } catch (error) {
      const { alert, status } = refusalOf(error)
      const refused = { role: { errors: { role: alert }, values: { role } } }
      return show(request, reply, user, { access: refused, status })
    }
    return reply.redirect(back(user.id, 'has-role'), 303)
  })

  app.get<ById>(
    '/admin/users/:id/roles/remove',
    { config: { admin: 'user.read' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const { role: id } = named.parse(request.query ?? {})
      const role = (await roles.ofAccount(user.id)).find((each) => each.id === id)
      // Taken away in another tab: what was wanted is so.
      if (role === undefined) return reply.redirect(back(user.id, 'no-role'), 303)
      return renderConsole(
        request,
        reply,
        'users',
        'admin/confirm',
        roleTaking(
          role,
          { kind: 'person', name: user.displayUsername },
          {
            action: `/admin/users/${user.id}/roles/remove`,
            fields: { role: role.id },
            keepHref: `/admin/users/${user.id}`,
          },
        ),
      )
    },
  )

  app.post<ById>(
    '/admin/users/:id/roles/remove',
    { config: { admin: 'role.unassign' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const { role } = named.parse(request.body ?? {})
      await roles.unassign(role, { account: user.id }).catch(unlessCode('not_assigned'))
      return reply.redirect(back(user.id, 'no-role'), 303)
    },
  )
}
