import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Role } from '../../../access/roles/role.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { roleIn, roleKey } from '../../../shared/role-name.ts'
import { renderConsole } from '../frame.ts'
import { PAGE_OF_SEVERAL, pageLinks } from '../page-links.ts'
import {
  type AccessAreaDependencies,
  countText,
  drawnFields,
  groupChoices,
  listQuery,
  type Picker,
  seenFields,
  shownFields,
} from './form.ts'

/** What a page of roles says was just done. */
export const ROLE_NOTICES: Readonly<Record<string, TextKey>> = {
  created: 'admin.access.role.done.created',
  saved: 'admin.common.saved.apps',
  deleted: 'admin.access.role.done.deleted',
  added: 'admin.access.role.done.added',
  removed: 'admin.access.role.done.removed',
}

/** What a form of the page was refused for. */
interface Also {
  edit?: Partial<Form>
  addPerson?: Partial<Form>
  addGroup?: Partial<Form>
  stale?: boolean
  status?: number
}

/** The page of a role. */
export function rolePage(deps: AccessAreaDependencies) {
  const { groups, roles, roleFields } = deps
  const pageOf = (id: string, done?: string) =>
    `/admin/roles/${id}${done === undefined ? '' : `?${new URLSearchParams({ done })}`}`

  async function appsNaming(role: Role) {
    const key = roleKey(role)
    const clients = await deps.restrictedClients()
    return clients.filter(({ roles: named }) => named.some((each) => roleKey(roleIn(each)) === key))
  }

  async function show(request: FastifyRequest, reply: FastifyReply, role: Role, also: Also = {}) {
    const { id, name, resource } = role
    const { cursor, done } = listQuery.parse(request.query)
    const [page, count, holding, apps, api] = await Promise.all([
      roles.accounts(id, { cursor, limit: PAGE_OF_SEVERAL }),
      roles.countAccounts(id),
      roles.groups(id),
      appsNaming(role),
      resource === undefined ? undefined : deps.resources.find(resource),
    ])
    const stored = shownFields(roleFields, role)
    // A scope that the API has no more can be taken out still.
    const scopes = [...new Set(`${api?.scope ?? ''} ${role.scope ?? ''}`.split(' ').filter(Boolean))]
    const fields = roleFields.filter(
      ({ fixed, input }) => !fixed && (input !== 'scopes' || scopes.length > 0),
    )
    const values = also.edit?.values ?? stored
    const addGroup: Picker = {
      action: `${pageOf(id)}/holders`,
      options: await groupChoices(groups, new Set(holding.map((each) => each.id))),
      ...also.addGroup,
    }
    const taking = (kind: 'user' | 'group', of: string) => [
      {
        action: `${pageOf(id)}/holders/remove`,
        fields: { [kind]: of },
        label: t('admin.access.take_away'),
        ask: `${pageOf(id)}/holders/remove?${new URLSearchParams({ [kind]: of })}`,
      },
    ]
    const data = {
      title: name,
      facts: [
        [t('admin.common.api'), resource ?? t('admin.access.no_api')],
        [t('admin.common.scopes'), role.scope ?? t('admin.common.none')],
        [t('admin.access.role.given.people'), countText(count)],
        [t('admin.access.role.given.groups'), String(holding.length)],
        [t('admin.common.created'), minuteOf(role.createdAt)],
        [t('admin.common.id'), id],
      ] as [string, string][],
      edit: { action: `${pageOf(id)}/edit`, version: String(role.version), values, ...also.edit },
      fields: drawnFields('role', fields, values, { scopes }),
      conflict: also.stale
        ? seenFields('role', fields, role).map(([label, value]) => ({ label, value }))
        : undefined,
      groups: holding.map((each) => ({
        name: each.name,
        href: `/admin/groups/${each.id}`,
        detail: t('admin.common.since', { time: minuteOf(each.createdAt) }),
        acts: taking('group', each.id),
      })),
      people: page.items.map((each) => ({
        name: each.name,
        href: `/admin/users/${each.id}`,
        detail: t('admin.common.since', { time: minuteOf(each.createdAt) }),
        acts: taking('user', each.id),
      })),
      pager: pageLinks(pageOf(id), {}, cursor, page.next_cursor),
      addPerson: { action: `${pageOf(id)}/holders`, ...also.addPerson },
      addGroup,
      apps: apps.map((each) => ({ href: `/admin/clients/${encodeURIComponent(each.id)}`, name: each.name })),
      removeHref: `${pageOf(id)}/delete`,
    }
    return renderConsole(request, reply, 'roles', 'admin/roles-one', data, {
      notice: also.status === undefined ? noticeIn(ROLE_NOTICES, done) : undefined,
      ...(also.status !== undefined && { status: also.status }),
    })
  }

  return { pageOf, show, appsNaming }
}
