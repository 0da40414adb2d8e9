/** Roles: named sets of an API's scopes, given to people and groups. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { AppError, VersionConflict } from '../../shared/errors.ts'
import { isId } from '../../shared/ids.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { nameKey } from '../../shared/name-key.ts'
import {
  cutPage,
  invalidCursor,
  type Page,
  type PageRequest,
  pageLimit,
  parsePageRequest,
  toPage,
} from '../../shared/paging.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Database } from '../../storage/database.ts'
import { contentOf, shownContent } from '../fields/field.ts'
import { roleFields } from '../fields/table.ts'
import { noApi, parseRole, type Role, type RoleContent } from './role.ts'
import { createRoleStore, type Holder, type HolderRow, type RoleRow } from './store.ts'

export type RoleEvent =
  | { type: 'role.created' | 'role.deleted'; id: string; name: string }
  | { type: 'role.updated'; id: string; name: string; before: object; after: object }
  | {
      type: 'role.assigned' | 'role.unassigned'
      id: string
      name: string
      accountId?: string
      groupId?: string
      /** By whose rules. */
      provider?: string
    }

/** An account or a group that a role was given to. */
export interface RoleHolder {
  id: string
  name: string
  /** Milliseconds since the epoch. */
  createdAt: number
}

export interface Roles {
  /** @throws ValidationError (422), also where the API has a role of this name */
  create(input: Readonly<Record<string, unknown>>): Promise<Role>
  /** By API and name. @throws AppError invalid_page (400) */
  list(
    request?: PageRequest & { search?: string | undefined; resource?: string | undefined },
  ): Promise<Page<Role>>
  /** @throws AppError role_not_found (404) */
  get(id: string): Promise<Role>
  /** Those with this ID or name, of whichever API. */
  find(idOrName: string): Promise<Role[]>
  /**
   * Fields that are left out stay; its API cannot be changed.
   * @throws ValidationError (422) · AppError role_not_found (404), version_conflict (409)
   */
  update(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    given?: { ifVersion?: number | undefined },
  ): Promise<Role>
  /**
   * Who has it loses it at once, and its name is free.
   * @param given.ifVersion the version that is meant @throws AppError role_not_found (404), version_conflict (409)
   */
  remove(id: string, given?: { ifVersion?: number | undefined }): Promise<void>
  /** For a job: deletes a batch of what removed roles left. Returns how many rows; 0: nothing is left. */
  purge(): Promise<number>
  /** Who has it keeps it. @throws AppError role_not_found, user_not_found, group_not_found (404) */
  assign(id: string, holder: Holder): Promise<void>
  /** @throws AppError role_not_found, not_assigned (404) */
  unassign(id: string, holder: Holder): Promise<void>
  /** Who was given it, last first; who has it by a group is not among them. @throws AppError role_not_found (404) */
  accounts(id: string, request?: PageRequest): Promise<Page<RoleHolder>>
  /** A thousand at most, by name. */
  groups(id: string): Promise<RoleHolder[]>
  /** What an account was given itself, by name. */
  ofAccount(accountId: string): Promise<(Role & { source: string })[]>
  ofGroup(groupId: string): Promise<Role[]>
  /** The roles that an account has by its groups, by name, five hundred at most. */
  byGroups(accountId: string): Promise<{ role: Role; group: { id: string; name: string } }[]>
  /** The roles of every group that has some, by the ID of the group. */
  givenToGroups(): Promise<Map<string, Pick<Role, 'name' | 'resource'>[]>>
  /** To how many accounts it is given, counted up to a thousand and one. */
  countAccounts(id: string): Promise<number>
}

const MAX_GROUPS = 1000
const MAX_COUNT = 1001
const MAX_BY_GROUPS = 500
/** APIs with a role of one name that are told apart. */
const MAX_NAMED = 20

const cursorContent = z.tuple([z.string().max(500), z.string().max(300)])

export function createRoles({
  db,
  clock,
  events,
  scopeOf,
}: {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  /** Told of every change after it is stored. */
  events(event: RoleEvent): void
  /** The scope values of an API, separated by spaces; undefined: there is no such API. */
  scopeOf(resource: string): Promise<string | undefined>
}): Roles {
  const store = createRoleStore(db)

  async function find(id: string): Promise<RoleRow> {
    const row = isId(id) ? await store.find(id) : undefined
    if (row === undefined) throw notFound()
    return row
  }

  return {
    get: async (id) => roleView(await find(id)),

    async find(idOrName) {
      const own = isId(idOrName) ? await store.find(idOrName) : undefined
      if (own) return [roleView(own)]
      const key = nameKey(idOrName)
      return key.includes('\0') ? [] : (await store.findNamed(key, MAX_NAMED)).map(roleView)
    },

    async create(input) {
      const content = await parseRole(input, undefined, scopeOf)
      const row = {
        ...content,
        id: randomUUID(),
        nameKey: nameKey(content.name),
        version: 0,
        createdAt: new Date(clock()),
      }
      const stored = await store.insert(row)
      if (stored === 'taken') throw nameTaken(content)
      if (stored === 'missing') throw refusedFields({ resource: noApi() })
      events({ type: 'role.created', id: row.id, name: row.name })
      return roleView(row)
    },

    async list({ limit, cursor, search, resource } = {}) {
      const size = pageLimit(limit)
      const after = cursor === undefined ? undefined : positionOf(cursor)
      const wanted = nameKey(search ?? '').replaceAll('\0', '') || undefined
      const rows = await store.list(size + 1, after, {
        search: wanted,
        resource: resource?.replaceAll('\0', ''),
      })
      const cursorOf = (row: RoleRow) =>
        Buffer.from(JSON.stringify([row.resource, row.nameKey])).toString('base64url')
      return cutPage(rows, size, cursorOf, roleView)
    },

    async update(id, changes, { ifVersion } = {}) {
      const before = await find(id)
      if (ifVersion !== undefined && ifVersion !== before.version) throw new VersionConflict('role')
      const content = await parseRole(changes, before, scopeOf)
      const row = await store.update(id, before.version, { ...content, nameKey: nameKey(content.name) })
      if (row === 'taken') throw nameTaken(content)
      if (row === undefined) throw new VersionConflict('role')
      events({ type: 'role.updated', id, name: row.name, before: shown(before), after: shown(row) })
      return roleView(row)
    },

    async remove(id, { ifVersion } = {}) {
      const { name } = await find(id)
      if (!(await store.removals.mark(id, new Date(clock()), ifVersion)))
        throw ifVersion === undefined ? notFound() : new VersionConflict('role')
      events({ type: 'role.deleted', id, name })
      await store.removals.begin()
    },

    purge: store.removals.run,

    async assign(id, holder) {
      const { name } = await find(id)
      const at = new Date(clock())
      const result = isId(idOf(holder)) ? await store.assign(id, holder, at) : 'missing'
      if (result === 'missing') throw holderNotFound(holder)
      if (result === 'assigned') events({ type: 'role.assigned', id, name, ...toldOf(holder) })
    },

    async unassign(id, holder) {
      const { name } = await find(id)
      if (!isId(idOf(holder)) || !(await store.unassign(id, holder)))
        throw new AppError('not_assigned', 404, message('admin.access.role.not_given'))
      events({ type: 'role.unassigned', id, name, ...toldOf(holder) })
    },

    async accounts(id, request = {}) {
      await find(id)
      const { limit, after } = parsePageRequest(request)
      const rows = await store.accounts(id, limit + 1, after)
      return toPage(rows, limit, (row) => ({ at: row.createdAt.getTime(), id: row.id }), holderView)
    },

    groups: async (id) => (await store.groups(id, MAX_GROUPS)).map(holderView),

    ofAccount: async (accountId) =>
      (await store.ofAccount(accountId)).map((row) => ({ ...roleView(row), source: row.source })),

    ofGroup: async (groupId) => (await store.ofGroup(groupId)).map(roleView),

    async byGroups(accountId) {
      const rows = await store.byGroups(accountId, MAX_BY_GROUPS)
      return rows.map(({ role, group }) => ({ role: roleView(role), group }))
    },

    async givenToGroups() {
      const given = new Map<string, Pick<Role, 'name' | 'resource'>[]>()
      for (const { groupId, name, resource } of await store.givenToGroups()) {
        const role = { name, ...(resource !== '' && { resource }) }
        given.set(groupId, [...(given.get(groupId) ?? []), role])
      }
      return given
    },

    countAccounts: (id) => store.countAccounts(id, MAX_COUNT),
  }
}

export const roleView = ({ id, version, createdAt, ...row }: RoleRow): Role => ({
  id,
  ...(shownContent(roleFields, row) as Omit<Role, 'id' | 'version' | 'createdAt'>),
  version,
  createdAt: createdAt.getTime(),
})

const holderView = ({ createdAt, ...row }: HolderRow): RoleHolder => ({
  ...row,
  createdAt: createdAt.getTime(),
})

/** What a change is told of. */
const shown = (row: RoleRow) => contentOf(roleFields, row)

const idOf = (holder: Holder): string => ('account' in holder ? holder.account : holder.group)

const toldOf = (holder: Holder) =>
  'account' in holder ? { accountId: holder.account } : { groupId: holder.group }

/** @throws AppError invalid_page (400) */
function positionOf(cursor: string): { resource: string; nameKey: string } {
  try {
    const [resource, key] = cursorContent.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    if (resource.includes('\0') || key.includes('\0')) throw new Error('NUL in a cursor')
    return { resource, nameKey: key }
  } catch (cause) {
    throw invalidCursor(cause)
  }
}

const notFound = () => new AppError('role_not_found', 404, message('admin.access.role.no_id'))

const holderNotFound = (holder: Holder) =>
  'account' in holder
    ? new AppError('user_not_found', 404, message('admin.access.user.no_id'))
    : new AppError('group_not_found', 404, message('admin.access.group.no_id'))

const nameTaken = ({ resource }: RoleContent) =>
  refusedFields({
    name: resource === '' ? t('admin.access.role.taken') : t('admin.access.role.taken_of_api'),
  })
