// Administrator roles own: which roles are defined, of which permissions, limited to what; what the role of an account comes to; who may give
// which. They do not own: who has a role (a column of the account), what a route needs (src/admin).
//
//   account.role ──► built-in, or a definition, read at this moment ──► Authority ──► the guards of console and administration API
import {
  AUDITOR,
  type Authority,
  covers,
  currentAuthority,
  FULL,
  NONE,
} from '../shared/administration/authority.ts'
import { PERMISSIONS } from '../shared/administration/permissions.ts'
import { currentAuditContext } from '../shared/audit-context.ts'
import type { Clock } from '../shared/clock.ts'
import {
  createDefinitions,
  type DefinitionEvent,
  type Definitions,
  type DocumentStore,
} from '../shared/definitions/definitions.ts'
import type { ContentOf } from '../shared/definitions/field.ts'
import { AppError } from '../shared/errors.ts'
import { message, t } from '../shared/locales/texts.ts'
import { type BUILT_IN_ROLES, isBuiltIn } from '../shared/roles.ts'
import { refusedFields } from '../shared/validation-error.ts'
import { administratorRoleFields } from './table.ts'

type Content = ContentOf<typeof administratorRoleFields>
export type AdministratorRoleEvent = DefinitionEvent<'administrator_role'>

/** A person who has a role. */
export interface Holder {
  id: string
  username: string
}

export interface AdministratorRoles extends Omit<Definitions<Content>, 'keep' | 'purge' | 'live'> {
  /** What a role comes to at this moment, in every process. A role that is gone allows nothing. */
  authorityOf(role: string): Promise<Authority>
  /**
   * The role that is meant by what was typed: a built-in one, or one that is defined, by its name or ID.
   * @returns as accounts have it @throws ValidationError of `role` (422)
   */
  resolve(typed: string): Promise<string>
  /** The roles that the actor of the running request may give, built-in ones too, by ID. */
  givable(): Promise<ReadonlySet<string>>
  /** What a role is called, of no more than a second ago. */
  nameOf(role: string): string
  /** What a role is called at this moment, for who has it. Undefined: it allows nothing. */
  offered(role: string): Promise<string | undefined>
  /**
   * Whether the actor of the running request may change the role of an account.
   * @throws AppError own_role, role_not_yours (403)
   */
  requireMayGive(accountId: string | undefined, before: string, role: string): Promise<void>
  /** Who has it, the newest first: ninety-nine, and whether there are more. */
  holders(id: string): Promise<{ items: Holder[]; more: boolean }>
}

/** What each of the roles that are always there comes to. */
const BUILT_IN = { user: NONE, auditor: AUDITOR, admin: FULL } satisfies Record<
  (typeof BUILT_IN_ROLES)[number],
  Authority
>
const MAX_ROLES = 100
const MAX_HOLDERS = 99

export function createAdministratorRoles(deps: {
  store: DocumentStore
  clock: Clock
  /** The ID of an organization, by that or its short name; undefined: there is none. */
  organizationId(idOrSlug: string): Promise<string | undefined>
  /** By username. */
  holders(role: string, limit: number): Promise<Holder[]>
  /** Takes a role from who has it. */
  takeFrom(accountId: string, role: string): Promise<void>
  events(event: AdministratorRoleEvent): void
}): AdministratorRoles {
  const {
    keep: _,
    purge: __,
    ...definitions
  } = createDefinitions({
    kind: 'administrator_role',
    fields: administratorRoleFields,
    most: MAX_ROLES,
    store: deps.store,
    clock: deps.clock,
    check({ permissions, organization, clients }) {
      if (organization !== '' && clients.length > 0)
        throw refusedFields({ clients: t('admin.administrator_roles.one_limit') })
      const limit = organization !== '' ? 'organization' : clients.length > 0 ? 'clients' : undefined
      const beyond = permissions.filter((name) => limit !== undefined && PERMISSIONS[name].within !== limit)
      if (beyond.length > 0)
        throw refusedFields({
          permissions: t('admin.administrator_roles.beyond', {
            limit: limit ?? '',
            permissions: beyond.join(', '),
          }),
        })
    },
    events: deps.events,
  })

  /** With the ID of an organization in place of its short name: that one may become another's. */
  async function identified(
    input: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { organization } = input
    if (typeof organization !== 'string' || organization.trim() === '') return input
    const id = await deps.organizationId(organization.trim())
    if (id === undefined)
      throw refusedFields({ organization: t('admin.administrator_roles.no_organization') })
    return { ...input, organization: id }
  }

  const authority = ({ permissions, organization, clients }: Content): Authority => ({
    full: false,
    permissions: new Set(permissions),
    scope:
      organization !== ''
        ? { kind: 'organization', id: organization }
        : clients.length > 0
          ? { kind: 'clients', ids: clients }
          : undefined,
  })

  async function authorityOf(role: string): Promise<Authority> {
    if (isBuiltIn(role)) return BUILT_IN[role]
    const found = (await definitions.list()).find(({ id }) => id === role)
    return found === undefined ? NONE : authority(found)
  }

  const holders = async (id: string) => {
    const found = await deps.holders(id, MAX_HOLDERS + 1)
    return { items: found.slice(0, MAX_HOLDERS), more: found.length > MAX_HOLDERS }
  }

  return {
    ...definitions,
    authorityOf,
    holders,

    create: async (input) => definitions.create(await identified(input)),
    update: async (id, changes, given) => definitions.update(id, await identified(changes), given),

    /** Nobody keeps it: who has it is a user from then on. */
    async remove(id, given) {
      await definitions.remove(id, given)
      // Those of a role that is gone may do nothing already.
      for (
        let found = await deps.holders(id, MAX_HOLDERS);
        found.length > 0;
        found = await deps.holders(id, MAX_HOLDERS)
      )
        for (const each of found) await deps.takeFrom(each.id, id)
    },

    async resolve(typed) {
      if (isBuiltIn(typed)) return typed
      const found = (await definitions.list()).find(({ id, name }) => id === typed || name === typed)
      if (found === undefined)
        throw refusedFields({
          role: t('admin.administrator_roles.no_such'),
        })
      return found.id
    },

    async givable() {
      const own = currentAuthority()
      const defined = (await definitions.list()).map((one): [string, Authority] => [one.id, authority(one)])
      return new Set(
        [...Object.entries(BUILT_IN), ...defined].flatMap(([id, comes]) => (covers(own, comes) ? [id] : [])),
      )
    },

    nameOf: (role) =>
      isBuiltIn(role)
        ? role
        : (definitions.live().find(({ id }) => id === role)?.name ?? t('admin.administrator_roles.gone')),

    async offered(role) {
      if (role === 'user') return undefined
      return isBuiltIn(role) ? role : (await definitions.list()).find(({ id }) => id === role)?.name
    },

    async requireMayGive(accountId, before, role) {
      if (before === role) return
      const { actor } = currentAuditContext() ?? {}
      if (actor?.kind === 'account' && actor.id === accountId)
        throw new AppError('own_role', 403, message('admin.administrator_roles.own'))
      const own = currentAuthority()
      if (own.full) return
      if (
        !own.permissions.has('user.set_role') ||
        !covers(own, await authorityOf(before)) ||
        !covers(own, await authorityOf(role))
      )
        throw new AppError('role_not_yours', 403, message('admin.administrator_roles.not_yours'))
    },
  }
}
