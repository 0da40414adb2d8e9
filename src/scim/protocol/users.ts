import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Account } from '../../accounts/account.ts'
import { unlessCode, VersionConflict } from '../../shared/errors.ts'
import type { UserQuery } from '../directory/store.ts'
import type { Bearer } from '../tokens/store.ts'
import {
  answer,
  answerResource,
  callerOf,
  filterOf,
  listOf,
  projected,
  requireVersion,
  type ScimDependencies,
  type ScimResource,
  sliceOf,
  wants,
} from './context.ts'
import { notFound, scimError } from './errors.ts'
import { queryOf, refusedFilter } from './filter.ts'
import { membersOf, operationsOf } from './operations.ts'
import { applyTo, checkTypes, EMPTIED, type UserChanges, userOf, versionOf } from './user-attributes.ts'

/** Changes of one account that come between, before the last one gives up. */
const MAX_TRIES = 5
/** Milliseconds. */
const COUNT_KEPT = 60_000
const ONE = { offset: 0, limit: 1 }

/** `/scim/v2/Users` */
export function userRoutes(app: FastifyInstance, deps: ScimDependencies, base: string): void {
  const { accounts, store } = deps
  const { provisioning } = accounts

  async function shown(bearer: Bearer, found: readonly Account[], query: unknown): Promise<ScimResource[]> {
    const ids = found.map(({ id }) => id)
    const { owner, organization } = bearer
    const groupsOf = (accountIds: string[]) =>
      organization === null
        ? store.groupsOf(accountIds)
        : deps.organizations.rolesOf(organization, accountIds)
    const [names, groups] = await Promise.all([
      store.externalIds('user', owner, ids),
      wants(query, 'groups') ? groupsOf(ids) : [],
    ])
    const byAccount = Map.groupBy(groups, ({ accountId }) => accountId)
    return found.map((account) =>
      userOf(account, { base, externalId: names.get(account.id), groups: byAccount.get(account.id) ?? [] }),
    )
  }

  async function one({ owner, organization }: Bearer, id: string): Promise<Account> {
    const query = { id, ...(organization !== null && { organization }) }
    const [account] = /^[\w-]{1,100}$/.test(id) ? await store.users(owner, query, ONE) : []
    if (account === undefined) throw notFound()
    return account
  }

  const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id

  async function resource(request: FastifyRequest, account: Account): Promise<ScimResource> {
    const [shownOne] = await shown(callerOf(request).bearer, [account], request.query)
    if (shownOne === undefined) throw notFound()
    return shownOne
  }

  /** @throws AppError uniqueness (409) */
  async function nameIt(owner: string, id: string, externalId: string | null | undefined): Promise<void> {
    if (externalId === undefined) return
    const done = await store.setExternalId('user', owner, id, externalId)
    if (done === 'taken') throw scimError(409, 'Another user has this externalId.', 'uniqueness')
    if (done === 'missing') throw notFound()
  }

  /** Changes an account as a request says, over again where another change came between. */
  async function change(request: FastifyRequest, read: () => UserChanges): Promise<Account> {
    const { bearer, library } = callerOf(request)
    const changes = read()
    checkTypes(library, changes)
    for (let tries = 1; ; tries++) {
      const before = await one(bearer, idOf(request))
      const known = (await store.externalIds('user', bearer.owner, [before.id])).get(before.id)
      requireVersion(request, versionOf(before, known))
      try {
        const account = await changed(bearer, before, changes)
        if (changes.externalId !== (known ?? null)) await nameIt(bearer.owner, before.id, changes.externalId)
        return account
      } catch (error) {
        if (!(error instanceof VersionConflict) || tries === MAX_TRIES) throw error
      }
    }
  }

  /** @throws AppError (403) */
  async function requireOwn(organization: string, email: unknown): Promise<void> {
    if (!(await deps.organizations.owns(organization, String(email ?? '')))) throw notItsDomain()
  }

  /** A name that is an address is taken for its owner, by people and by apps. @throws AppError (403) */
  async function requireOwnName(organization: string, name: unknown): Promise<void> {
    if (String(name ?? '').includes('@')) await requireOwn(organization, name)
  }

  /** @throws AppError (403) where an organization changes what is not its own */
  async function changed(bearer: Bearer, before: Account, { account }: UserChanges): Promise<Account> {
    const { organization } = bearer
    const given = { ifVersion: before.updatedAt }
    if (organization === null) return provisioning.change(before.id, account, given)
    if (await deps.organizations.owns(organization, before.email ?? '')) {
      const { username, email } = account
      if (email !== undefined) await requireOwn(organization, email)
      if (username !== before.displayUsername) await requireOwnName(organization, username)
      return provisioning.change(before.id, account, given)
    }
    // A guest's account is their own: the organization says no more than that they are a member.
    if (before.role !== 'user') throw scimError(403, 'A directory cannot change administrators and auditors.')
    if (account.active !== false) {
      if (Object.keys(account).length > 0) throw notItsDomain()
      return before
    }
    await deps.organizations.leave(organization, before.id)
    return { ...before, disabledAt: before.disabledAt ?? deps.clock() }
  }

  /** How many users there are, for the pages behind the first: it reads the index of all of them. */
  let counted: { at: number; total: number } | undefined

  async function totalOf(owner: string, query: UserQuery, offset: number): Promise<number> {
    if (Object.keys(query).length > 0) return store.countUsers(owner, query)
    if (offset > 0 && counted !== undefined && deps.clock() - counted.at < COUNT_KEPT) return counted.total
    const total = await store.countUsers(owner, query)
    counted = { at: deps.clock(), total }
    return total
  }

  app.get('/Users', async (request, reply) => {
    const { bearer } = callerOf(request)
    const { owner, organization } = bearer
    const asked = request.query as Record<string, unknown>
    const slice = sliceOf(asked)
    const filtered = queryOf<UserQuery>(filterOf(asked), {
      id: (id) => ({ id }),
      username: (typed) => ({ username: deps.canonicalUsername(typed) }),
      externalid: (externalId) => ({ externalId }),
      'emails.value': (typed) => {
        const email = deps.canonicalEmail(typed)
        return email === undefined ? undefined : { email }
      },
      emails: (typed) => {
        const email = deps.canonicalEmail(typed)
        return email === undefined ? undefined : { email }
      },
      'meta.lastmodified': (typed) => {
        const updatedAt = Date.parse(typed)
        return Number.isNaN(updatedAt) ? undefined : { updatedAt }
      },
    })
    const query = filtered && { ...filtered, ...(organization !== null && { organization }) }
    if (query === undefined || Object.values(query).some((value) => String(value).includes('\0')))
      return answer(reply, listOf([], 0, slice.offset))
    // Alone it would read every account.
    if (organization === null && Object.keys(query).join() === 'updatedAt') throw refusedFilter()
    const [found, total] = await Promise.all([
      slice.limit === 0 ? [] : store.users(owner, query, slice),
      totalOf(owner, query, slice.offset),
    ])
    const resources = (await shown(bearer, found, asked)).map((each) => projected(each, asked))
    return answer(reply, listOf(resources, total, slice.offset))
  })

  app.get('/Users/:id', async (request, reply) =>
    answerResource(
      request,
      reply,
      await resource(request, await one(callerOf(request).bearer, idOf(request))),
    ),
  )

  app.post('/Users', async (request, reply) => {
    const { bearer, library } = callerOf(request)
    const changes: UserChanges = { account: {} }
    for (const [path, value] of attributesOf(request.body))
      applyTo(changes, library, { op: 'add', path, value })
    const { username, email } = changes.account
    if (username === undefined || username === null || username === '')
      throw scimError(400, 'userName is required.', 'invalidValue')
    // Entra has people without a mailbox, whose name is an address.
    changes.account.email = email ?? username
    checkTypes(library, changes)
    const { organization } = bearer
    if (organization !== null) {
      await requireOwn(organization, changes.account.email)
      await requireOwnName(organization, username)
    }
    const { externalId } = changes
    if (externalId && (await store.countUsers(bearer.owner, { externalId })) > 0)
      throw scimError(409, 'Another user has this externalId.', 'uniqueness')
    // Whom another directory has deleted may still come back to it.
    const replaces =
      organization === null
        ? undefined
        : (deleted: Account) => deps.organizations.owns(organization, deleted.email ?? '')
    const account = await provisioning.create(changes.account, { replaces })
    try {
      if (organization !== null) await deps.organizations.join(organization, account.id)
      if (externalId) await nameIt(bearer.owner, account.id, externalId)
    } catch (error) {
      // Another request was faster: this one has created nothing.
      await deps.deleteAccount(account.id).catch(unlessCode('account_not_found'))
      throw error
    }
    reply.code(201)
    return answerResource(request, reply, await resource(request, account))
  })

  app.put('/Users/:id', async (request, reply) => {
    const { library } = callerOf(request)
    const account = await change(request, () => {
      const changes: UserChanges = { account: { ...EMPTIED }, externalId: null }
      for (const [path, value] of attributesOf(request.body))
        applyTo(changes, library, { op: 'replace', path, value })
      return changes
    })
    return answerResource(request, reply, await resource(request, account))
  })

  app.patch('/Users/:id', async (request, reply) => {
    const { library } = callerOf(request)
    const account = await change(request, () => {
      const changes: UserChanges = { account: {} }
      for (const operation of operationsOf(request.body)) applyTo(changes, library, operation)
      return changes
    })
    return answerResource(request, reply, await resource(request, account))
  })

  app.delete('/Users/:id', async (request, reply) => {
    const { bearer } = callerOf(request)
    const { owner, organization } = bearer
    const account = await one(bearer, idOf(request))
    requireVersion(
      request,
      versionOf(account, (await store.externalIds('user', owner, [account.id])).get(account.id)),
    )
    const guest = organization !== null && !(await deps.organizations.owns(organization, account.email ?? ''))
    if (guest && account.role !== 'user')
      throw scimError(403, 'A directory cannot change administrators and auditors.')
    if (!guest) await provisioning.dismiss(account.id, { ifVersion: account.updatedAt })
    if (organization !== null) await deps.organizations.leave(organization, account.id)
    if (guest) await store.setExternalId('user', owner, account.id, null)
    else await store.forgetUser(account.id)
    return reply.code(204).send()
  })
}

const notItsDomain = () =>
  scimError(
    403,
    'The directory of an organization changes accounts with an address of its verified domains alone, and names them so where a name is an address.',
  )

/** The attributes of a resource that was sent, without those that are not its own to say. */
export const attributesOf = (body: unknown): [string, unknown][] =>
  [...membersOf(body)].filter(([name]) => !['schemas', 'meta', 'id'].includes(name))
