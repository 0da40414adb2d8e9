/** Groups of people: what administrators do with them. */
import { randomUUID } from 'node:crypto'
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
import { contentOf, parseContent } from '../fields/field.ts'
import { groupFields } from '../fields/table.ts'
import type { Group, GroupMember } from './group.ts'
import { createGroupStore, type GroupRow, type MemberRow } from './store.ts'

export type GroupEvent =
  | { type: 'group.created' | 'group.deleted'; id: string; name: string }
  | { type: 'group.updated'; id: string; name: string; before: object; after: object }
  | {
      type: 'group.member_added' | 'group.member_removed' | 'group.manager_added' | 'group.manager_removed'
      id: string
      name: string
      accountId: string
      /** By whose rules. */
      provider?: string
    }

export interface Groups {
  /** @throws ValidationError (422), also where the name is taken */
  create(input: Readonly<Record<string, unknown>>): Promise<Group>
  /** By name. @param request.search what the name contains @throws AppError invalid_page (400) */
  list(request?: PageRequest & { search?: string | undefined }): Promise<Page<Group>>
  /** @throws AppError group_not_found (404) */
  get(id: string): Promise<Group>
  /** By its ID, or by its name, however that is written. @throws AppError group_not_found (404) */
  find(idOrName: string): Promise<Group>
  /**
   * Fields that are left out stay.
   * @param given.ifVersion the version that the change is meant for
   * @throws ValidationError (422) · AppError group_not_found (404), version_conflict (409)
   */
  update(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    given?: { ifVersion?: number | undefined },
  ): Promise<Group>
  /**
   * Its members lose it at once, and its name is free.
   * @param given.ifVersion the version that is meant @throws AppError group_not_found (404), version_conflict (409)
   */
  remove(id: string, given?: { ifVersion?: number | undefined }): Promise<void>
  /** For a job: deletes a batch of what removed groups left. Returns how many rows; 0: nothing is left. */
  purge(): Promise<number>
  /** Who is a member already stays one. @throws AppError group_not_found, user_not_found (404) */
  addMember(id: string, accountId: string): Promise<void>
  /** @throws AppError group_not_found (404), not_a_member (404) */
  removeMember(id: string, accountId: string): Promise<void>
  /** Who came last first. @throws AppError invalid_page (400), group_not_found (404) */
  members(id: string, request?: PageRequest): Promise<Page<GroupMember>>
  /**
   * Lets a member add and remove members, or no more. Nothing else of a group is theirs to change.
   * @throws AppError group_not_found (404), not_a_member (404)
   */
  setManager(id: string, accountId: string, manager: boolean): Promise<void>
  /** Who may add and remove members, a hundred at most. */
  managers(id: string): Promise<GroupMember[]>
  /** The groups that an account manages, by name. @throws AppError invalid_page (400) */
  managedBy(accountId: string, request?: PageRequest): Promise<Page<Group>>
  /** Whether an account manages a group: one statement. */
  manages(accountId: string): Promise<boolean>
  /** @throws AppError not_a_member (404) */
  member(id: string, accountId: string): Promise<GroupMember>
  /** A group, for one of its managers. @throws AppError group_not_found (404), also for whom it is not theirs */
  asManager(id: string, accountId: string): Promise<Group>
  /** How many members it has, counted up to a thousand and one. */
  countMembers(id: string): Promise<number>
  /** By name. */
  ofAccount(accountId: string): Promise<(Group & { source: string })[]>
}

const MAX_COUNT = 1001
const MAX_CURSOR = 300
const MAX_MANAGERS = 100

export function createGroups({
  db,
  clock,
  events,
}: {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  /** Told of every change after it is stored. */
  events(event: GroupEvent): void
}): Groups {
  const store = createGroupStore(db)

  async function get(id: string): Promise<Group> {
    const row = isId(id) ? await store.find(id) : undefined
    if (row === undefined) throw notFound()
    return groupView(row)
  }

  return {
    get,

    async find(idOrName) {
      const key = nameKey(idOrName)
      const row = key.includes('\0') ? undefined : await store.findNamed(key)
      return row ? groupView(row) : get(idOrName)
    },

    async create(input) {
      const content = parseContent(groupFields, input)
      const row = {
        ...content,
        id: randomUUID(),
        nameKey: nameKey(content.name),
        version: 0,
        createdAt: new Date(clock()),
      }
      if (!(await store.insert(row))) throw nameTaken()
      events({ type: 'group.created', id: row.id, name: row.name })
      return groupView(row)
    },

    async list({ limit, cursor, search } = {}) {
      const size = pageLimit(limit)
      const after = cursor === undefined ? undefined : keyOf(cursor)
      const wanted = nameKey(search ?? '').replaceAll('\0', '') || undefined
      const rows = await store.list(size + 1, after, wanted)
      return cutPage(rows, size, cursorOf, groupView)
    },

    async update(id, changes, { ifVersion } = {}) {
      const before = await get(id)
      if (ifVersion !== undefined && ifVersion !== before.version) throw new VersionConflict('group')
      const content = parseContent(groupFields, changes, before)
      const row = await store.update(id, before.version, { ...content, nameKey: nameKey(content.name) })
      if (row === 'taken') throw nameTaken()
      if (row === undefined) throw new VersionConflict('group')
      const after = groupView(row)
      events({ type: 'group.updated', id, name: after.name, before: shown(before), after: shown(after) })
      return after
    },

    async remove(id, { ifVersion } = {}) {
      const { name } = await get(id)
      if (!(await store.removals.mark(id, new Date(clock()), ifVersion)))
        throw ifVersion === undefined ? notFound() : new VersionConflict('group')
      events({ type: 'group.deleted', id, name })
      await store.removals.begin()
    },

    purge: store.removals.run,

    async addMember(id, accountId) {
      const { name } = await get(id)
      const result = isId(accountId) ? await store.addMember(id, accountId, new Date(clock())) : 'missing'
      if (result === 'missing') throw new AppError('user_not_found', 404, message('admin.access.user.no_id'))
      if (result === 'added') events({ type: 'group.member_added', id, name, accountId })
    },

    async removeMember(id, accountId) {
      const { name } = await get(id)
      if (!isId(accountId) || !(await store.removeMember(id, accountId))) throw notAMember()
      events({ type: 'group.member_removed', id, name, accountId })
    },

    async members(id, request = {}) {
      await get(id)
      const { limit, after } = parsePageRequest(request)
      const rows = await store.members(id, limit + 1, after)
      const positionOf = (row: (typeof rows)[number]) => ({ at: row.createdAt.getTime(), id: row.accountId })
      return toPage(rows, limit, positionOf, memberView)
    },

    async setManager(id, accountId, manager) {
      const { name } = await get(id)
      const changed = isId(accountId) ? await store.setManager(id, accountId, manager) : 'missing'
      if (changed === 'missing') throw notAMember()
      const type = manager ? 'group.manager_added' : 'group.manager_removed'
      if (changed === 'changed') events({ type, id, name, accountId })
    },

    managers: async (id) => (await store.managers(id, MAX_MANAGERS)).map(memberView),

    async managedBy(accountId, { limit, cursor } = {}) {
      const size = pageLimit(limit)
      const after = cursor === undefined ? undefined : keyOf(cursor)
      return cutPage(await store.managedBy(accountId, size + 1, after), size, cursorOf, groupView)
    },

    manages: store.manages,

    async member(id, accountId) {
      const row = isId(id) && isId(accountId) ? await store.findMember(id, accountId) : undefined
      if (row === undefined) throw notAMember()
      return memberView(row)
    },

    async asManager(id, accountId) {
      const row = isId(id) ? await store.findManaged(id, accountId) : undefined
      if (row === undefined) throw notFound()
      return groupView(row)
    },

    countMembers: (id) => store.countMembers(id, MAX_COUNT),

    ofAccount: async (accountId) =>
      (await store.ofAccount(accountId)).map((row) => ({ ...groupView(row), source: row.source })),
  }
}

export const groupView = ({ id, version, createdAt, ...row }: GroupRow): Group => ({
  id,
  ...contentOf(groupFields, row),
  version,
  createdAt: createdAt.getTime(),
})

/** What a change is told of. */
const shown = (group: Group) => contentOf(groupFields, group)

const cursorOf = ({ nameKey: key }: GroupRow): string => Buffer.from(key).toString('base64url')

/** @throws AppError invalid_page (400) */
function keyOf(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8')
  if (cursor.length > MAX_CURSOR || key === '' || key.includes('\0')) throw invalidCursor()
  return key
}

const memberView = ({ createdAt, ...row }: MemberRow): GroupMember => ({
  ...row,
  createdAt: createdAt.getTime(),
})

const notAMember = () => new AppError('not_a_member', 404, message('admin.access.not_a_member'))

const notFound = () => new AppError('group_not_found', 404, message('admin.access.group.no_id'))

const nameTaken = () => refusedFields({ name: t('admin.access.group.taken') })
