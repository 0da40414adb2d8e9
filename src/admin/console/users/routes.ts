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
import { PERMISSIONS, userPermission } from '../../../shared/administration/permissions.ts'
import { AppError } from '../../../shared/errors.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { type PersonAccessDependencies, personAccessRoutes } from '../access/person.ts'
import type { AuditDependencies } from '../audit/routes.ts'
import { bulkRoutes } from '../bulk.ts'
import type { ConsoleDependencies } from '../context.ts'
import type { AdministratorRolesAreaDependencies } from '../definitions/administrator-roles.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import type { OrganizationsAreaDependencies } from '../organizations/routes.ts'
import { attributeFields, type UserAttributesDependencies, userAttributesRoutes } from './attributes.ts'
import { usersBulk } from './bulk.ts'
import { type UserFactorsDependencies, userFactorsRoutes } from './factors.ts'
import { type UserImpersonationDependencies, userImpersonationRoutes } from './impersonation.ts'
import { userListRoutes } from './list.ts'
import { USER_NOTICES } from './notices.ts'
import { userPage } from './page.ts'
import { moreFields, nameFields, PERSON_NAMES, personForm, personIn } from './person-form.ts'
import { givableRoles } from './role-options.ts'
import { userSessionRoutes } from './sessions.ts'
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
    | 'wrongPasswords'
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
const newForm = z.object({ ...personForm, username: text, email: text, role: role.default('user') })
const editForm = z.object({
  ...personForm,
  email: text,
  role: role.optional(),
  version: z.string().regex(/^\d{1,16}$/),
})

type ById = { Params: { id: string }; Querystring: { done?: unknown } }

/** `/admin/users`: finding people, seeing how they sign in, and helping or stopping them. Never a password. */
export async function usersArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & UsersDependencies & WhyDependencies,
): Promise<void> {
  const { users } = deps
  const bulk = usersBulk(deps)
  const show = userPage(deps)

  const find = async (id: string): Promise<Account> => {
    const user = /^[\w-]{1,64}$/.test(id) ? await users.byId(id) : undefined
    if (!user) throw new AppError('account_not_found', 404, message('admin.users.unknown'))
    return user
  }

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
        roles: await givableRoles(request, deps),
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

  app.get<ById>(
    '/admin/users/:id',
    { config: { admin: 'user.read', within: 'organization' } },
    async (request, reply) =>
      show(request, reply, await find(request.params.id), {
        notice: noticeIn(USER_NOTICES, request.query.done),
      }),
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

  userListRoutes(app, deps, bulk)
  bulkRoutes(app, bulk)

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
