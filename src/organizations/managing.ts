/**
 * What managers of an organization do: members' roles, who leaves, invitations. They give and take roles that manage nothing, and of those
 * that do the ones that they have themselves. Its name, what it asks of sign-ins and whether it is disabled are administrators' to change.
 */
import { AppError } from '../shared/errors.ts'
import { isId } from '../shared/ids.ts'
import { message, t } from '../shared/locales/texts.ts'
import type { Page, PageRequest } from '../shared/paging.ts'
import { refusedFields } from '../shared/validation-error.ts'
import type { Domains, OrganizationDomain } from './domains/domains.ts'
import type { Invitations } from './invitations/invitations.ts'
import { busy, type Members } from './members/members.ts'
import type {
  Membership,
  OrganizationEvent,
  OrganizationInvitation,
  OrganizationMember,
} from './organization.ts'
import type { RoleTemplate } from './template.ts'

/** An organization with what one of its managers may do in it. */
export interface ManagedOrganization extends Membership {
  /** Roles that they may give and take. */
  givable: string[]
}

/** A member as managers see one: without an address. */
export interface ManagedOrganizationMember extends Omit<OrganizationMember, 'email' | 'administrator'> {
  manager: boolean
  /** Whether they may change the roles, or remove the member. */
  changeable: boolean
}

export interface ManagedInvitation extends OrganizationInvitation {
  /** Whether they may send it again, or revoke it. */
  changeable: boolean
}

export interface OrganizationManaging {
  /** @throws AppError organization_not_found (404), also where they do not manage it, or it is disabled */
  organization(managerId: string, id: string): Promise<ManagedOrganization>
  /** Who came last first. @throws as `organization` · AppError invalid_page (400) */
  members(managerId: string, id: string, request?: PageRequest): Promise<Page<ManagedOrganizationMember>>
  /** @throws as `organization` · AppError not_a_member (404) */
  member(managerId: string, id: string, accountId: string): Promise<ManagedOrganizationMember>
  /**
   * @throws as `member` · ValidationError (422) on `roles` · AppError not_yours_to_change (403), last_manager (409), busy (409): changed by
   *   others at this moment
   */
  setRoles(managerId: string, id: string, accountId: string, roles: unknown): Promise<void>
  /** @throws as `setRoles` */
  remove(managerId: string, id: string, accountId: string): Promise<void>
  /** Those that wait, the newest first. @throws as `members` */
  invitations(managerId: string, id: string, request?: PageRequest): Promise<Page<ManagedInvitation>>
  /** One that waits. @throws as `organization` · AppError invitation_not_found (404) */
  invitation(managerId: string, id: string, invitationId: string): Promise<ManagedInvitation>
  /** @throws as `organization` and `Invitations.create` · ValidationError (422) on `roles` */
  invite(
    managerId: string,
    id: string,
    input: { email?: unknown; roles?: unknown },
  ): Promise<OrganizationInvitation>
  /** @throws as `organization` and `Invitations.sendAgain` · AppError not_yours_to_change (403) */
  sendAgain(managerId: string, id: string, invitationId: string): Promise<OrganizationInvitation>
  /** @throws as `organization` and `Invitations.revoke` · AppError not_yours_to_change (403) */
  revoke(managerId: string, id: string, invitationId: string): Promise<void>
  /** @throws as `organization` */
  domains(managerId: string, id: string): Promise<OrganizationDomain[]>
  /** @throws as `organization` and `Domains.add` */
  addDomain(managerId: string, id: string, domain: unknown): Promise<OrganizationDomain>
  /** @throws as `organization` and `Domains.verify` */
  verifyDomain(managerId: string, id: string, domain: string): Promise<OrganizationDomain>
  /** @throws as `organization` and `Domains.remove` */
  removeDomain(managerId: string, id: string, domain: string): Promise<void>
}

/** What a manager changes of a member. */
interface MemberChange {
  organizationId: string
  managerId: string
  accountId: string
  /** Roles as they are stored. */
  before: string
  /** Null: no member any more. */
  after: string | null
}

export interface ManagingStore {
  /** Roles as they are stored; undefined: no member. */
  rolesOf(organizationId: string, accountId: string): Promise<string | undefined>
  /**
   * Changes a member as a manager, by one transaction: changes of one organization wait for each other. `refused`: who changes it is no
   * manager any more. `last`: nobody would manage it any more. `changed`: the roles are other ones by now.
   * @param manages whether stored roles manage
   * @param may whether a manager with these stored roles may do this: theirs may have been taken since they were read
   * @param roles that manage
   */
  change(
    change: MemberChange,
    manages: (roles: string) => boolean,
    may: (roles: string) => boolean,
    roles: readonly string[],
  ): Promise<'done' | 'refused' | 'last' | 'changed'>
}

export function createManaging({
  store,
  members,
  invitations,
  domains,
  template,
  events,
}: {
  store: ManagingStore
  members: Members
  invitations: Invitations
  domains: Domains
  template: RoleTemplate
  /** Told of every change after it is stored. */
  events(event: OrganizationEvent): void
}): OrganizationManaging {
  async function organization(managerId: string, id: string): Promise<ManagedOrganization> {
    const found = isId(id) ? await members.membership(managerId, id) : undefined
    // By its ID alone: a short name may be another organization's tomorrow, while a page is open.
    if (found === undefined || found.id !== id || !found.manages || found.disabled) throw notTheirs()
    const givable = template.names().filter((role) => found.roles.includes(role) || !template.manages([role]))
    return { ...found, givable }
  }

  const within = (givable: readonly string[], roles: readonly string[]): boolean =>
    roles.every((role) => givable.includes(role))

  const seen = (
    { givable }: ManagedOrganization,
    { email: _, administrator, ...member }: OrganizationMember,
  ): ManagedOrganizationMember => ({
    ...member,
    manager: template.manages(member.roles),
    changeable: !administrator && within(givable, member.roles),
  })

  const seenInvitation = (
    { givable }: ManagedOrganization,
    one: OrganizationInvitation,
  ): ManagedInvitation => ({ ...one, changeable: within(givable, one.roles) })

  /** @throws ValidationError (422) on `roles` */
  function parseGivable({ givable }: ManagedOrganization, given: unknown): string[] {
    const list: unknown[] = given === undefined || given === null ? [] : [given].flat()
    if (!list.every((role) => typeof role === 'string' && givable.includes(role)))
      throw refusedFields({ roles: t('organizations.roles.wrong', { roles: givable.join(', ') || '–' }) })
    return template.parse(list)
  }

  /** @param wanted null: no member any more */
  async function change(managerId: string, id: string, accountId: string, wanted: unknown) {
    const one = await organization(managerId, id)
    const member = await members.get(id, accountId)
    // Their own roles and membership are always their own to give up.
    if (accountId !== managerId && !seen(one, member).changeable) throw notYours()
    const roles = wanted === null ? null : parseGivable(one, wanted)
    const before = await store.rolesOf(id, accountId)
    if (before === undefined) return members.get(id, accountId)
    // What was read to judge by is what is changed, or nothing is.
    if (template.counting(before).join(' ') !== member.roles.join(' ')) throw busy()
    const after = roles === null ? null : roles.join(' ')
    if (before === after) return
    const done = await store.change(
      { organizationId: id, managerId, accountId, before, after },
      (stored) => template.manages(template.counting(stored)),
      (stored) => {
        const own = template.counting(stored)
        const may = (role: string) => own.includes(role) || !template.manages([role])
        return (
          template.manages(own) &&
          (accountId === managerId ? (roles ?? []) : [...member.roles, ...(roles ?? [])]).every(may)
        )
      },
      template.names().filter((role) => template.manages([role])),
    )
    if (done === 'refused') throw notTheirs()
    if (done === 'last') throw new AppError('last_manager', 409, message('organizations.problem.lastManager'))
    if (done === 'changed') throw busy()
    const named = { id, name: one.name, accountId }
    if (roles === null) {
      events({ type: 'organization.member_removed', ...named })
      await invitations.afterChange(one, accountId, member.roles)
    } else {
      const states = { before: { roles: member.roles }, after: { roles } }
      events({ type: 'organization.member_roles_changed', ...named, ...states })
      await invitations.afterChange(one, accountId, member.roles, roles)
    }
    return undefined
  }

  const invitation: OrganizationManaging['invitation'] = async (managerId, id, invitationId) =>
    seenInvitation(await organization(managerId, id), await invitations.get(id, invitationId))

  async function ownInvitation(managerId: string, id: string, invitationId: string): Promise<void> {
    if (!(await invitation(managerId, id, invitationId)).changeable) throw notYours()
  }

  return {
    organization,
    invitation,

    async members(managerId, id, request) {
      const one = await organization(managerId, id)
      const page = await members.list(id, request)
      return { ...page, items: page.items.map((each) => seen(one, each)) }
    },

    async member(managerId, id, accountId) {
      const one = await organization(managerId, id)
      return seen(one, await members.get(id, accountId))
    },

    async setRoles(managerId, id, accountId, roles) {
      await change(managerId, id, accountId, roles ?? [])
    },

    async remove(managerId, id, accountId) {
      await change(managerId, id, accountId, null)
    },

    async invitations(managerId, id, request) {
      const one = await organization(managerId, id)
      const page = await invitations.list(id, request)
      return { ...page, items: page.items.map((each) => seenInvitation(one, each)) }
    },

    async invite(managerId, id, { email, roles }) {
      const one = await organization(managerId, id)
      const sent = await invitations.create(id, { email, roles: parseGivable(one, roles) }, { managerId })
      // Of a role that they lose at this moment they leave none behind.
      const now = await members.membership(managerId, id)
      await invitations.afterChange(one, managerId, one.roles, now?.roles)
      await organization(managerId, id)
      return invitations.get(id, sent.id)
    },

    async sendAgain(managerId, id, invitationId) {
      await ownInvitation(managerId, id, invitationId)
      return invitations.sendAgain(id, invitationId)
    },

    async revoke(managerId, id, invitationId) {
      await ownInvitation(managerId, id, invitationId)
      await invitations.revoke(id, invitationId)
    },

    async domains(managerId, id) {
      await organization(managerId, id)
      return domains.list(id)
    },

    async addDomain(managerId, id, domain) {
      await organization(managerId, id)
      return domains.add(id, domain)
    },

    async verifyDomain(managerId, id, domain) {
      await organization(managerId, id)
      return domains.verify(id, domain)
    },

    async removeDomain(managerId, id, domain) {
      await organization(managerId, id)
      await domains.remove(id, domain)
    },
  }
}

const notTheirs = () => new AppError('organization_not_found', 404, message('organizations.problem.notYours'))

const notYours = () =>
  new AppError('not_yours_to_change', 403, message('organizations.problem.notYoursToChange'))
