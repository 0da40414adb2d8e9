/** `/Groups` of the directory of an organization: the roles of the template, with the members who have them. */
import { hash } from 'node:crypto'
import { unlessCode } from '../../shared/errors.ts'
import type { Bearer } from '../tokens/store.ts'
import type { ScimDependencies, ScimResource } from './context.ts'
import { notFound, scimError } from './errors.ts'

/** Members of a role that one answer has at most. */
const MAX_MEMBERS = 10_000

/** What is to be changed of the members of a role. */
export interface MemberChanges {
  name?: unknown
  /** All that it has from now on; else what is added and removed. */
  members?: ReadonlySet<string>
  added: ReadonlySet<string>
  removed: ReadonlySet<string>
}

export interface OrganizationGroups {
  list(bearer: Bearer, query: { id?: string; nameKey?: string; externalId?: string }): Promise<ScimResource[]>
  /** @throws AppError (404) */
  get(bearer: Bearer, id: string): Promise<ScimResource>
  /** @throws AppError (404), invalidValue (400), (403) */
  change(bearer: Bearer, id: string, changes: MemberChanges): Promise<ScimResource>
}

/** Roles are named by administrators of this server. @throws AppError (403) */
export const refuseRoles = (): never => {
  throw scimError(
    403,
    'The groups of an organization are its roles, which administrators of this server name. Their members can be changed.',
  )
}

export function createOrganizationGroups(deps: ScimDependencies, base: string): OrganizationGroups {
  const { accounts, organizations } = deps
  const organizationOf = ({ organization }: Bearer): string => organization ?? ''

  async function resource(bearer: Bearer, role: string): Promise<ScimResource> {
    const members = await organizations.withRole(organizationOf(bearer), role, MAX_MEMBERS)
    const version = hash('sha256', members.map(({ accountId }) => accountId).join(), 'hex').slice(0, 16)
    return {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      id: role,
      displayName: role,
      members: members.map(({ accountId, username }) => ({
        value: accountId,
        $ref: `${base}/Users/${accountId}`,
        display: username,
        type: 'User',
      })),
      meta: { resourceType: 'Group', location: `${base}/Groups/${role}`, version: `W/"${version}"` },
    }
  }

  const known = (id: string): string => {
    if (!organizations.roles().includes(id)) throw notFound()
    return id
  }

  return {
    async list(bearer, { id, nameKey, externalId }) {
      const wanted = organizations
        .roles()
        .filter((role) => externalId === undefined && (id ?? role) === role)
        .filter((role) => nameKey === undefined || deps.nameKey(role) === nameKey)
      return Promise.all(wanted.map((role) => resource(bearer, role)))
    },

    get: async (bearer, id) => resource(bearer, known(id)),

    async change(bearer, id, { name, members, added, removed }) {
      const role = known(id)
      const organization = organizationOf(bearer)
      if (name !== undefined && name !== role) refuseRoles()
      const had = new Set(
        (await organizations.withRole(organization, role, MAX_MEMBERS)).map(({ accountId }) => accountId),
      )
      const after = new Set([...(members ?? had)].filter((each) => !removed.has(each)).concat([...added]))
      const coming = [...after].filter((each) => !had.has(each))
      const going = [...had].filter((each) => !after.has(each))
      const inside = new Set(await deps.store.memberIds(organization, coming))
      for (const each of [...coming, ...going]) {
        const account = /^[\w-]{1,100}$/.test(each) ? await accounts.byId(each) : undefined
        if (
          coming.includes(each) &&
          (!inside.has(each) || account === undefined || account.deletionAt !== null)
        )
          throw scimError(400, `There is no user ${each.slice(0, 100)}.`, 'invalidValue')
        if (account !== undefined && account.role !== 'user')
          throw scimError(403, 'A directory cannot change the roles of administrators and auditors.')
      }
      for (const each of coming) await organizations.setRole(organization, each, role, true)
      for (const each of going)
        await organizations.setRole(organization, each, role, false).catch(unlessCode('not_a_member'))
      return resource(bearer, role)
    },
  }
}
