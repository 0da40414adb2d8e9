/** Who is in an organization, and with which roles of the template. */
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { isId } from '../../shared/ids.ts'
import { message } from '../../shared/locales/texts.ts'
import { type Page, type PageRequest, parsePageRequest, toPage } from '../../shared/paging.ts'
import type { Membership, Organization, OrganizationEvent, OrganizationMember } from '../organization.ts'
import type { RoleTemplate } from '../template.ts'
import type { MemberRow, MemberStore, MembershipRow } from './store.ts'

export interface Members {
  /**
   * Makes an account a member with these roles of the template; who is one already has these from now on.
   * @throws ValidationError (422) on `roles` · AppError organization_not_found, user_not_found (404)
   */
  put(organizationId: string, accountId: string, roles: unknown): Promise<OrganizationMember>
  /** Makes an account a member with these roles; who is one already keeps theirs. */
  join(
    organization: Pick<Organization, 'id' | 'name'>,
    accountId: string,
    roles: readonly string[],
  ): Promise<void>
  /**
   * Gives a member one role, or takes it away; others stay.
   * @throws ValidationError (422) on `roles` · AppError organization_not_found, not_a_member (404), busy (409)
   */
  setRole(organizationId: string, accountId: string, role: string, has: boolean): Promise<void>
  /** Roles of some members. */
  rolesOf(
    organizationId: string,
    accountIds: readonly string[],
  ): Promise<{ accountId: string; id: string; name: string }[]>
  /** Of those who may sign in and have one of these roles the addresses, the oldest member first. */
  addresses: MemberStore['addresses']
  /** Those who have a role, the oldest first. @param most how many are read */
  withRole(
    organizationId: string,
    role: string,
    most: number,
  ): Promise<{ accountId: string; username: string }[]>
  /** @throws AppError organization_not_found, not_a_member (404) */
  remove(organizationId: string, accountId: string): Promise<void>
  /** Who came last first. @throws AppError invalid_page (400), organization_not_found (404) */
  list(organizationId: string, request?: PageRequest): Promise<Page<OrganizationMember>>
  /** @throws AppError not_a_member (404) */
  get(organizationId: string, accountId: string): Promise<OrganizationMember>
  /** How many there are, counted up to a thousand and one. */
  count(organizationId: string): Promise<number>
  /** What an account is in an organization, by its ID or short name; undefined: no member. Disabled ones too. One statement. */
  membership(accountId: string, idOrSlug: string): Promise<Membership | undefined>
  /** Whether an account is a member of any: one statement. */
  isMember(accountId: string): Promise<boolean>
  /** Whether an account is a member of this organization: one statement. */
  has(organizationId: string, accountId: string): Promise<boolean>
  /** What an account is a member of, by the short names, a hundred at most. Disabled ones too. One statement. */
  ofAccount(accountId: string): Promise<Membership[]>
}

const MAX_COUNT = 1001
const MAX_MEMBERSHIPS = 100
/** How often a change is tried again that another one was faster than. */
const TRIES = 10

export function createMembers({
  store,
  template,
  find,
  clock,
  changed,
  events,
}: {
  store: MemberStore
  template: RoleTemplate
  /** @throws AppError organization_not_found (404) */
  find(id: string): Promise<Organization>
  clock: Clock
  /** What hangs on a membership ends with it. @param after roles that they have from now on; none: they are no member any more */
  changed(
    organization: Pick<Organization, 'id' | 'name'>,
    accountId: string,
    before: readonly string[],
    after?: readonly string[],
  ): Promise<void>
  /** Told of every change after it is stored. */
  events(event: OrganizationEvent): void
}): Members {
  const view = ({ createdAt, roles, ...row }: MemberRow): OrganizationMember => ({
    ...row,
    roles: template.counting(roles),
    createdAt: createdAt.getTime(),
  })
  const membershipView = ({ createdAt, roles: stored, ...row }: MembershipRow): Membership => {
    const roles = template.counting(stored)
    return { ...row, roles, manages: template.manages(roles), createdAt: createdAt.getTime() }
  }

  async function get(organizationId: string, accountId: string): Promise<OrganizationMember> {
    const known = isId(organizationId) && isId(accountId)
    const row = known ? await store.find(organizationId, accountId) : undefined
    if (row === undefined) throw notAMember()
    return view(row)
  }

  return {
    get,

    async put(organizationId, accountId, given) {
      const { id, name } = await find(organizationId)
      const roles = template.parse(given)
      const stored = roles.join(' ')
      if (!isId(accountId)) throw noUser()
      for (let tries = 0; tries < TRIES; tries++) {
        const before = await store.find(id, accountId)
        if (before === undefined) {
          const result = await store.add(id, accountId, stored, new Date(clock()))
          if (result === 'missing') throw noUser()
          if (result === 'present') continue
          events({ type: 'organization.member_added', id, name, accountId, after: { roles } })
          return get(id, accountId)
        }
        if (before.roles === stored) return view(before)
        if (!(await store.setRoles(id, accountId, before.roles, stored))) continue
        const type = 'organization.member_roles_changed'
        const old = { roles: template.counting(before.roles) }
        events({ type, id, name, accountId, before: old, after: { roles } })
        await changed({ id, name }, accountId, old.roles, roles)
        return { ...view(before), roles }
      }
      throw busy()
    },

    async join({ id, name }, accountId, roles) {
      const done = await store.add(id, accountId, roles.join(' '), new Date(clock()))
      if (done === 'added')
        events({ type: 'organization.member_added', id, name, accountId, after: { roles } })
    },

    async setRole(organizationId, accountId, role, has) {
      const { id, name } = await find(organizationId)
      template.parse([role])
      for (let tries = 0; tries < TRIES; tries++) {
        const before = isId(accountId) ? await store.find(id, accountId) : undefined
        if (before === undefined) throw notAMember()
        const others = before.roles.split(' ').filter((each) => each !== '' && each !== role)
        const after = has ? [...others, role].join(' ') : others.join(' ')
        if (before.roles.split(' ').includes(role) === has) return
        if (!(await store.setRoles(id, accountId, before.roles, after))) continue
        const states = {
          before: { roles: template.counting(before.roles) },
          after: { roles: template.counting(after) },
        }
        events({ type: 'organization.member_roles_changed', id, name, accountId, ...states })
        await changed({ id, name }, accountId, states.before.roles, states.after.roles)
        return
      }
      throw busy()
    },

    async rolesOf(organizationId, accountIds) {
      const rows = await store.some(organizationId, accountIds)
      return rows.flatMap(({ accountId, roles }) =>
        template.counting(roles).map((role) => ({ accountId, id: role, name: role })),
      )
    },

    withRole: store.withRole,
    addresses: store.addresses,

    async remove(organizationId, accountId) {
      const { id, name } = await find(organizationId)
      if (!isId(accountId) || !(await store.remove(id, accountId))) throw notAMember()
      events({ type: 'organization.member_removed', id, name, accountId })
      await changed({ id, name }, accountId, [])
    },

    async list(organizationId, request = {}) {
      await find(organizationId)
      const { limit, after } = parsePageRequest(request)
      const rows = await store.list(organizationId, limit + 1, after)
      const positionOf = (row: MemberRow) => ({ at: row.createdAt.getTime(), id: row.accountId })
      return toPage(rows, limit, positionOf, view)
    },

    count: (organizationId) => store.count(organizationId, MAX_COUNT),

    async membership(accountId, idOrSlug) {
      const row = isId(idOrSlug) ? await store.membership(accountId, idOrSlug) : undefined
      return row && membershipView(row)
    },

    has: async (organizationId, accountId) =>
      isId(organizationId) && isId(accountId) && (await store.find(organizationId, accountId)) !== undefined,
    isMember: async (accountId) => (await store.memberships(accountId, 1)).length > 0,

    ofAccount: async (accountId) => (await store.memberships(accountId, MAX_MEMBERSHIPS)).map(membershipView),
  }
}

const notAMember = () => new AppError('not_a_member', 404, message('organizations.problem.notAMember'))

/** Others have changed a member at this moment. */
export const busy = () => new AppError('busy', 409, message('organizations.problem.busy'))

const noUser = () => new AppError('user_not_found', 404, message('admin.access.user.no_id'))
