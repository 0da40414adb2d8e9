import type { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import { orFailed, requireMatch, sendEtag } from '../../../http/etag.ts'
import { currentAuthority } from '../../../shared/administration/authority.ts'
import { PERMISSIONS, userPermission } from '../../../shared/administration/permissions.ts'
import { AppError } from '../../../shared/errors.ts'
import { message } from '../../../shared/locales/texts.ts'
import { ValidationError } from '../../../shared/validation-error.ts'
import { withinLimits } from '../../access.ts'
import type { RestContext } from '../context.ts'
import { inOurNames } from '../field-names.ts'
import { type Caller, callerOf } from '../guard.ts'
import { createOnce } from '../idempotency.ts'
import {
  isLimited,
  refuseAdministrators,
  refuseGreater,
  refuseLiftedRequirement,
  refuseRoles,
} from '../machine.ts'
import { operation } from '../operation.ts'
import { sendPage } from '../paging.ts'
import { idParams, pageOf } from '../schemas.ts'
import { userFactorsRoutes } from './factors.ts'
import { userRelationsRoutes } from './relations.ts'
import { attributeOf, personOf, user, userBody, userChanges, userQuery, userView } from './schemas.ts'

const area = 'users' as const

const listUsers = operation({
  id: 'listUsers',
  area,
  needs: 'user.read',
  within: 'organization',
  summary: 'List users',
  description: 'Newest first. `search` finds part of the username, an address or the names, or an ID.',
  safe: true,
  query: userQuery,
  answers: [200, 'A page; `Link` has the address of the next one.', pageOf(user)],
  problems: [400],
})

const createUser = operation({
  id: 'createUser',
  area,
  needs: 'user.create',
  also: ['user.set_role'],
  summary: 'Create an account',
  description:
    'And invites the person by a message that is good for seven days: its link proves the address and sets a password, or links a sign-in at a provider. With `verified`, no message is sent; `send-reset` sends a link to set a password.',
  once: true,
  body: userBody,
  answers: [201, 'Created.', user],
})

const readUser = operation({
  id: 'readUser',
  area,
  needs: 'user.read',
  within: 'organization',
  summary: 'Read a user',
  safe: true,
  params: idParams,
  answers: [200, 'The user; `ETag` names their state.', user],
})

const changeUser = operation({
  id: 'changeUser',
  area,
  needs: 'user.update',
  also: ['user.set_role', 'user.require_factor'],
  alone: ['user.require_factor'],
  summary: 'Change names, address, role, or whether a second factor is required',
  description: 'Another address counts once the person has verified it; until then the old one stays.',
  conditional: true,
  params: idParams,
  body: userChanges,
  answers: [200, 'The user as they are now.', user],
  problems: [409],
})

const deleteUser = operation({
  id: 'deleteUser',
  area,
  needs: 'user.delete',
  summary: 'Delete a user',
  description: 'With their sessions, tokens and consents. The username and the address are free again.',
  conditional: true,
  params: idParams,
  answers: [204, 'Deleted.'],
  problems: [409],
})

const actions = [
  ['disableUser', 'disable', 'Shut a user out', 'Every session and token ends at once.'],
  ['enableUser', 'enable', 'Let a disabled user in again', 'They sign in anew.'],
  ['unlockUser', 'unlock', 'End a lock', 'Forgets the failed sign-ins.'],
  [
    'sendUserReset',
    'send-reset',
    'Send a link to set a password',
    'To the address of the account; nobody else sees it.',
  ],
  [
    'sendUserInvitation',
    'send-invitation',
    'Invite a user again',
    'To the address that is still to be verified. The link that was sent before works no more.',
  ],
  ['endUserSessions', 'end-sessions', 'Sign a user out everywhere', 'Every session and token ends at once.'],
] as const

const withdrawInvitation = operation({
  id: 'withdrawUserInvitation',
  area,
  needs: 'user.withdraw_invitation',
  summary: 'Withdraw an invitation',
  description: 'An account that was never used is deleted with it; one that a person has registered stays.',
  params: idParams,
  answers: [204, 'Its link works no more.'],
  problems: [409],
})

/** What a client that acts for itself may do to any account, and a role to who may no more than it: none of it signs a person in. */
const HARMLESS: ReadonlySet<string> = new Set(['send-reset', 'send-invitation', 'end-sessions'])

/** A role with a limit is not told how members sign in (`GET /users/:id/factors` is closed to it). */
const seesSignIns = (): boolean => currentAuthority().scope === undefined

/** `/users` */
export function userRoutes({ app, deps }: RestContext): void {
  const { accounts, clock, issuer } = deps
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)
  const view = (account: Account) => {
    const { second_factors, ...known } = userView(
      account,
      deps.attributes.shown(account.attributes),
      clock(),
      deps.administratorRoles.nameOf,
    )
    return seesSignIns() ? { ...known, second_factors } : known
  }
  const services = {
    disable: accounts.disable,
    enable: accounts.enable,
    unlock: accounts.unlock,
    'send-reset': accounts.sendReset,
    'send-invitation': accounts.sendInvitation,
    'end-sessions': accounts.endSessions,
  }

  const queryOf = async ({ attribute, role, ...query }: z.output<typeof userQuery>) => {
    if (query.second_factor !== undefined && !seesSignIns())
      throw new ValidationError({ second_factor: 'Your role is not told how members sign in.' })
    return {
      ...query,
      ...withinLimits.users(),
      role: role === undefined ? undefined : await deps.administratorRoles.resolve(role),
      attribute: attributeOf(attribute),
    }
  }

  async function find(id: string): Promise<Account> {
    const account = id.includes('\0') ? undefined : await accounts.byId(id)
    if (account === undefined) throw new AppError('account_not_found', 404, 'There is no such account.')
    return account
  }
  userRelationsRoutes({ app, deps }, find)
  userFactorsRoutes({ app, deps }, find)

  app.get('/users', { ...listUsers, ...limit }, async (request, reply) =>
    sendPage(request, reply, issuer, await accounts.search(await queryOf(request.query)), view),
  )

  app.post('/users', { ...createUser, ...limit }, async (request, reply) => {
    refuseRoles(callerOf(request), request.body.role)
    const { username, email, role, verified } = request.body
    const fields = { username, email, role, verified, ...personOf(request.body) }
    return once(request, reply, async () => {
      const created = await inOurNames(accounts.createByAdmin(fields))
      const location = `${issuer}/api/admin/users/${created.id}`
      return { headers: { location, etag: `"${created.updatedAt}"` }, body: view(created) }
    })
  })

  app.get('/users/:id', { ...readUser, ...limit }, async (request, reply) => {
    const account = await find(request.params.id)
    sendEtag(reply, account.updatedAt)
    return view(account)
  })

  app.patch('/users/:id', { ...changeUser, ...limit }, async (request, reply) => {
    const caller = callerOf(request)
    requireUpdate(caller, request.body)
    const before = await find(request.params.id)
    // Who gives which role is judged where it is given (src/administrators).
    const roleAlone = caller.kind === 'person' && Object.keys(request.body).every((name) => name === 'role')
    if (!roleAlone) refuseAdministrators(caller, before)
    refuseRoles(caller, request.body.role)
    // What was checked has to be what is changed, so a machine's change is always conditional.
    const conditional = requireMatch(request, before.updatedAt) || isLimited(caller)
    const { email, role, second_factor_required: secondFactorRequired } = request.body
    if (
      caller.kind === 'person' &&
      (secondFactorRequired ?? before.secondFactorRequired) !== before.secondFactorRequired &&
      !caller.authority.permissions.has('user.require_factor')
    )
      throw new AppError(
        'forbidden',
        403,
        'Your role does not allow to change whether a person has to have a second factor. Ask an administrator.',
      )
    refuseLiftedRequirement(caller, secondFactorRequired, before)
    const changes = { ...personOf(request.body), email, role, secondFactorRequired }
    const given = conditional ? { ifVersion: before.updatedAt } : {}
    const changed = await orFailed(inOurNames(accounts.updateByAdmin(before.id, changes, given)))
    sendEtag(reply, changed.updatedAt)
    return view(changed)
  })

  app.delete('/users/:id', { ...deleteUser, ...limit }, async (request, reply) => {
    const before = await find(request.params.id)
    refuseAdministrators(callerOf(request), before)
    requireMatch(request, before.updatedAt)
    await accounts.delete(before.id)
    return reply.code(204).send()
  })

  app.post('/users/:id/withdraw-invitation', { ...withdrawInvitation, ...limit }, async (request, reply) => {
    const before = await find(request.params.id)
    refuseAdministrators(callerOf(request), before)
    await accounts.withdrawInvitation(before.id)
    return reply.code(204).send()
  })

  for (const [id, verb, summary, description] of actions) {
    const action = operation({
      id,
      area,
      needs: userPermission(verb),
      ...(PERMISSIONS[userPermission(verb)].within && { within: 'organization' as const }),
      summary,
      description,
      params: idParams,
      answers: [200, 'The user as they are now.', user],
      problems: verb === 'disable' || verb.startsWith('send-') ? [409] : [],
    })
    app.post(`/users/:id/${verb}`, { ...action, ...limit }, async (request, reply) => {
      const before = await find(request.params.id)
      if (HARMLESS.has(verb)) await refuseGreater(callerOf(request), before, deps.authorityOf)
      else refuseAdministrators(callerOf(request), before)
      const changed = await services[verb](before.id)
      sendEtag(reply, changed.updatedAt)
      return view(changed)
    })
  }
}

/**
 * Whether a second factor is required is a permission of its own, as in the console: who holds it alone changes that alone.
 * @throws AppError forbidden (403)
 */
function requireUpdate(caller: Caller, changes: object): void {
  const fields = Object.keys(changes)
  if (fields.length === 1 && fields[0] === 'second_factor_required') return
  if (caller.kind === 'machine' || caller.authority.permissions.has('user.update')) return
  throw new AppError('forbidden', 403, message('admin.users.refused.role'))
}
