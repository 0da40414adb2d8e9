import { currentAuthority } from '../../shared/administration/authority.ts'
import { withinLimits } from '../access.ts'
import {
  personCalling,
  refuseAccessOfAdministrators,
  refuseAdminClients,
  refuseAdministrators,
  refuseAdminScopes,
  refuseConfigurationKeys,
  refuseFirstParty,
  refuseGreater,
  refuseGuardingSettings,
  refuseLiftedRequirement,
  refuseWeakerOrganizations,
  refuseWeakerSignIns,
  refuseWiderClients,
} from '../rest/machine.ts'
import type { ConsoleAreas } from './console.ts'

/**
 * What the console works on, for people with a role that was defined: the same services, and before each change the rules of
 * src/admin/rest/machine.ts, which keep permissions from growing. Administrators are asked nothing.
 */
export function limited(deps: ConsoleAreas): ConsoleAreas {
  const { clients, users, groups, roles, organizations, resources, settings, registration, factors } = deps

  /** Before a change of a client. @param changes of its registration */
  async function changing(id: string, changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const who = personCalling()
    if (who.kind === 'person' && who.full) return
    const before = await clients.get(id)
    refuseAdminClients(who, before)
    refuseAdminScopes(who, changes)
    refuseConfigurationKeys(who, changes)
    refuseFirstParty(who, changes, { ...before })
    refuseWeakerSignIns(who, changes, { ...before })
    refuseWiderClients(changes, before)
  }

  /** Before a change of an account. */
  async function helping(id: string): Promise<void> {
    if (currentAuthority().full) return
    const account = await deps.findAccount(id)
    if (account) refuseAdministrators(personCalling(), account)
  }

  /** Before something that any person may be done, as far as they have no more rights. */
  async function reaching(id: string): Promise<void> {
    if (currentAuthority().full) return
    const account = await deps.findAccount(id)
    if (account) await refuseGreater(personCalling(), account, deps.authorityOf)
  }

  const ofPerson = (id: string) =>
    refuseAccessOfAdministrators(personCalling(), async () => {
      const account = await deps.findAccount(id)
      return account !== undefined && account.role !== 'user'
    })
  const ofGroup = (id: string) =>
    refuseAccessOfAdministrators(personCalling(), () => deps.ofAdministrators.group(id))
  const ofRole = (id: string) =>
    refuseAccessOfAdministrators(personCalling(), () => deps.ofAdministrators.role(id))
  const ofOrganization = (id: string) =>
    refuseAccessOfAdministrators(personCalling(), () => organizations.hasAdministrator(id))
  const ofHolder: typeof roles.assign = async (_, holder) => {
    if ('account' in holder) await ofPerson(holder.account)
    else await ofGroup(holder.group)
  }

  /** A function, with a rule about the same before it. */
  const after = <Work extends (...given: never[]) => Promise<unknown>>(
    rule: (...given: Parameters<Work>) => Promise<void>,
    work: Work,
  ): Work =>
    (async (...given: Parameters<Work>) => {
      await rule(...given)
      return work(...given)
    }) as Work

  return {
    ...deps,
    async listApis() {
      const page = await deps.listApis()
      const { only } = withinLimits.clients()
      if (only === undefined) return page
      // Of APIs, what their clients have anyway.
      const { items } = await clients.list({ only, limit: 100 })
      const theirs = new Set(items.flatMap(({ scope = '' }) => scope.split(' ')))
      const seen = page.items.map((api) => ({
        ...api,
        scope: api.scope
          .split(' ')
          .filter((each) => theirs.has(each))
          .join(' '),
      }))
      return { items: seen.filter(({ scope }) => scope !== '') }
    },
    clients: {
      ...clients,
      async create(input, ...rest) {
        refuseAdminScopes(personCalling(), { ...input })
        refuseConfigurationKeys(personCalling(), { ...input })
        refuseFirstParty(personCalling(), { ...input })
        return clients.create(input, ...rest)
      },
      update: after((id, changes) => changing(id, { ...changes }), clients.update),
      disable: after((id) => changing(id), clients.disable),
      enable: after((id) => changing(id), clients.enable),
      delete: after((id) => changing(id), clients.delete),
      rotateSecret: after((id) => changing(id), clients.rotateSecret),
      removeSecret: after((id) => changing(id), clients.removeSecret),
      setVerified: after((id) => changing(id), clients.setVerified),
    },
    users: {
      ...users,
      updateByAdmin: after(async (id, changes) => {
        // Who gives which role is judged where it is given (src/administrators).
        if (Object.keys(changes).some((name) => name !== 'role')) await helping(id)
        const before = await deps.findAccount(id)
        if (before) refuseLiftedRequirement(personCalling(), changes.secondFactorRequired, before)
      }, users.updateByAdmin),
      disable: after(helping, users.disable),
      enable: after(helping, users.enable),
      unlock: after(helping, users.unlock),
      sendReset: after(reaching, users.sendReset),
      sendInvitation: after(reaching, users.sendInvitation),
      endSessions: after(reaching, users.endSessions),
      endSession: after(reaching, users.endSession),
      withdrawInvitation: after(helping, users.withdrawInvitation),
      delete: after(helping, users.delete),
    },
    factors: {
      ...factors,
      recovery: {
        ...factors.recovery,
        start: after(helping, factors.recovery.start),
        stop: after(helping, factors.recovery.stop),
      },
    },
    groups: {
      ...groups,
      update: after(ofGroup, groups.update),
      remove: after(ofGroup, groups.remove),
      addMember: after((_, accountId) => ofPerson(accountId), groups.addMember),
      removeMember: after((_, accountId) => ofPerson(accountId), groups.removeMember),
      setManager: after(async (id, accountId) => {
        await ofGroup(id)
        await ofPerson(accountId)
      }, groups.setManager),
    },
    roles: {
      ...roles,
      update: after(ofRole, roles.update),
      remove: after(ofRole, roles.remove),
      assign: after(ofHolder, roles.assign),
      unassign: after(ofHolder, roles.unassign),
    },
    organizations: {
      ...organizations,
      update: after(async (id, changes) => {
        refuseWeakerOrganizations(personCalling(), changes, { ...(await organizations.get(id)) })
      }, organizations.update),
      remove: after(ofOrganization, organizations.remove),
      members: {
        ...organizations.members,
        put: after((_, accountId) => ofPerson(accountId), organizations.members.put),
        remove: after((_, accountId) => ofPerson(accountId), organizations.members.remove),
      },
    },
    resources: {
      ...resources,
      remove: after(
        (id) => refuseAccessOfAdministrators(personCalling(), () => deps.ofAdministrators.rolesAt(id)),
        resources.remove,
      ),
    },
    registration: {
      ...registration,
      tokens: {
        ...registration.tokens,
        async create(input) {
          refuseAdminScopes(personCalling(), { ...input })
          return registration.tokens.create(input)
        },
      },
    },
    settings: {
      ...settings,
      async change(changes, ...rest) {
        refuseGuardingSettings(personCalling(), Object.keys(changes), settings.described)
        return settings.change(changes, ...rest)
      },
    },
  }
}
