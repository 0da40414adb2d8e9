import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Group, GroupMember } from '../../../access/groups/group.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { dayOf, minuteOf } from '../../../shared/moment.ts'
import { nameKey } from '../../../shared/name-key.ts'
import { renderConsole } from '../frame.ts'
import { PAGE_OF_SEVERAL, pageLinks } from '../page-links.ts'
import { unfolded } from '../unfolded.ts'
import {
  type AccessAreaDependencies,
  countText,
  drawnFields,
  listQuery,
  type Picker,
  roleChoices,
  seenFields,
  shownFields,
} from './form.ts'
import { from } from './person.ts'
import type { Held } from './view.ts'

/** What a page of groups says was just done. */
export const GROUP_NOTICES: Readonly<Record<string, TextKey>> = {
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

const PARTS = { manager: 'managers', 'no-manager': 'managers', role: 'roles', 'no-role': 'roles' }

/** What a form of the page was refused for. */
interface Also {
  edit?: Partial<Form>
  addMember?: Partial<Form>
  addRole?: Partial<Form>
  stale?: boolean
  alert?: string
  status?: number
}

export type GroupPage = ReturnType<typeof groupPage>

/** The page of a group. */
export function groupPage(deps: AccessAreaDependencies) {
  const { groups, roles, groupFields } = deps
  const pageOf = (id: string, done?: string) =>
    `/admin/groups/${id}${done === undefined ? '' : `?${new URLSearchParams({ done })}`}`

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
      open: unfolded(PARTS, done, also.addRole ? 'roles' : undefined),
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
      notice: also.status === undefined ? noticeIn(GROUP_NOTICES, done) : undefined,
      ...(also.status !== undefined && { status: also.status }),
    })
  }

  return { pageOf, show, appsNaming }
}
