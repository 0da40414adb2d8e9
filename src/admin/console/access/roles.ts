import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { unlessCode, VersionConflict } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { bulkButtons, bulkNotice, bulkRoutes } from '../bulk.ts'
import type { ConsoleDependencies } from '../context.ts'
import { countedVersion, deletionPages } from '../deletion.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import { rolesBulk } from './bulk.ts'
import {
  type AccessAreaDependencies,
  countText,
  drawnFields,
  fieldsSchema,
  readFields,
  refusalOf,
  seenFields,
  versionSchema,
} from './form.ts'
import { roleList } from './lists.ts'
import { roleTaking } from './person.ts'
import { ROLE_NOTICES, rolePage } from './role-page.ts'

type ById = { Params: { id: string } }

const holderForm = z.object({
  login: z.string().max(400).optional(),
  group: z.string().max(400).optional(),
})

const takingForm = z.object({
  user: z.string().max(100).optional(),
  group: z.string().max(100).optional(),
})

/** `/admin/roles`: named sets of an API's scopes, and who has them. */
export async function rolesArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & AccessAreaDependencies,
): Promise<void> {
  const { groups, roles, roleFields } = deps
  const { pageOf, show, appsNaming } = rolePage(deps)

  const bulk = rolesBulk(roles)
  bulkRoutes(app, bulk)
  const listed = roleList(app, deps)

  app.get('/admin/roles', { config: { admin: 'role.read' } }, async (request, reply) => {
    const { page, tools } = await listed(request)
    const data = {
      ...tools,
      bulk: bulkButtons(bulk, request),
      roles: page.items.map(({ id, name, description, resource = '', scope = '', createdAt: created }) => ({
        ...{ id, href: pageOf(id), name, description, resource, created },
        scopes: scope.split(' ').filter(Boolean),
      })),
    }
    const notice =
      noticeIn(ROLE_NOTICES, (request.query as { done?: unknown }).done) ?? bulkNotice(bulk, request.query)
    return renderConsole(request, reply, 'roles', 'admin/roles', data, { notice })
  })

  async function showNew(
    request: FastifyRequest,
    reply: FastifyReply,
    form: Partial<Form> = {},
    status = 200,
  ) {
    const page = await deps.resources.list({ limit: 100 })
    const apis = page.next_cursor === undefined ? page.items : undefined
    // Its scopes are boxes of its API, on the next page.
    const fields = roleFields.filter(({ input }) => input !== 'scopes')
    return renderConsole(
      request,
      reply,
      'roles',
      'admin/access-new',
      {
        title: t('admin.access.roles.new'),
        about: t('admin.access.roles.new.about'),
        form: { action: '/admin/roles', ...form },
        fields: drawnFields('role', fields, form.values ?? {}, { apis }),
        label: t('admin.access.roles.new.submit'),
        backHref: '/admin/roles',
      },
      { status },
    )
  }

  app.get('/admin/roles/new', { config: { admin: 'role.create' } }, async (request, reply) =>
    showNew(request, reply),
  )

  app.post(
    '/admin/roles',
    { config: { admin: 'role.create', formPage: '/admin/roles/new' } },
    async (request, reply) => {
      try {
        const role = await roles.create(readFields(roleFields, fieldsSchema.parse(request.body ?? {})))
        return reply.redirect(pageOf(role.id, 'created'), 303)
      } catch (error) {
        return showNew(request, reply, { ...asFormErrors(error), values: shownAgain(request.body) }, 422)
      }
    },
  )

  app.get<ById>('/admin/roles/:id', { config: { admin: 'role.read' } }, async (request, reply) =>
    show(request, reply, await roles.get(request.params.id)),
  )

  app.post<ById>('/admin/roles/:id/edit', { config: { admin: 'role.update' } }, async (request, reply) => {
    const sent = fieldsSchema.parse(request.body ?? {})
    const { id } = request.params
    try {
      const ifVersion = Number(versionSchema.parse(sent.version))
      const fields = roleFields.filter(({ fixed }) => !fixed)
      await roles.update(id, readFields(fields, sent), { ifVersion })
      return reply.redirect(pageOf(id, 'saved'), 303)
    } catch (error) {
      const values = shownAgain(request.body)
      if (error instanceof VersionConflict)
        return show(request, reply, await roles.get(id), { edit: { values }, stale: true, status: 409 })
      return show(request, reply, await roles.get(id), {
        edit: { ...asFormErrors(error), values },
        status: 422,
      })
    }
  })

  app.post<ById>('/admin/roles/:id/holders', { config: { admin: 'role.assign' } }, async (request, reply) => {
    const role = await roles.get(request.params.id)
    const { login, group } = holderForm.parse(request.body ?? {})
    if (group !== undefined) {
      try {
        await roles.assign(role.id, { group: (await groups.find(group.trim())).id })
      } catch (error) {
        const { alert, status } = refusalOf(error)
        const addGroup = { errors: { group: alert }, values: { group } }
        return show(request, reply, role, { addGroup, status })
      }
      return reply.redirect(pageOf(role.id, 'added'), 303)
    }
    const found = login?.trim() ? await deps.findPerson(login.trim()) : undefined
    if (found === undefined) {
      const errors = { login: t('admin.common.person.unknown') }
      const addPerson = { errors, values: { login: login ?? '' } }
      return show(request, reply, role, { addPerson, status: 422 })
    }
    await roles.assign(role.id, { account: found.id })
    return reply.redirect(pageOf(role.id, 'added'), 303)
  })

  app.get<ById>(
    '/admin/roles/:id/holders/remove',
    { config: { admin: 'role.read' } },
    async (request, reply) => {
      const role = await roles.get(request.params.id)
      const { user, group } = takingForm.parse(request.query ?? {})
      const name =
        user === undefined
          ? (await roles.groups(role.id)).find(({ id }) => id === group)?.name
          : (await roles.ofAccount(user)).some(({ id }) => id === role.id)
            ? (await deps.findAccount(user))?.displayUsername
            : undefined
      // Taken away in another tab: what was wanted is so.
      if (name === undefined) return reply.redirect(pageOf(role.id, 'removed'), 303)
      return renderConsole(
        request,
        reply,
        'roles',
        'admin/confirm',
        roleTaking(
          role,
          { kind: user === undefined ? 'group' : 'person', name },
          {
            action: `${pageOf(role.id)}/holders/remove`,
            fields: user === undefined ? { group: group ?? '' } : { user },
            keepHref: pageOf(role.id),
          },
        ),
      )
    },
  )

  app.post<ById>(
    '/admin/roles/:id/holders/remove',
    { config: { admin: 'role.unassign' } },
    async (request, reply) => {
      const { id } = await roles.get(request.params.id)
      const { user, group = '' } = takingForm.parse(request.body ?? {})
      const holder = user === undefined ? { group } : { account: user }
      // Taken away in another tab: what was wanted is so.
      await roles.unassign(id, holder).catch(unlessCode('not_assigned'))
      return reply.redirect(pageOf(id, 'removed'), 303)
    },
  )

  deletionPages(app, {
    section: 'roles',
    path: '/admin/roles/:id/delete',
    permissions: ['role.read', 'role.delete'],
    find: (request) => roles.get((request.params as ById['Params']).id),
    async ask(role) {
      const [count, holding, apps] = await Promise.all([
        roles.countAccounts(role.id),
        roles.groups(role.id),
        appsNaming(role),
      ])
      return {
        title: t('admin.common.delete.title', { name: role.name }),
        ends: t('admin.access.role.delete.ends'),
        facts: [
          { label: t('admin.common.api'), value: role.resource ?? t('admin.access.no_api') },
          { label: t('admin.access.role.given.people'), value: countText(count) },
          {
            label: t('admin.access.role.given.groups'),
            value: holding.map(({ name }) => name).join(', ') || t('admin.common.none'),
          },
          {
            label: t('admin.access.apps'),
            value: apps.map(({ name }) => name).join(', ') || t('admin.common.none'),
          },
        ],
        form: { action: `${pageOf(role.id)}/delete` },
        label: t('admin.access.role.delete'),
        keepHref: pageOf(role.id),
        version: role.version,
        seen: seenFields('role', roleFields, role),
      }
    },
    remove: ({ id }, version) => roles.remove(id, { ifVersion: countedVersion(version) }),
    done: '/admin/roles?done=deleted',
  })
}
