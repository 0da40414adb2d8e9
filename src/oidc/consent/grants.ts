import { createHmac, type KeyObject } from 'node:crypto'
import type { Client, Grant, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { epochSeconds } from '../../shared/clock.ts'
import { impersonationOf } from '../../shared/impersonation.ts'
import type { ArtifactPayload, ArtifactStore } from '../../storage/artifacts/store.ts'
import { deviceUidOf, type GrantedDevice, holderOf } from '../device/granted.ts'
import { scopeWithin } from '../narrowed/scopes.ts'
import type { FindStanding } from '../organizations/standing.ts'
import { clientById } from '../provider/context.ts'
import { grantTtl, type Lifetimes } from '../provider/lifetimes.ts'
import { besideScopes } from '../requested-claims/consent.ts'
import { claimsWithin, notCovered, personalClaims, requestedIn } from '../requested-claims/request.ts'
import { generationOf } from '../sessions/generations.ts'
import { scopeOfClaim } from '../tokens/claims.ts'
import { FIRST_PARTY_ID } from '../tokens/first-party-client.ts'
import type { Allowed, Consents } from './consents.ts'
import { endGrant } from './end-grant.ts'
import { incarnationOf, newIncarnation } from './incarnations.ts'

export interface Grants {
  /** The `loadExistingGrant` of the library: the session's Grant, made or widened from what is allowed. */
  load(ctx: KoaContextWithOIDC): Promise<Grant | undefined>
  /** Makes a Grant count for no more than it may by now, wherever it is read. */
  attach(provider: Provider): void
}

/**
 * Grants. The protocol library hangs every token on a Grant and ends them together: when a code or refresh token is
 * used twice, when a refresh token is revoked, when the person signs out. What a person *allowed* must survive that,
 * and one device must not end another's. So there are two records:
 *
 *   Consent  one for each account and client         remembered until withdrawn   (consents.ts)
 *   Grant    one for each account, client, session (or device that was signed in with a code) and organization, made from the Consent here
 *
 * A Grant's id is a keyed hash of these, so that two authorizations at once in one browser share it and neither
 * loses its code.
 *
 * A first-party client's Grants are made from no Consent. Once it is first-party no longer, such a Grant is good for what
 * the person has allowed since, and for nothing before they were asked.
 */
export function createGrants(deps: {
  consents: Consents
  artifacts: Pick<ArtifactStore, 'change'>
  /** For which organization the person signs in. */
  standingOf: FindStanding
  key: KeyObject
  lifetimes: Lifetimes
}): Grants {
  const grantId = grantIdsUnder(deps.key)
  const ttl = () => grantTtl(deps.lifetimes)

  /** True when the grant already covers what is asked for, so that nothing needs to be read or written. */
  function covers(grant: Grant, ctx: KoaContextWithOIDC): boolean {
    const oidc = new Set(grant.getOIDCScope().split(' '))
    if (![...ctx.oidc.requestParamOIDCScopes].every((scope) => oidc.has(scope))) return false
    const claims = new Set(grant.getOIDCClaims())
    if (!notCovered(personalClaims(requestedIn(ctx.oidc.params)), oidc).every((claim) => claims.has(claim)))
      return false
    return Object.entries(ctx.oidc.resourceServers ?? {}).every(([resource, server]) => {
      const granted = new Set(grant.getResourceScope(resource).split(' '))
      return [...ctx.oidc.requestParamScopes].every(
        (scope) => !server.scopes.has(scope) || granted.has(scope),
      )
    })
  }

  function addRequested(grant: Grant, ctx: KoaContextWithOIDC): void {
    grant.addOIDCScope([...ctx.oidc.requestParamOIDCScopes].join(' '))
    const claims = besideScopes(ctx.oidc.params)
    if (claims.length > 0) grant.addOIDCClaims(claims)
    for (const [resource, server] of Object.entries(ctx.oidc.resourceServers ?? {})) {
      const scopes = [...ctx.oidc.requestParamScopes].filter((scope) => server.scopes.has(scope))
      if (scopes.length > 0) grant.addResourceScope(resource, scopes.join(' '))
    }
  }

  return {
    async load(ctx) {
      const { account, client, session, provider } = ctx.oidc
      if (!account || !client || !session) return undefined
      const device = deviceAsking(ctx)
      // Nothing is allowed to a device before this very question was answered, whatever was allowed before.
      if (device !== undefined && !ctx.oidc.result?.consent) return undefined
      const standing = await deps.standingOf(ctx)
      // It is asked before consent, and then the Grant is looked for again.
      if (standing.kind !== 'none' && standing.kind !== 'member') return undefined
      const organization = standing.kind === 'member' ? standing.membership.id : undefined
      const holder = device === undefined ? session.uid : holderOf(device.uid)
      const id = grantId(account.accountId, client.clientId, holder, organization)
      const existing: KeptGrant | undefined = await provider.Grant.find(id)
      const asked = device !== undefined || client.first_party !== true
      // Renewed in the second half of its life, so that a refresh chain started today is not cut short by it.
      const lasts = existing && existing.remainingTTL * 2 > ttl()
      const same = impersonationOf(existing)?.id === impersonationOf(session)?.id
      if (same && lasts && (!asked || existing.asked) && covers(existing, ctx) && within(existing, client))
        return existing

      const { accountId } = account
      const { clientId } = client
      const consent = asked ? await deps.consents.find(accountId, clientId) : undefined
      if (asked && !consent) return undefined
      // The session's generation, not the account's: what was ended between the two reads stays ended.
      const generation = generationOf(session)
      const grant: KeptGrant = new provider.Grant({ accountId, clientId })
      const impersonation = impersonationOf(session)
      Object.assign(grant, { jti: id, asked, generation, device, organization, impersonation })
      // Another tab of the client may ask for other scopes at this moment: what it is granted stays in the Grant.
      await deps.artifacts.change('Grant', id, ttl(), (before) => {
        const known: KeptGrant | undefined = before && new provider.Grant(before)
        // Another request has carried the session and its Grants over (sessions/generations.ts) since it was read.
        if (known && generationOf(known) > generation) return undefined
        const goesOn = known?.accountId === accountId && generationOf(known) === generation
        const incarnation = goesOn ? incarnationOf(known) : newIncarnation()
        Object.assign(grant, { openid: undefined, resources: undefined, incarnation })
        if (goesOn && (!asked || known.asked)) add(grant, allowedBy(known), client)
        if (consent) add(grant, consent, client)
        if (!asked) addRequested(grant, ctx)
        return payloadOf(grant, ttl())
      })
      // A person may have withdrawn the Consent after it was read and before this Grant was stored: that did not end it, so this does.
      if (!asked || (await deps.consents.find(accountId, clientId))) return grant
      await endGrant(provider, id)
      return undefined
    },

    attach(provider) {
      const { Grant } = provider
      const find = Grant.find.bind(Grant) as (id: string, options?: object) => Promise<KeptGrant | undefined>
      const narrowed = async (id: string, options?: object) => {
        const grant = await find(id, options)
        if (!grant || !mayHaveShrunk(grant)) return grant
        const { accountId = '', clientId = '' } = grant
        const client = await clientById(provider, clientId)
        if (client === undefined || isGoodAsItIs(grant, client)) return grant
        const consent = await deps.consents.find(accountId, clientId)
        return consent && narrowedTo(grant, consent)
      }
      Object.assign(Grant, { find: narrowed })
    },
  }
}

/** Whether a Grant was made without a question, for a client that may be first-party no longer. */
const mayHaveShrunk = ({ asked, clientId }: Pick<KeptGrant, 'asked' | 'clientId'>): boolean =>
  !asked && clientId !== FIRST_PARTY_ID

/** Whether a Grant counts as it is stored, without a look at what the person has allowed. */
export const isGoodAsItIs = (grant: Pick<KeptGrant, 'asked' | 'clientId'>, client: Client): boolean =>
  !mayHaveShrunk(grant) || client.first_party === true

/**
 * The ids of Grants. @param holder the uid of a session, or what stands for a device (device/granted.ts)
 * @param organization by its ID; undefined: none
 */
export const grantIdsUnder =
  (key: KeyObject) =>
  (accountId: string, clientId: string, holder: string, organization?: string): string =>
    createHmac('sha256', key)
      .update(['grant', accountId, clientId, holder, ...(organization ? [organization] : [])].join('\0'))
      .digest('base64url')

/** The device that a request of a person is about, as its Grant remembers it. */
function deviceAsking({ oidc }: KoaContextWithOIDC): GrantedDevice | undefined {
  const { deviceCode, session } = oidc
  if (deviceCode === undefined || session === undefined) return undefined
  const { address = '', userAgent = '' } = (deviceCode.deviceInfo ?? {}) as Partial<GrantedDevice>
  const approvedAt = epochSeconds(Date.now)
  return { uid: deviceUidOf(deviceCode), sessionUid: session.uid, address, userAgent, approvedAt }
}

/** A Grant as it is stored here. */
type KeptGrant = Grant & {
  /** Made from a Consent. */
  asked?: boolean
}

/** A Grant as the library itself stores it. */
function payloadOf(grant: KeptGrant, ttl: number): ArtifactPayload {
  const iat = epochSeconds(Date.now)
  const names: readonly string[] = Reflect.get(grant.constructor, 'IN_PAYLOAD')
  const properties = Object.entries(grant).filter(
    ([name, value]) => names.includes(name) && value !== undefined,
  )
  return { iat, exp: iat + ttl, ...Object.fromEntries(properties) }
}

const split = (scope: string | undefined) => (scope ?? '').split(' ').filter(Boolean)

/** What a Grant says, as a Consent would. */
function allowedBy(grant: Grant | undefined): Allowed {
  const resources = Object.entries(grant?.resources ?? {})
  return {
    scopes: split(grant?.openid?.scope),
    resources: Object.fromEntries(resources.map(([resource, scope]) => [resource, split(scope)])),
    claims: grant?.openid?.claims ?? [],
  }
}

/** Adds what is allowed, as far as the client is registered for it. */
function add(grant: Grant, { scopes, resources, claims = [] }: Allowed, client: Client): void {
  const own = scopeWithin(scopes.join(' '), client)
  if (own !== '') grant.addOIDCScope(own)
  const single = claimsWithin(claims, client)
  if (single.length > 0) grant.addOIDCClaims(single)
  for (const [resource, values] of Object.entries(resources)) {
    const scope = scopeWithin(values.join(' '), client)
    if (scope !== '') grant.addResourceScope(resource, scope)
  }
}

/** Whether the client is registered for all of it. */
const within = (grant: Grant, client: Client): boolean =>
  claimsWithin(grant.getOIDCClaims(), client).length === grant.getOIDCClaims().length &&
  [grant.openid?.scope, ...Object.values(grant.resources ?? {})].every(
    (scope) => scope === undefined || scopeWithin(scope, client) === scope,
  )

function narrowedTo(grant: KeptGrant, consent: Allowed): KeptGrant {
  const { scopes, resources, claims = [] } = allowedBy(grant)
  const both = (values: readonly string[], others: readonly string[] = []) =>
    values.filter((value) => others.includes(value)).join(' ')
  const allowed = [
    ...(consent.claims ?? []),
    ...claims.filter((claim) => consent.scopes.includes(scopeOfClaim(claim) ?? '')),
  ]
  grant.openid = {
    scope: both(scopes, consent.scopes),
    claims: claims.filter((claim) => allowed.includes(claim)),
  }
  grant.resources = Object.fromEntries(
    Object.entries(resources).map(([resource, values]) => [
      resource,
      both(values, consent.resources[resource]),
    ]),
  )
  return grant
}
