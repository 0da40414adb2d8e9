import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import { IDENTITY_SCOPES, isIdentityScope } from '../../shared/identity-scopes.ts'
import type { PkceRule } from '../../shared/pkce-rule.ts'
import { isSigningAlgorithm } from '../../shared/signing-algorithms.ts'
import type { ArtifactPayload, ArtifactStore } from '../../storage/artifacts/store.ts'
import type { DeviceCodes } from '../device/codes.ts'
import { isHabitual } from '../placement/habitual.ts'
import { asFound, saveSession } from '../sessions/merge.ts'
import { collect, findBeginning, takeBeside } from './unit-of-work.ts'
import { PUSHED_REQUEST_MEMORY, refusedRequestUri } from './used-once.ts'

/** What the protocol needs to know of a registered client. */
export interface ProtocolClient {
  /** Changes with every change of the client: an object of the library that was made under it can be reused while it stays. */
  version: string
  /** RFC 7591 metadata with client_id, without secrets. */
  metadata: Record<string, unknown>
  /** SHA-256 hashes of the secrets that are valid now. */
  secretHashes: readonly string[]
  pkce: PkceRule
  firstParty: boolean
  /** False: no administrator has looked at it. True unless given. */
  verified?: boolean
  /** The API that these are the credentials of (client-authentication/api-credentials.ts). */
  introspects?: string
}

/** Undefined: unknown or disabled. @throws InvalidClient for a document that cannot be used */
export type FindClient = (clientId: string) => Promise<ProtocolClient | undefined>

export interface AdapterDependencies {
  artifacts: ArtifactStore
  findClient: FindClient
  deviceCodes: DeviceCodes
  /**
   * Where an interaction continues; it is not stored, because it holds the interaction's id in clear.
   * @param device whether it is about a device's request
   */
  resumeUrl(uid: string, device: boolean): string
}

/** Where redirect URIs are stored, and those of an app of a web client for the library. */
export const REDIRECTS = [
  { stored: 'redirect_uris', ofApp: 'app_redirect_uris', made: 'redirectUris' },
  {
    stored: 'post_logout_redirect_uris',
    ofApp: 'app_post_logout_redirect_uris',
    made: 'postLogoutRedirectUris',
  },
] as const

const SECRET_AUTH_METHODS = new Set(['client_secret_basic', 'client_secret_post'])

/** The habitual ones: programs ask for them whatever they are registered for (placement/habitual.ts). */
const DECIDED_LATER = ['openid', 'offline_access', ...IDENTITY_SCOPES.filter(isHabitual)]

/**
 * A `scope` that was given restricts what a client may ask for: of persons by `identity_scope`, which is missing where nothing
 * restricts it, and of APIs by `resource_scope` (placement/). The library's own list takes only its own scopes, must not be empty,
 * and refuses whatever is not in it: it has those too that are decided about later (placement/named.ts).
 */
function splitScope(scope: unknown): { scope?: string; identity_scope?: string; resource_scope: string } {
  if (typeof scope !== 'string') return { resource_scope: '' }
  const all = scope.split(' ').filter(Boolean)
  const own = all.filter(isIdentityScope)
  return {
    scope: [...new Set([...own, ...DECIDED_LATER])].join(' '),
    identity_scope: own.join(' '),
    resource_scope: all.filter((value) => !isIdentityScope(value)).join(' '),
  }
}

const SIGNED_RESPONSE_MODES = ['jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt']

/**
 * The library takes http and https only of a web client. Its app's URIs go into properties of ours, and are put back once the
 * library has made a client of it (clients.ts).
 */
function splitRedirectUris(metadata: Record<string, unknown>): Record<string, string[]> {
  if (metadata.application_type !== 'web') return {}
  return Object.fromEntries(
    REDIRECTS.flatMap(({ stored, ofApp }) => {
      const uris = [metadata[stored] ?? []].flat() as string[]
      const web = uris.filter((uri) => /^https?:/.test(uri))
      return web.length === uris.length
        ? []
        : [
            [stored, web],
            [ofApp, uris.filter((uri) => !web.includes(uri))],
          ]
    }),
  )
}

/** The hashes stand where the library keeps the secret; only `compareClientSecret` (client-authentication/secret-hashes.ts) reads them. */
function clientPayload(client: ProtocolClient): AdapterPayload {
  const method = client.metadata.token_endpoint_auth_method ?? 'client_secret_basic'
  const { scope, ...metadata } = client.metadata
  const alg = metadata.id_token_signed_response_alg
  return {
    ...metadata,
    ...splitRedirectUris(metadata),
    ...splitScope(scope),
    ...(SECRET_AUTH_METHODS.has(String(method)) && {
      client_secret: client.secretHashes.join(' ') || 'none',
    }),
    // FAPI 2.0 Security Profile §5.4.1: no RS256. What signs the ID Tokens of a client with the profile is one of its algorithms.
    ...(typeof metadata.profile === 'string' &&
      isSigningAlgorithm(alg) && { introspection_signed_response_alg: alg }),
    // FAPI 2.0 Message Signing §5.4.2: answers are signed.
    ...(metadata.profile === 'fapi2_message_signing' && { response_modes: SIGNED_RESPONSE_MODES }),
    pkce: client.pkce,
    first_party: client.firstParty,
    verified: client.verified !== false,
    introspects: client.introspects ?? '',
  }
}

const PUSHED = 'PushedAuthorizationRequest'
const flowIsOver = () => new errors.SessionNotFound('interaction session not found')

function atRest(model: string, payload: AdapterPayload): ArtifactPayload {
  if (model !== 'Interaction') return payload as ArtifactPayload
  const { returnTo: _returnTo, session, ...rest } = payload
  if (session === undefined) return rest
  const { cookie: _cookie, ...principal } = session as Record<string, unknown>
  return { ...rest, session: principal }
}

/** The protocol library's storage, on the ArtifactStore and the registered clients. */
export function createAdapterFactory(deps: AdapterDependencies): AdapterFactory {
  const { artifacts } = deps
  const live = (payload: ArtifactPayload | undefined) => payload as AdapterPayload | undefined

  return (model: string): Adapter => ({
    async upsert(id, payload, ttl) {
      if (model === 'Session') return saveSession(artifacts, id, payload, ttl)
      if (model === 'DeviceCode') return deps.deviceCodes.save(id, payload, ttl ?? 0)
      const stored = atRest(model, payload)
      // An interaction that a person has gone through a page of was there before, and must be there still.
      if (model === 'Interaction' && payload.result !== undefined) {
        if (!(await artifacts.replace(model, id, stored, ttl ?? 0))) throw flowIsOver()
        return
      }
      if (collect({ model, id, payload: stored, ttl })) return
      const memory = model === PUSHED ? PUSHED_REQUEST_MEMORY : 0
      await artifacts.upsert(model, id, stored, ttl === undefined ? undefined : ttl + memory)
    },
    async find(id) {
      // A parameter sent twice reaches the library's last page of sign-out as an array.
      if (typeof id !== 'string') return undefined
      if (model === 'Client') {
        const client = await deps.findClient(id)
        return client && clientPayload(client)
      }
      if (model === 'DeviceCode') return deps.deviceCodes.find(id)
      const beside = model === 'Grant' ? takeBeside('Grant', id) : undefined
      const payload = live(beside ?? (await findBeginning(artifacts, model, id)))
      // The library takes a pushed request that it does not find, at the end of an interaction, for one that was not used yet.
      if (payload === undefined && model === PUSHED) throw refusedRequestUri()
      if (payload === undefined) return undefined
      if (model === 'Session') return asFound(id, payload)
      if (model !== 'Interaction') return payload
      return { ...payload, returnTo: deps.resumeUrl(id, payload.deviceCode !== undefined) }
    },
    findByUid: async (uid) =>
      live((model === 'Session' && takeBeside(model, uid)) || (await artifacts.findByUid(model, uid))),
    findByUserCode: (userCode) => deps.deviceCodes.findByUserCode(userCode),
    async consume(id) {
      if (await artifacts.consume(model, id)) return
      throw model === PUSHED ? refusedRequestUri() : new errors.InvalidGrant('already used')
    },
    async destroy(id) {
      // Of several requests that would go on with one interaction at once, one does.
      if (!(await artifacts.destroy(model, id)) && model === 'Interaction') throw flowIsOver()
    },
    revokeByGrantId: (grantId) => artifacts.revokeByGrantId(model, grantId),
  })
}
