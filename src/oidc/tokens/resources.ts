import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import { isSigningAlgorithm } from '../../shared/signing-algorithms.ts'
import { type Registered, refuseAboutPerson, sortScopes, wordsOf } from '../placement/placement.ts'
import type { Lifetimes } from '../provider/lifetimes.ts'
import { userinfoAudience } from './userinfo-audience.ts'

/** An API whose access tokens we issue (RFC 8707). */
export interface ProtocolResource {
  identifier: string
  /** Space-separated. */
  scope: string
  /** Seconds; null: the server's default. */
  accessTokenTtl: number | null
  /** `opaque`: its access tokens are looked up instead of read, and a revocation counts at once. */
  tokens: 'jwt' | 'opaque'
  /** Space-separated: what a client gets that names it and none of its scopes, as far as it is registered for them. */
  defaultScopes?: string
  /** A person gets those of its scopes alone that their roles give. */
  scopesByRole?: boolean
  /** Space-separated: what its JWT access tokens say of a person. */
  tokenClaims?: string
  /** Only applications of our own may act for people there. */
  firstPartyOnly?: true
}

type Client = NonNullable<KoaContextWithOIDC['oidc']['client']>

/** The scopes of a resource that a client may ask for: those named in its own `scope` (least privilege). */
function scopesAllowed(resourceScope: string, clientScope: unknown): string {
  const allowed = new Set(String(clientScope ?? '').split(' '))
  return resourceScope
    .split(' ')
    .filter((scope) => scope !== '' && allowed.has(scope))
    .join(' ')
}

/**
 * A machine that asks for what it may not have is told so; the library would leave the scope out in silence, and a
 * token without scopes explains nothing (RFC 6749 §3.3, §5.2).
 */
function refuseForeignScopes(ctx: KoaContextWithOIDC, allowed: string): void {
  if (ctx.oidc.params?.grant_type !== 'client_credentials') return
  refuseAboutPerson(ctx.oidc.requestParamScopes)
  const known = new Set(allowed.split(' '))
  const foreign = [...ctx.oidc.requestParamScopes].find((scope) => !known.has(scope))
  if (foreign !== undefined) throw new errors.InvalidScope('requested scope is not allowed', foreign)
}

/** Where a person's request begins. */
const BEGINNINGS = new Set(['authorization', 'pushed_authorization_request', 'device_authorization'])

/** The scopes as each request sent them: with the defaults of one API it would look as if it had asked for scopes of the next. */
const sentScopes = new WeakMap<KoaContextWithOIDC, readonly string[]>()

/** A request that names APIs and no scope of any gets the default ones of each, that of an MCP client for example. */
function takeDefaults(ctx: KoaContextWithOIDC, resource: ProtocolResource, allowed: string): void {
  const { params } = ctx.oidc
  if (params === undefined || !BEGINNINGS.has(String(ctx.oidc.route))) return
  const may = new Set(allowed.split(' '))
  const defaults = wordsOf(resource.defaultScopes).filter((scope) => may.has(scope))
  const sent = sentScopes.get(ctx) ?? [...ctx.oidc.requestParamScopes]
  sentScopes.set(ctx, sent)
  const { own, foreign } = sortScopes(sent, ctx.oidc.client as Registered)
  if (defaults.length > 0 && own.length === 0 && foreign.length === 0)
    params.scope = [...new Set([...ctx.oidc.requestParamScopes, ...defaults])].join(' ')
}

/** A machine that names an API and no scope gets what it is registered for there. */
function takeRegistered(ctx: KoaContextWithOIDC, allowed: string): void {
  const { params } = ctx.oidc
  if (params?.grant_type === 'client_credentials') params.scope ??= allowed
}

/** Userinfo, beside an API (one-token.ts); by itself it is no API. */
const isBeside = ({ oidc }: KoaContextWithOIDC, identifier: string, issuer: string): boolean =>
  identifier === userinfoAudience(issuer) &&
  [oidc.params?.resource].flat().length > 1 &&
  oidc.route !== 'token'

/** @throws InvalidTarget for an unknown resource, or one that the client may not use (RFC 8707 §2) */
export type ResourceServerInfo = (
  ctx: KoaContextWithOIDC,
  identifier: string,
  client: Client,
) => Promise<ResourceServer>

/**
 * The `getResourceServerInfo` of the library: JWT access tokens (RFC 9068) with the resource as their only audience,
 * signed with the algorithm that the client asked for; opaque ones for the server's own API.
 */
export function createResourceServerInfo(deps: {
  findResource(ctx: KoaContextWithOIDC, identifier: string): Promise<ProtocolResource | undefined>
  lifetimes: Pick<Lifetimes, 'accessTokenTtl'>
  issuer: string
}): ResourceServerInfo {
  return async (ctx, identifier, client) => {
    if (isBeside(ctx, identifier, deps.issuer)) return { audience: identifier, scope: '' }
    const resource = await deps.findResource(ctx, identifier)
    if (!resource)
      throw new errors.InvalidTarget('resource indicator is unknown', `unknown resource ${identifier}`)
    const scope = scopesAllowed(resource.scope, client.resource_scope)
    if (scope === '') {
      throw new errors.InvalidTarget(
        'the client may not use this resource',
        `register client ${client.clientId} with a scope of ${identifier}: ${resource.scope}`,
      )
    }
    takeRegistered(ctx, scope)
    takeDefaults(ctx, resource, scope)
    refuseForeignScopes(ctx, scope)
    const machine = ctx.oidc.params?.grant_type === 'client_credentials'
    if (resource.firstPartyOnly && !machine && client.first_party !== true) {
      throw new errors.InvalidTarget(
        'the client may not use this resource',
        `only first-party clients act for people at ${identifier}`,
      )
    }
    const lifetime = { accessTokenTTL: resource.accessTokenTtl ?? deps.lifetimes.accessTokenTtl }
    if (resource.tokens === 'opaque')
      return { audience: identifier, scope, accessTokenFormat: 'opaque', ...lifetime }
    return {
      audience: identifier,
      scope,
      accessTokenFormat: 'jwt',
      ...lifetime,
      jwt: {
        sign: {
          alg: isSigningAlgorithm(client.idTokenSignedResponseAlg)
            ? client.idTokenSignedResponseAlg
            : 'RS256',
        },
      },
    }
  }
}
