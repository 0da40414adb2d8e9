/** What managers of a group do: members come and go by them. Its name, its roles and who manages it are administrators' to change. */
import { AppError } from '../shared/errors.ts'
import { message, t } from '../shared/locales/texts.ts'
import type { Page, PageRequest } from '../shared/paging.ts'
import { refusedFields } from '../shared/validation-error.ts'
import type { Group, GroupMember } from './groups/group.ts'
import type { Groups } from './groups/groups.ts'
import type { Roles } from './roles/roles.ts'

export interface ManagedGroup extends Group {
  /** Names of the roles that its members have by it. */
  roles: readonly string[]
}

/** A member as managers see one: without an address. */
export interface ManagedMember extends Omit<GroupMember, 'email' | 'source'> {
  /** Managers do not remove administrators, nor each other. */
  removable: boolean
}

/** A person whom a manager names. */
export interface NamedPerson {
  id: string
  role: string
  disabledAt: number | null
  deletionAt: number | null
}

export interface Managing {
  /** Whether an account manages a group: one statement. */
  manages(accountId: string): Promise<boolean>
  /** The groups that an account manages, by name. @throws AppError invalid_page (400) */
  groups(managerId: string, request?: PageRequest): Promise<Page<Group>>
  /** @throws AppError group_not_found (404), also where it is not theirs · group_of_administration (403) */
  group(managerId: string, id: string): Promise<ManagedGroup>
  /** Who came last first. @throws as `group` · AppError invalid_page (400) */
  members(managerId: string, id: string, request?: PageRequest): Promise<Page<ManagedMember>>
  /** @throws as `group` · AppError not_a_member (404) */
  member(managerId: string, id: string, accountId: string): Promise<ManagedMember>
  /**
   * @param login a username, or an address that its owner has proven
   * @throws as `group` · ValidationError (422) on `user`, in the same words for each person whom they may not add
   */
  add(managerId: string, id: string, login: string): Promise<void>
  /** @throws as `member` · AppError not_yours_to_remove (403) */
  remove(managerId: string, id: string, accountId: string): Promise<void>
}

export function createManaging({
  groups,
  roles,
  findPerson,
  ofAdministration,
}: {
  groups: Groups
  roles: Pick<Roles, 'ofGroup'>
  /** By a username, or an address that its owner has proven. An unverified address belongs to no person: an attacker may have claimed it. */
  findPerson(login: string): Promise<NamedPerson | undefined>
  /** Whether a resource indicator is of an API of this server's own. */
  ofAdministration(resource: string): boolean
}): Managing {
  async function group(managerId: string, id: string): Promise<ManagedGroup> {
    const found = await groups.asManager(id, managerId)
    const given = await roles.ofGroup(id)
    if (given.some(({ resource }) => resource && ofAdministration(resource)))
      throw new AppError('group_of_administration', 403, message('groups.ofAdministration'))
    return { ...found, roles: given.map(({ name }) => name) }
  }

  async function member(managerId: string, id: string, accountId: string): Promise<ManagedMember> {
    await group(managerId, id)
    return seenBy(managerId)(await groups.member(id, accountId))
  }

  return {
    manages: groups.manages,
    groups: groups.managedBy,
    group,
    member,

    async members(managerId, id, request) {
      await group(managerId, id)
      const page = await groups.members(id, request)
      return { ...page, items: page.items.map(seenBy(managerId)) }
    },

    async add(managerId, id, login) {
      await group(managerId, id)
      const person = login.trim() === '' ? undefined : await findPerson(login.trim())
      const counts = person?.role === 'user' && person.disabledAt === null && person.deletionAt === null
      if (!counts) throw refusedFields({ user: t(NOBODY) })
      await groups.addMember(id, person.id)
    },

    async remove(managerId, id, accountId) {
      const { removable, administrator } = await member(managerId, id, accountId)
      if (!removable) throw notTheirs(administrator)
      await groups.removeMember(id, accountId)
    },
  }
}

const NOBODY = 'groups.nobody'

const seenBy =
  (managerId: string) =>
  ({ email: _, source: __, ...member }: GroupMember): ManagedMember => ({
    ...member,
    removable: member.accountId === managerId || !(member.manager || member.administrator),
  })

const notTheirs = (administrator: boolean): AppError =>
  new AppError(
    'not_yours_to_remove',
    403,
    message(administrator ? 'groups.administrator' : 'groups.otherManager'),
  )
