import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { VersionConflict } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { bulkButtons, bulkNotice, bulkRoutes } from '../bulk.ts'
import type { ConsoleDependencies } from '../context.ts'
import { countedVersion, deletionPages } from '../deletion.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import { groupsBulk } from './bulk.ts'
import {
  type AccessAreaDependencies,
  countText,
  drawnFields,
  fieldsSchema,
  nameOfRole,
  readFields,
  seenFields,
  versionSchema,
} from './form.ts'
import { groupActs } from './group-acts.ts'
import { GROUP_NOTICES, groupPage } from './group-page.ts'
import { groupList } from './lists.ts'

type ById = { Params: { id: string } }

/** `/admin/groups`: groups of people, who is in them, who manages them, and which roles they have. */
export async function groupsArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & AccessAreaDependencies,
): Promise<void> {
  const { groups, roles, groupFields } = deps
  const page = groupPage(deps)
  const { pageOf, show, appsNaming } = page

  const bulk = groupsBulk(deps)
  bulkRoutes(app, bulk)
  const listed = groupList(app, deps)

  app.get('/admin/groups', { config: { admin: 'group.read' } }, async (request, reply) => {
    const { page: found, tools } = await listed(request)
    const data = {
      ...tools,
      bulk: bulkButtons(bulk, request),
      groups: found.items.map(({ id, name, description, createdAt: created }) => ({
        ...{ id, href: pageOf(id), name, description, created },
      })),
    }
    const notice =
      noticeIn(GROUP_NOTICES, (request.query as { done?: unknown }).done) ?? bulkNotice(bulk, request.query)
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

  groupActs(app, deps, page)

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
