import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { AccountQuery } from '../../../accounts/search/search.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { ConnectedApp } from '../../../oidc/consent/connected-apps.ts'
import type { SignedInDevice } from '../../../oidc/sessions/devices.ts'
import { may } from '../../../shared/administration/authority.ts'
import { PERMISSIONS, userPermission } from '../../../shared/administration/permissions.ts'
import { AppError } from '../../../shared/errors.ts'
import { message, type TextKey, t } from '../../../shared/locales/texts.ts'
import { isoDay } from '../../../shared/moment.ts'
import { withinLimits } from '../../access.ts'
import {
  ACCESS_NOTICES,
  type PersonAccessDependencies,
  personAccess,
  personAccessRoutes,
} from '../access/person.ts'
import type { AuditDependencies } from '../audit/routes.ts'
import { bulkButtons, bulkNotice, bulkRoutes } from '../bulk.ts'
import { administratorOf, type ConsoleDependencies, renderConsole } from '../context.ts'
import type { AdministratorRolesAreaDependencies } from '../definitions/administrator-roles.ts'
import { asFormErrors } from '../form-errors.ts'
import { heldMembership } from '../organizations/form.ts'
import type { OrganizationsAreaDependencies } from '../organizations/routes.ts'
import { pageLinks, withQuery } from '../page-links.ts'
import {
  type AlsoAttributes,
  attributeFields,
  attributesSection,
  type UserAttributesDependencies,
  userAttributesRoutes,
} from './attributes.ts'
import { usersBulk } from './bulk.ts'
import { chipsOf } from './chips.ts'
import { FACTOR_NOTICES, factorsSection, type UserFactorsDependencies, userFactorsRoutes } from './factors.ts'
import { historyOf } from './history.ts'
import { type UserImpersonationDependencies, userImpersonationRoutes } from './impersonation.ts'
import { moreFields, nameFields, PERSON_NAMES, personForm, personIn, personValues } from './person-form.ts'
import { shownDevices, userSessionRoutes } from './sessions.ts'
import { actionsOf, bannersOf, detailsOf, tagsOf, when } from './view.ts'
import { type WhyDependencies, whyRoute } from './why.ts'

/** No function takes or gives a password. */
export interface UsersDependencies
  extends Pick<AuditDependencies, 'audit' | 'auditSentence'>,
    PersonAccessDependencies,
    UserAttributesDependencies,
    Pick<OrganizationsAreaDependencies, 'organizations'>,
    UserFactorsDependencies,
    UserImpersonationDependencies,
    Pick<AdministratorRolesAreaDependencies, 'administratorRoles'> {
  users: Pick<
    Accounts,
    | 'byId'
    | 'search'
    | 'stateCounts'
    | 'createByAdmin'
    | 'updateByAdmin'
    | 'disable'
    | 'enable'
    | 'unlock'
    | 'sendReset'
    | 'sendInvitation'
    | 'withdrawInvitation'
    | 'endSessions'
    | 'delete'
  > & {
    signInMethods: Accounts['linked']['signInMethods']
    /** What a search finds, as a CSV file piece by piece; audited. */
    exported(query: AccountQuery): AsyncGenerator<string>
    devices(id: string): Promise<SignedInDevice[]>
    /** Ends one of `devices`, by its `uid`. @param by.own it is the browser that asks */
    endSession(id: string, uid: string, by: { own: boolean }): Promise<void>
    apps(id: string): Promise<ConnectedApp[]>
  }
}

const text = z.string().max(400).default('')
/** A built-in role, or the ID of one that is defined. */
const role = z.string().regex(/^[\w-]{1,64}$/)
const query = z.object({
  search: text.catch(''),
  role: role.optional().catch(undefined),
  second_factor: z.enum(['any', 'none', 'passkey']).optional().catch(undefined),
  state: z.enum(['disabled', 'locked', 'unverified']).optional().catch(undefined),
  attribute: z.string().max(50).default('').catch(''),
  value: z.string().max(500).default('').catch(''),
  cursor: z.string().max(500).optional().catch(undefined),
})
const newForm = z.object({ ...personForm, username: text, email: text, role: role.default('user') })
const editForm = z.object({
  ...personForm,
  email: text,
  role: role.optional(),
  version: z.string().regex(/^\d{1,16}$/),
})

const NOTICES: Readonly<Record<string, TextKey>> = {
  created: 'admin.users.done.created',
  saved: 'admin.users.done.saved',
  attributes: 'admin.users.done.attributes',
  disable: 'admin.users.done.disable',
  enable: 'admin.users.done.enable',
  unlock: 'admin.users.done.unlock',
  'send-reset': 'admin.users.done.send_reset',
  'send-invitation': 'admin.users.done.send_invitation',
  'withdraw-invitation': 'admin.users.done.withdraw_invitation',
  'end-sessions': 'admin.users.done.end_sessions',
  'end-session': 'admin.users.done.end_session',
  deleted: 'admin.users.done.deleted',
  ...FACTOR_NOTICES,
  ...ACCESS_NOTICES,
}

type ById = { Params: { id: string }; Querystring: { done?: unknown } }

/** `/admin/users`: finding people, seeing how they sign in, and helping or stopping them. Never a password. */
export async function usersArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & UsersDependencies & WhyDependencies,
): Promise<void> {
  const { users, clock } = deps
  const bulk = usersBulk(deps)

  const find = async (id: string): Promise<Account> => {
    const user = /^[\w-]{1,64}$/.test(id) ? await users.byId(id) : undefined
    if (!user) throw new AppError('account_not_found', 404, message('admin.users.unknown'))
    return user
  }

  app.get<{ Querystring: { done?: unknown } }>(
    '/admin/users',
    { config: { admin: 'user.read', within: 'organization' } },
    async (request, reply) => {
      const wanted = query.parse(request.query)
      const { search, role = '', second_factor = '', state = '', attribute, value } = wanted
      const known = deps.attributeForm.names()
      const named = known.some((each) => each.value === attribute) ? { attribute, value } : undefined
      const page = await users.search({
        ...wanted,
        ...withinLimits.users(),
        attribute: named && { name: attribute, value: value.trim() },
      })
      const data = {
        search,
        role,
        roles: await roleOptions(may(administratorOf(request).authority, 'administrator_role.read')),
        second_factor,
        state,
        chips: await chipsOf(deps, request, { search, role, second_factor, state, ...named }),
        attribute: named?.attribute ?? '',
        value: named?.value ?? '',
        attributes: known,
        bulk: bulkButtons(bulk, request),
        csv:
          administratorOf(request).authority.scope === undefined
            ? withQuery('/admin/users/export.csv', { search, role, second_factor, state, ...named })
            : undefined,
        users: page.items.map((user) => ({
          id: user.id,
          href: `/admin/users/${user.id}`,
          name: [user.givenName, user.familyName].filter(Boolean).join(' '),
          username: user.displayUsername,
          email: user.email ?? user.pendingEmail ?? '–',
          tags: tagsOf(user, clock(), deps.administratorRoles.nameOf),
          lastSignInAt: user.lastSignInAt,
        })),
        ...pageLinks(
          '/admin/users',
          { search, role, second_factor, state, ...named },
          wanted.cursor,
          page.next_cursor,
        ),
      }
      const notice = noticeIn(NOTICES, request.query.done) ?? bulkNotice(bulk, request.query)
      return renderConsole(request, reply, 'users', 'admin/users', data, { notice })
    },
  )

  /** Roles to choose from. @param defined those of administrators too: not for who may not read them */
  const roleOptions = async (defined = true) => [
    { value: 'user', label: t('admin.users.one') },
    { value: 'auditor', label: t('admin.users.role.auditor') },
    { value: 'admin', label: t('admin.users.tag.admin') },
    ...(defined ? await deps.administratorRoles.list() : []).map(({ id, name }) => ({
      value: id,
      label: t('admin.users.role.defined', { name }),
    })),
  ]
  /** Those of a form; undefined: who looks at it gives none. */
  const givable = async (request: FastifyRequest) =>
    administratorOf(request).authority.permissions.has('user.set_role') ? roleOptions() : undefined

  const showNew = async (
    request: FastifyRequest,
    reply: FastifyReply,
    form: Partial<Form> = {},
    status = 200,
  ) =>
    renderConsole(
      request,
      reply,
      'users',
      'admin/users-new',
      {
        form: { action: '/admin/users', ...form },
        names: nameFields(),
        more: moreFields(),
        attributes: attributeFields(deps.attributeForm),
        roles: await givable(request),
      },
      { status },
    )

  app.get('/admin/users/new', { config: { admin: 'user.create' } }, async (request, reply) =>
    showNew(request, reply),
  )

  app.post(
    '/admin/users',
    { config: { admin: 'user.create', adminAlso: ['user.set_role'], formPage: '/admin/users/new' } },
    async (request, reply) => {
      const form = newForm.parse(request.body ?? {})
      const { username, email, role } = form
      try {
        const attributes = deps.attributeForm.entered('administrator', request.body, {})
        const person = { ...personIn(form), ...(attributes && { attributes }) }
        const user = await users.createByAdmin({ ...person, username, email, role })
        return reply.redirect(`/admin/users/${user.id}?done=created`, 303)
      } catch (error) {
        const refused = { ...asFormErrors(error, PERSON_NAMES), values: shownAgain(request.body) }
        return showNew(request, reply, refused, 422)
      }
    },
  )

  /** Where the wrong password came from that locked an account. */
  const lockedFrom = async ({ id, lockedUntil }: Account): Promise<string | undefined> => {
    if (lockedUntil === null || lockedUntil <= clock()) return undefined
    const { items } = await deps.audit.list({ target: id, action: 'account.locked' }, { limit: 1 })
    return items[0]?.address
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    user: Account,
    also: {
      edit?: Partial<Form>
      attributes?: AlsoAttributes
      remove?: Partial<Form>
      access?: { group?: Partial<Form>; role?: Partial<Form> }
      alert?: string
      notice?: string | undefined
      status?: number
    } = {},
  ) {
    const limit = withinLimits.users().organization
    const [ways, devices, apps, history, factors, waiting, access, memberships] = await Promise.all([
      users.signInMethods(user.id),
      limit === undefined ? users.devices(user.id) : [],
      // Who looks after one organization is not told what else a person does.
      limit === undefined ? users.apps(user.id) : [],
      limit === undefined ? historyOf(deps, user.id) : [],
      deps.factors.list(user.id),
      deps.factors.recovery.waiting(user),
      personAccess(deps, user.id, also.access),
      deps.organizations.members.ofAccount(user.id),
    ])
    const base = `/admin/users/${user.id}`
    const data = {
      title: user.displayUsername,
      details: detailsOf(user),
      tags: tagsOf(user, clock(), deps.administratorRoles.nameOf),
      alert: also.alert,
      edit: {
        action: `${base}/edit`,
        version: String(user.updatedAt),
        values: {
          ...personValues(user),
          email: user.pendingEmail ?? user.email ?? '',
          role: user.role,
        },
        ...also.edit,
      },
      attributes: attributesSection(deps, user, also.attributes),
      names: nameFields(),
      more: moreFields(),
      base,
      banners: bannersOf(user, clock(), await lockedFrom(user)),
      actions: actionsOf(user),
      roles: user.id === administratorOf(request).id ? undefined : await givable(request),
      impersonate:
        user.id !== administratorOf(request).id && (await deps.impersonations.problemOf(user)) === undefined
          ? `${base}/impersonate`
          : undefined,
      access,
      limited: limit !== undefined,
      organizations: memberships
        .filter(({ id }) => limit === undefined || id === limit)
        .map((each) => heldMembership(user.id, each)),
      factors: factorsSection(user, deps.secondFactor(), factors, waiting),
      password: ways.password,
      identities: ways.identities.map(({ provider, label, lastUsedAt }) => ({
        name: provider,
        detail: t(label === null ? 'admin.users.identity.last_used' : 'admin.users.identity.last_used_as', {
          label: label ?? '',
          time: when(lastUsedAt),
        }),
      })),
      devices: shownDevices(user.id, devices),
      apps: apps.map(({ clientId, client: { name }, access }) => ({
        href: `/admin/clients/${encodeURIComponent(clientId)}`,
        name,
        scopes: [
          ...access.own.map(({ title }) => title),
          ...access.apis.map((api) => `${api.name}: ${api.scopes.map(({ title }) => title).join(', ')}`),
        ].join(' · '),
      })),
      history,
      remove: { action: `${base}/delete`, ...also.remove },
    }
    const { notice, status } = also
    return renderConsole(request, reply, 'users', 'admin/users-one', data, {
      notice,
      ...(status !== undefined && { status }),
    })
  }

  app.get<ById>(
    '/admin/users/:id',
    { config: { admin: 'user.read', within: 'organization' } },
    async (request, reply) =>
      show(request, reply, await find(request.params.id), { notice: noticeIn(NOTICES, request.query.done) }),
  )

  app.post<ById>(
    '/admin/users/:id/edit',
    { config: { admin: 'user.update', adminAlso: ['user.set_role'] } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const form = editForm.parse(request.body ?? {})
      const { version, email, role: chosen } = form
      const unchanged = email === (user.pendingEmail ?? user.email ?? '')
      try {
        await users.updateByAdmin(
          user.id,
          {
            ...personIn(form, user),
            ...(!unchanged && { email }),
            ...(chosen !== undefined && chosen !== user.role && { role: chosen }),
          },
          { ifVersion: Number(version) },
        )
        return reply.redirect(`/admin/users/${user.id}?done=saved`, 303)
      } catch (error) {
        const edit = { ...asFormErrors(error, PERSON_NAMES), values: shownAgain(request.body) }
        const status = error instanceof AppError ? error.status : 422
        return show(request, reply, await find(user.id), { edit, status })
      }
    },
  )

  bulkRoutes(app, bulk)

  // A role with a limit gets no file: it would be of everybody.
  app.get('/admin/users/export.csv', { config: { admin: 'user.read' } }, async (request, reply) => {
    const { cursor: _cursor, attribute, value, ...wanted } = query.parse(request.query)
    const named = deps.attributeForm.names().some((each) => each.value === attribute)
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="users-${isoDay(clock())}.csv"`)
      .header('cache-control', 'no-store')
      .send(
        Readable.from(
          users.exported({
            ...wanted,
            attribute: named ? { name: attribute, value: value.trim() } : undefined,
          }),
        ),
      )
  })
  whyRoute(app, deps, find)
  userImpersonationRoutes(app, deps, find)
  userAttributesRoutes(app, deps, find, show)
  userFactorsRoutes(app, deps, find, show)
  userSessionRoutes(app, deps, find)
  personAccessRoutes(app, deps, find, show)

  const work = {
    disable: users.disable,
    enable: users.enable,
    unlock: users.unlock,
    'send-reset': users.sendReset,
    'send-invitation': users.sendInvitation,
    'withdraw-invitation': users.withdrawInvitation,
    'end-sessions': users.endSessions,
  }
  for (const action of Object.keys(work) as (keyof typeof work)[]) {
    app.post<ById>(
      `/admin/users/:id/${action}`,
      {
        config: {
          admin: userPermission(action),
          ...(PERMISSIONS[userPermission(action)].within && { within: 'organization' }),
        },
      },
      async (request, reply) => {
        const user = await find(request.params.id)
        try {
          await work[action](user.id)
        } catch (error) {
          if (!(error instanceof AppError) || error.status >= 500) throw error
          return show(request, reply, user, { alert: error.publicMessage, status: error.status })
        }
        const stays = action !== 'withdraw-invitation' || (await users.byId(user.id)) !== undefined
        return reply.redirect(`/admin/users${stays ? `/${user.id}` : ''}?done=${action}`, 303)
      },
    )
  }

  app.post<ById>('/admin/users/:id/delete', { config: { admin: 'user.delete' } }, async (request, reply) => {
    const user = await find(request.params.id)
    const { confirm } = z.object({ confirm: text }).parse(request.body ?? {})
    if (confirm.trim() !== user.displayUsername) {
      const remove = {
        errors: { confirm: t('admin.users.delete.retype', { username: user.displayUsername }) },
      }
      return show(request, reply, user, { remove, status: 422 })
    }
    try {
      await users.delete(user.id)
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      return show(request, reply, user, { alert: error.publicMessage, status: error.status })
    }
    return reply.redirect('/admin/users?done=deleted', 303)
  })
}
