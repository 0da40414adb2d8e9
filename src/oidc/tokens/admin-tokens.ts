import type { Client, Provider } from 'oidc-provider'
import type { ScopeDescriptions } from '../../shared/scope-descriptions.ts'
import type { Admits } from '../app-access/rule.ts'
import { type Generation, generationOf } from '../sessions/generations.ts'
import type { ProtocolResource } from './resources.ts'
import { amrOfToken, authTimeOf } from './sign-in-of.ts'

/** What a token may do at the administration API; to write includes to read. */
export const ADMIN_SCOPES = ['admin:read', 'admin:write'] as const
export type AdminScope = (typeof ADMIN_SCOPES)[number]

/** The resource indicator (RFC 8707) of the administration API. */
export const adminApiOf = (issuer: string): string => `${issuer}/api/admin`

/** With what people see of it on the consent page. */
interface NamedResource extends ProtocolResource {
  name: string
  scopeDescriptions: ScopeDescriptions
}

interface Finders {
  findForProtocol(identifier: string): Promise<NamedResource | undefined>
  findByScope(scope: string): Promise<readonly Pick<ProtocolResource, 'identifier'>[]>
}

/**
 * Adds the administration API to the registered resources: it exists without being registered, and its scopes are its
 * own, whatever resource names the same. Its access tokens are opaque, so that a revocation counts with the next request.
 */
export function withAdminApi(issuer: string, registered: Finders): Finders {
  const api: NamedResource = {
    identifier: adminApiOf(issuer),
    name: 'Latchkey administration',
    scope: ADMIN_SCOPES.join(' '),
    accessTokenTtl: null,
    tokens: 'opaque',
    scopeDescriptions: {
      'admin:read': { title: 'See everything that administrators of this server see', sensitive: true },
      'admin:write': {
        title: 'Change everything that administrators of this server change',
        sensitive: true,
      },
    },
    firstPartyOnly: true,
  }
  return {
    findForProtocol: async (identifier) =>
      identifier === api.identifier ? api : registered.findForProtocol(identifier),
    findByScope: async (scope) =>
      ADMIN_SCOPES.some((own) => own === scope) ? [api] : registered.findByScope(scope),
  }
}

/** An access token that is good now at the administration API. */
export interface AcceptedAdminToken {
  client: { id: string; name: string }
  /** Those of the token that the client's registration still names. */
  scopes: ReadonlySet<AdminScope>
  /**
   * Whom the client acts for; absent: for itself. Whether that account still counts, and what its role lets it do, is
   * the caller's question, and so is that of the generation. `authTime`, in seconds since the epoch, is when the person
   * signed in, however often the token was refreshed since, `amr` the methods of that sign-in; undefined: it is not known.
   */
  account?: { id: string; authTime: number | undefined; amr: readonly string[] | undefined } & Generation
}

export interface AdminTokens {
  /**
   * Undefined: unknown, expired, revoked, of another kind or audience, of a client that is disabled or gone, bound to a
   * key (RFC 9449 §7.1: this API checks no DPoP proof, so it accepts no bound token), or a person's token at a client that is
   * not first-party, or not for that person.
   */
  accept(accessToken: string): Promise<AcceptedAdminToken | undefined>
}

/** Access tokens at the administration API (RFC 6750), the opaque ones of the provider. */
export function createAdminTokens(deps: {
  issuer: string
  current(): Provider
  admits: Admits
}): AdminTokens {
  const audience = adminApiOf(deps.issuer)

  type Found = {
    aud?: string | string[] | undefined
    clientId?: string | undefined
    isExpired: boolean
    scopes: Set<string>
    isSenderConstrained(): boolean
  }

  /** The client of a token that is meant for this API, if both are in order. */
  async function clientOf(provider: Provider, token: Found): Promise<Client | undefined> {
    if (token.isExpired || ![token.aud].flat().includes(audience) || token.isSenderConstrained())
      return undefined
    return token.clientId === undefined ? undefined : provider.Client.find(token.clientId)
  }

  const accepted = (client: Client, token: Found) => {
    const registered = new Set(String(client.resource_scope ?? '').split(' '))
    const scopes = ADMIN_SCOPES.filter((scope) => token.scopes.has(scope) && registered.has(scope))
    return { client: { id: client.clientId, name: client.clientName ?? '' }, scopes: new Set(scopes) }
  }

  async function ofMachine(provider: Provider, value: string): Promise<AcceptedAdminToken | undefined> {
    const token = await provider.ClientCredentials.find(value)
    const client = token && (await clientOf(provider, token))
    if (!client?.grantTypeAllowed('client_credentials')) return undefined
    return accepted(client, token as Found)
  }

  async function ofPerson(provider: Provider, value: string): Promise<AcceptedAdminToken | undefined> {
    const token = await provider.AccessToken.find(value)
    const client = token && (await clientOf(provider, token))
    if (!token || client?.first_party !== true) return undefined
    const grant = await provider.Grant.find(token.grantId ?? '')
    if (grant?.accountId !== token.accountId || grant.clientId !== token.clientId) return undefined
    const { accountId: id } = token
    if (!(await deps.admits(client, id))) return undefined
    const account = {
      id,
      generation: generationOf(grant),
      authTime: authTimeOf(token),
      amr: amrOfToken(token),
    }
    return { ...accepted(client, token), account }
  }

  return {
    async accept(value) {
      const provider = deps.current()
      return (await ofMachine(provider, value)) ?? ofPerson(provider, value)
    },
  }
}
