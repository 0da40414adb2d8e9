/** What the roles of a person give at an API: scopes, and what its tokens say of them. */
import type { AccessToken, KoaContextWithOIDC, Provider, ResourceServer } from 'oidc-provider'
import { isIdentityScope } from '../../shared/identity-scopes.ts'
import { toldNames } from '../../shared/told-names.ts'
import { currentContext } from '../provider/context.ts'
import type { ProtocolMemberships } from './memberships.ts'
import type { ProtocolResource } from './resources.ts'

type Roles = ProtocolMemberships['roles']

/** The scopes of an API that roles at it give. */
export const scopesOfRoles = (api: string, roles: Roles): Set<string> =>
  new Set(roles.filter(({ resource }) => resource === api).flatMap(({ scope }) => scope.split(' ')))

const within = (scope: string, given: ReadonlySet<string>): string =>
  scope
    .split(' ')
    .filter((each) => given.has(each))
    .join(' ')

/** The person that a request of the protocol is about, as far as it is known. */
function personOf({ oidc }: KoaContextWithOIDC): string | undefined {
  const { AuthorizationCode: code, DeviceCode: device, RefreshToken: refresh } = oidc.entities
  return (code ?? device ?? refresh)?.accountId ?? oidc.session?.accountId
}

type MembershipsOf = (ctx: KoaContextWithOIDC, id: string) => Promise<ProtocolMemberships | undefined>

type FindResource = (
  ctx: KoaContextWithOIDC,
  identifier: string,
) => Promise<Pick<ProtocolResource, 'scopesByRole'> | undefined>

export interface RoleReads {
  findResource: FindResource
  membershipsOf: MembershipsOf
}

/**
 * Leaves of the scopes of an API those that a person may have there. A client that acts for itself is no person; and before a person has
 * signed in nothing is known, and nothing issued.
 */
export async function narrowServer(
  ctx: KoaContextWithOIDC,
  api: string,
  server: Pick<ResourceServer, 'scope'>,
  reads: RoleReads,
): Promise<void> {
  const person = personOf(ctx)
  if (person === undefined || ctx.oidc.params?.grant_type === 'client_credentials') return
  if (!(await reads.findResource(ctx, api))?.scopesByRole) return
  const given = scopesOfRoles(api, (await reads.membershipsOf(ctx, person))?.roles ?? [])
  server.scope = within(server.scope ?? '', given)
}

/**
 * What an API is told of a person in its JWT access tokens (RFC 9068 §2.2.3.1): of roles those at it, and those of no API.
 * @param tokenClaims of groups, roles and entitlements, separated by spaces
 */
export function toldInTokens(
  api: string,
  tokenClaims: string,
  { groups, roles }: ProtocolMemberships,
): { groups?: string[]; roles?: string[]; entitlements?: string[] } {
  const asked = new Set(tokenClaims.split(' '))
  const own = roles.filter(({ resource }) => resource === '' || resource === api)
  return {
    ...(asked.has('groups') && { groups: toldNames(groups.map(({ name }) => name)) }),
    ...(asked.has('roles') && { roles: toldNames(own.map(({ name }) => name)) }),
    ...(asked.has('entitlements') && {
      entitlements: toldNames([...scopesOfRoles(api, roles)].filter(Boolean).sort()),
    }),
  }
}

/** A stored access token whose scopes were given by roles: they go with them. */
interface ByRole {
  byRole?: string
}

/**
 * Takes from an opaque access token the scopes that the roles of its person do not give any more, at each look-up. A JWT says what was
 * true when it was issued. The fast paths leave such a token to the library: it has a field that they do not know.
 */
export function narrowByRole(provider: Provider, { findResource, membershipsOf }: RoleReads): void {
  const { AccessToken: Model } = provider
  const stored: readonly string[] = Reflect.get(Model, 'IN_PAYLOAD')
  Object.defineProperty(Model, 'IN_PAYLOAD', { get: () => [...stored, 'byRole'] })

  const { prototype } = Model
  const save = prototype.save
  prototype.save = async function (this: AccessToken) {
    const ctx = currentContext()
    const { resourceServer: server } = this
    if (ctx !== undefined && server?.accessTokenFormat === 'opaque') {
      const byRole = server.identifier()
      if ((await findResource(ctx, byRole))?.scopesByRole) Object.assign(this, { byRole } satisfies ByRole)
    }
    return save.call(this)
  }

  const find = Model.find.bind(Model) as (id: string, options?: object) => Promise<AccessToken | undefined>
  const narrowed = async (id: string, options?: object) => {
    const token = await find(id, options)
    const { byRole } = (token ?? {}) as ByRole
    const ctx = currentContext()
    if (token?.scope === undefined || byRole === undefined || ctx === undefined) return token
    const given = scopesOfRoles(byRole, (await membershipsOf(ctx, token.accountId))?.roles ?? [])
    const identity = token.scope.split(' ').filter(isIdentityScope)
    token.scope = within(token.scope, new Set([...given, ...identity]))
    return token
  }
  Object.assign(Model, { find: narrowed })
}
