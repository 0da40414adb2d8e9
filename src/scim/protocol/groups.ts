import { hash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ValidationError } from '../../shared/validation-error.ts'
import type { GroupQuery, GroupRow } from '../directory/store.ts'
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
import { queryOf } from './filter.ts'
import { changesOf, type GroupChanges } from './group-changes.ts'
import { operationsOf } from './operations.ts'
import { createOrganizationGroups, refuseRoles } from './organization-groups.ts'
import { attributesOf } from './users.ts'

/** Members that one answer has at most. Groups that would go beyond come without. */
const MAX_MEMBERS = 10_000

/** `/scim/v2/Groups` */
export function groupRoutes(app: FastifyInstance, deps: ScimDependencies, base: string): void {
  const { accounts, groups, store } = deps

  const ofOrganization = createOrganizationGroups(deps, base)

  async function shown(owner: string, rows: readonly GroupRow[], query: unknown): Promise<ScimResource[]> {
    const ids = rows.map(({ id }) => id)
    const [names, found] = await Promise.all([
      store.externalIds('group', owner, ids),
      store.memberStates(ids),
    ])
    const states = new Map(found.map((state) => [state.groupId, state]))
    let left = wants(query, 'members') ? MAX_MEMBERS : 0
    const whole = ids.filter((id) => {
      const count = states.get(id)?.count ?? 0
      if (count === 0 || count > left) return false
      left -= count
      return true
    })
    const members = Map.groupBy(await store.members(whole), ({ groupId }) => groupId)
    return rows.map((row) => {
      const externalId = names.get(row.id)
      const { count = 0, newest = 0 } = states.get(row.id) ?? {}
      const external = externalId === undefined ? '' : `-${hash('sha256', externalId, 'hex').slice(0, 12)}`
      return {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
        id: row.id,
        ...(externalId !== undefined && { externalId }),
        displayName: row.name,
        ...(members.has(row.id) && {
          members: members.get(row.id)?.map(({ accountId, username }) => ({
            value: accountId,
            $ref: `${base}/Users/${accountId}`,
            display: username,
            type: 'User',
          })),
        }),
        meta: {
          resourceType: 'Group',
          created: row.createdAt.toISOString(),
          location: `${base}/Groups/${row.id}`,
          version: `W/"${row.version}.${count}.${newest}${external}"`,
        },
      }
    })
  }

  async function one(owner: string, id: string, query: unknown): Promise<ScimResource> {
    const rows = /^[\w-]{1,100}$/.test(id) ? await store.groups(owner, { id }, { offset: 0, limit: 1 }) : []
    const [resource] = await shown(owner, rows, query)
    if (resource === undefined) throw notFound()
    return resource
  }

  /** Does what may meet a name in use. @throws AppError uniqueness (409) */
  async function unlessTaken<Result>(name: unknown, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      const known =
        error instanceof ValidationError &&
        typeof name === 'string' &&
        (await groups.find(name).catch(() => undefined))
      if (known && known.name !== undefined && deps.nameKey(known.name) === deps.nameKey(String(name)))
        throw scimError(409, 'There is a group with this displayName already.', 'uniqueness')
      throw error
    }
  }

  /** Those who would come or go. @throws AppError invalidValue (400), administration_not_granted (403) */
  async function requirePeople(ids: Iterable<string>, coming: boolean): Promise<void> {
    for (const id of ids) {
      const account = /^[\w-]{1,100}$/.test(id) ? await accounts.byId(id) : undefined
      if (coming && (account === undefined || account.deletionAt !== null))
        throw scimError(400, `There is no user ${id.slice(0, 100)}.`, 'invalidValue')
      if (account !== undefined && account.role !== 'user')
        throw scimError(403, 'A directory cannot change the groups of administrators and auditors.')
    }
  }

  /** @throws AppError (403) */
  async function refuseOfAdministrators(id: string): Promise<void> {
    if (await deps.ofAdministrators.group(id))
      throw scimError(
        403,
        'A directory cannot rename or delete a group that administrators or auditors are in.',
      )
  }

  async function nameIt(owner: string, id: string, externalId: string | null): Promise<void> {
    const done = await store.setExternalId('group', owner, id, externalId)
    if (done === 'taken') throw scimError(409, 'Another group has this externalId.', 'uniqueness')
    if (done === 'missing') throw notFound()
  }

  const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id

  async function change(request: FastifyRequest, changes: GroupChanges): Promise<ScimResource> {
    const { bearer } = callerOf(request)
    const { owner } = bearer
    if (bearer.organization !== null) {
      requireVersion(request, (await ofOrganization.get(bearer, idOf(request))).meta.version)
      return ofOrganization.change(bearer, idOf(request), changes)
    }
    const before = await one(owner, idOf(request), { excludedAttributes: 'members' })
    requireVersion(request, before.meta.version)
    const { id } = before
    const had = new Set(
      changes.members || changes.removed.size > 0 || changes.added.size > 0
        ? (await store.members([id])).map(({ accountId }) => accountId)
        : [],
    )
    const wanted = changes.members ?? had
    const after = new Set([...wanted].filter((each) => !changes.removed.has(each)).concat([...changes.added]))
    const [coming, going] = [
      [...after].filter((each) => !had.has(each)),
      [...had].filter((each) => !after.has(each)),
    ]
    await requirePeople(coming, true)
    await requirePeople(going, false)
    if (changes.name !== undefined && changes.name !== before.displayName) {
      await refuseOfAdministrators(id)
      await unlessTaken(changes.name, () => groups.update(id, { name: changes.name }))
    }
    if (changes.externalId !== undefined && changes.externalId !== (before.externalId ?? null))
      await nameIt(owner, id, changes.externalId)
    for (const accountId of coming) await groups.addMember(id, accountId)
    for (const accountId of going)
      await groups.removeMember(id, accountId).catch((error: { code?: string }) => {
        if (error.code !== 'not_a_member') throw error
      })
    return one(owner, id, request.query)
  }

  app.get('/Groups', async (request, reply) => {
    const { bearer } = callerOf(request)
    const { owner } = bearer
    const asked = request.query as Record<string, unknown>
    const slice = sliceOf(asked)
    const query = queryOf<GroupQuery>(filterOf(asked), {
      id: (id) => ({ id }),
      displayname: (name) => ({ nameKey: deps.nameKey(name) }),
      externalid: (externalId) => ({ externalId }),
    })
    if (query === undefined || Object.values(query).some((value) => value.includes('\0')))
      return answer(reply, listOf([], 0, slice.offset))
    if (bearer.organization !== null) {
      const all = await ofOrganization.list(bearer, query)
      const page = all.slice(slice.offset, slice.offset + slice.limit).map((each) => projected(each, asked))
      return answer(reply, listOf(page, all.length, slice.offset))
    }
    const [rows, total] = await Promise.all([
      slice.limit === 0 ? [] : store.groups(owner, query, slice),
      store.countGroups(owner, query),
    ])
    const resources = (await shown(owner, rows, asked)).map((each) => projected(each, asked))
    return answer(reply, listOf(resources, total, slice.offset))
  })

  app.get('/Groups/:id', async (request, reply) => {
    const { bearer } = callerOf(request)
    const found =
      bearer.organization === null
        ? await one(bearer.owner, idOf(request), request.query)
        : await ofOrganization.get(bearer, idOf(request))
    return answerResource(request, reply, found)
  })

  app.post('/Groups', async (request, reply) => {
    const { bearer, library } = callerOf(request)
    const changes = changesOf(
      library,
      attributesOf(request.body).map(([path, value]) => ({ op: 'add', path, value })),
    )
    if (changes.name === undefined) throw scimError(400, 'displayName is required.', 'invalidValue')
    if (bearer.organization !== null) {
      if (deps.organizations.roles().includes(String(changes.name)))
        throw scimError(409, 'There is a group with this displayName already.', 'uniqueness')
      refuseRoles()
    }
    await requirePeople(changes.added, true)
    if (changes.externalId && (await store.countGroups(bearer.owner, { externalId: changes.externalId })) > 0)
      throw scimError(409, 'Another group has this externalId.', 'uniqueness')
    const { id } = await unlessTaken(changes.name, () => groups.create({ name: changes.name }))
    if (changes.externalId)
      await nameIt(bearer.owner, id, changes.externalId).catch(async (error: unknown) => {
        // Another request was faster: this one has created nothing.
        await groups.remove(id)
        throw error
      })
    for (const accountId of changes.added) await groups.addMember(id, accountId)
    reply.code(201)
    return answerResource(request, reply, await one(bearer.owner, id, request.query))
  })

  app.put('/Groups/:id', async (request, reply) => {
    const { library } = callerOf(request)
    const operations = attributesOf(request.body).map(([path, value]) => ({
      op: 'replace' as const,
      path,
      value,
    }))
    const changes = changesOf(library, operations)
    if (changes.name === undefined) throw scimError(400, 'displayName is required.', 'invalidValue')
    const whole = {
      ...changes,
      members: changes.members ?? new Set<string>(),
      externalId: changes.externalId ?? null,
    }
    return answerResource(request, reply, await change(request, whole))
  })

  app.patch('/Groups/:id', async (request, reply) => {
    const changes = changesOf(callerOf(request).library, operationsOf(request.body))
    return answerResource(request, reply, await change(request, changes))
  })

  app.delete('/Groups/:id', async (request, reply) => {
    const { bearer } = callerOf(request)
    const { owner } = bearer
    if (bearer.organization !== null) {
      await ofOrganization.get(bearer, idOf(request))
      refuseRoles()
    }
    const before = await one(owner, idOf(request), { excludedAttributes: 'members' })
    requireVersion(request, before.meta.version)
    await refuseOfAdministrators(before.id)
    await groups.remove(before.id)
    return reply.code(204).send()
  })
}
