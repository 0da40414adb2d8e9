// Over 250 lines: a group's page, and what each of its forms does.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Group, GroupMember } from '../../../access/groups/group.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { AppError, unlessCode, VersionConflict } from '../../../shared/errors.ts'
import { message, type TextKey, t } from '../../../shared/locales/texts.ts'
import { dayOf, minuteOf } from '../../../shared/moment.ts'
import { nameKey } from '../../../shared/name-key.ts'
import { own } from '../../../shared/own.ts'
import { bulkButtons, bulkNotice, bulkRoutes } from '../bulk.ts'
import { type ConsoleDependencies, renderConsole } from '../context.ts'
import { countedVersion, deletionPages } from '../deletion.ts'
import { asFormErrors } from '../form-errors.ts'
import { PAGE_OF_SEVERAL, pageLinks } from '../page-links.ts'
import { groupsBulk } from './bulk.ts'
import {
  type AccessAreaDependencies,
  countText,
  drawnFields,
  fieldsSchema,
  listQuery,
  nameOfRole,
  type Picker,
  pickedRole,
  readFields,
  refusalOf,
  roleChoices,
  seenFields,
  shownFields,
  versionSchema,
} from './form.ts'
import { groupList } from './lists.ts'
import { from, memberRemoval, roleTaking } from './person.ts'
import type { Held } from './view.ts'

const NOTICES: Readonly<Record<string, TextKey>> = {
  created: 'admin.access.group.done.created',
  saved: 'admin.common.saved.apps',
  deleted: 'admin.access.group.done.deleted',
  added: 'groups.added',
  removed: 'groups.removed',
  manager: 'admin.access.group.done.manager',
  'no-manager': 'admin.access.group.done.no_manager',
  role: 'admin.access.group.done.role',
  'no-role': 'admin.access.group.done.no_role',
}

/** The part of a group's page that something was done in, where it is folded on a phone. */
const PARTS: Readonly<Record<string, string>> = {
  ...{ manager: 'managers', 'no-manager': 'managers', role: 'roles', 'no-role': 'roles' },
}

type ById = { Params: { id: string } }

const person = z.object({ login: z.string().max(400).default('') })
const member = z.object({ user: z.string().max(100).default('') })
const role = z.object({ role: z.string().max(400).default('') })

interface Also {
  edit?: Partial<Form>
  addMember?: Partial<Form>
  addRole?: Partial<Form>
  stale?: boolean
  alert?: string
  status?: number
}

/** `/admin/groups`: groups of people, who is in them, who manages them, and which roles they have. */
export async function groupsArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & AccessAreaDependencies,
): Promise<void> {
  const { groups, roles, groupFields } = deps
  const pageOf = (id: string, done?: string) =>
    `/admin/groups/${id}${done === undefined ? '' : `?${new URLSearchParams({ done })}`}`

  const bulk = groupsBulk(deps)
  bulkRoutes(app, bulk)
  const listed = groupList(app, deps)

  app.get('/admin/groups', { config: { admin: 'group.read' } }, async (request, reply) => {
    const { page, tools } = await listed(request)
    const data = {
      ...tools,
      bulk: bulkButtons(bulk, request),
      groups: page.items.map(({ id, name, description, createdAt: created }) => ({
        ...{ id, href: pageOf(id), name, description, created },
      })),
    }
    const notice =
      noticeIn(NOTICES, (request.query as { done?: unknown }).done) ?? bulkNotice(bulk, request.query)
    return renderConsole(request, reply, 'groups', 'admin/groups', data, { notice })
  })

  const showNew = (request: FastifyRequest, reply: FastifyReply, form: Partial<Form> = {}, status = 200) =>
    renderConsole(
      request,
      reply,
      'groups',
      'admin/access-new',
      {
        title: t('admin.access.groups.new'),
        about: t('admin.access.groups.new.about'),
        form: { action: '/admin/groups', ...form },
        fields: drawnFields('group', groupFields, form.values ?? {}),
        label: t('admin.access.groups.new.submit'),
        backHref: '/admin/groups',
      },
      { status },
    )

  app.get('/admin/groups/new', { config: { admin: 'group.create' } }, async (request, reply) =>
    showNew(request, reply),
  )

  app.post(
    '/admin/groups',
    { config: { admin: 'group.create', formPage: '/admin/groups/new' } },
    async (request, reply) => {
      try {
        const group = await groups.create(readFields(groupFields, fieldsSchema.parse(request.body ?? {})))
        return reply.redirect(pageOf(group.id, 'created'), 303)
      } catch (error) {
        return showNew(request, reply, { ...asFormErrors(error), values: shownAgain(request.body) }, 422)
      }
    },
  )

  const heldMember = (
    id: string,
    { accountId, username, email, manager, source, createdAt }: GroupMember,
  ): Held => {
    const fields = { user: accountId }
    return {
      name: username,
      href: `/admin/users/${accountId}`,
      detail: [email, t('admin.common.since', { time: dayOf(createdAt) }), from(source)]
        .filter(Boolean)
        .join(' · '),
      tag: manager ? t('groups.manager') : undefined,
      acts: [
        manager
          ? { action: `${pageOf(id)}/managers/remove`, fields, label: t('admin.access.managers.remove') }
          : { action: `${pageOf(id)}/managers`, fields, label: t('admin.access.managers.add') },
        {
          action: `${pageOf(id)}/members/remove`,
          fields,
          label: t('common.remove.next'),
          ask: `${pageOf(id)}/members/remove?${new URLSearchParams(fields)}`,
        },
      ],
    }
  }

  async function appsNaming({ name }: Group) {
    const key = nameKey(name)
    const clients = await deps.restrictedClients()
    return clients.filter(({ groups: named }) => named.some((each) => nameKey(each) === key))
  }

  async function show(request: FastifyRequest, reply: FastifyReply, group: Group, also: Also = {}) {
    const { id, name } = group
    const { cursor, done } = listQuery.parse(request.query)
    const [page, count, managers, given, apps] = await Promise.all([
      groups.members(id, { cursor, limit: PAGE_OF_SEVERAL }),
      groups.countMembers(id),
      groups.managers(id),
      roles.ofGroup(id),
      appsNaming(group),
    ])
    const stored = shownFields(groupFields, group)
    const addRole: Picker = {
      action: `${pageOf(id)}/roles`,
      options: await roleChoices(roles, new Set(given.map((each) => each.id))),
      ...also.addRole,
    }
    const values = also.edit?.values ?? stored
    const data = {
      title: name,
      facts: [
        [t('groups.members'), countText(count)],
        [t('admin.common.created'), minuteOf(group.createdAt)],
        [t('admin.common.id'), id],
      ] as [string, string][],
      alert: also.alert,
      edit: { action: `${pageOf(id)}/edit`, version: String(group.version), values, ...also.edit },
      fields: drawnFields('group', groupFields, values),
      conflict: also.stale
        ? seenFields('group', groupFields, group).map(([label, value]) => ({ label, value }))
        : undefined,
      open: [own(PARTS, done ?? ''), also.addRole ? 'roles' : undefined].filter((part) => part !== undefined),
      managers: managers.map((each) => heldMember(id, each)),
      members: page.items.map((each) => heldMember(id, each)),
      pager: pageLinks(pageOf(id), {}, cursor, page.next_cursor),
      addMember: { action: `${pageOf(id)}/members`, ...also.addMember },
      roles: given.map((each) => ({
        name: each.name,
        href: `/admin/roles/${each.id}`,
        detail: each.resource ?? t('admin.access.no_api'),
        acts: [
          {
            action: `${pageOf(id)}/roles/remove`,
            fields: { role: each.id },
            label: t('admin.access.take_away'),
            ask: `${pageOf(id)}/roles/remove?role=${each.id}`,
          },
        ],
      })),
      addRole,
      apps: apps.map((each) => ({ href: `/admin/clients/${encodeURIComponent(each.id)}`, name: each.name })),
      removeHref: `${pageOf(id)}/delete`,
    }
    return renderConsole(request, reply, 'groups', 'admin/groups-one', data, {
      notice: also.status === undefined ? noticeIn(NOTICES, done) : undefined,
      ...(also.status !== undefined && { status: also.status }),
    })
  }

  app.get<ById>('/admin/groups/:id', { config: { admin: 'group.read' } }, async (request, reply) =>
    show(request, reply, await groups.get(request.params.id)),
  )

  app.post<ById>('/admin/groups/:id/edit', { config: { admin: 'group.update' } }, async (request, reply) => {
    const sent = fieldsSchema.parse(request.body ?? {})
    const { id } = request.params
    try {
      const ifVersion = Number(versionSchema.parse(sent.version))
      await groups.update(id, readFields(groupFields, sent), { ifVersion })
      return reply.redirect(pageOf(id, 'saved'), 303)
    } catch (error) {
      const values = shownAgain(request.body)
      if (error instanceof VersionConflict)
        return show(request, reply, await groups.get(id), { edit: { values }, stale: true, status: 409 })
      const edit = { ...asFormErrors(error), values }
      return show(request, reply, await groups.get(id), { edit, status: 422 })
    }
  })

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

  deletionPages(app, {
    section: 'groups',
    path: '/admin/groups/:id/delete',
    permissions: ['group.read', 'group.delete'],
    find: (request) => groups.get((request.params as ById['Params']).id),
    async ask(group) {
      const [count, given, apps] = await Promise.all([
        groups.countMembers(group.id),
        roles.ofGroup(group.id),
        appsNaming(group),
      ])
      return {
        title: t('admin.common.delete.title', { name: group.name }),
        ends: t('admin.access.group.delete.ends'),
        facts: [
          { label: t('groups.members'), value: countText(count) },
          {
            label: t('admin.access.group.delete.roles'),
            value: given.map(nameOfRole).join(', ') || t('admin.common.none'),
          },
          {
            label: t('admin.access.apps'),
            value: apps.map(({ name }) => name).join(', ') || t('admin.common.none'),
          },
        ],
        form: { action: `${pageOf(group.id)}/delete` },
        label: t('admin.access.group.delete'),
        keepHref: pageOf(group.id),
        version: group.version,
        seen: seenFields('group', groupFields, group),
      }
    },
    remove: ({ id }, version) => groups.remove(id, { ifVersion: countedVersion(version) }),
    done: '/admin/groups?done=deleted',
  })
}
