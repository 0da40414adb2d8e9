import type { KoaContextWithOIDC } from 'oidc-provider'
import { restrictionOf } from '../app-access/rule.ts'
import { basicCredentials, type WithoutSecrets, withoutSecretsOf } from './without-secrets.ts'

type Context = KoaContextWithOIDC
type Client = NonNullable<Context['oidc']['client']>

/** Characters of a value, values of a list. */
const MAX_LENGTH = 400
const MAX_ENTRIES = 20

/** Endpoints where a client shows who it is. */
export const AUTHENTICATED = new Set([
  'token',
  'pushed_authorization_request',
  'device_authorization',
  'introspection',
  'revocation',
])

/** `group: Engineers`, as a registration is written. */
function accessInWords(client: Client): string[] | undefined {
  const restriction = restrictionOf(client)
  return (
    restriction && [
      ...restriction.groups.map((name) => `group: ${name}`),
      ...restriction.roles.map((name) => `role: ${name}`),
    ]
  )
}

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const stringsOf = (value: unknown): string[] => [value].flat().filter((each) => typeof each === 'string')

/** Header and claims of a JWT, unchecked: what it says of itself. */
function claimsOf(
  jwt: unknown,
): { header: Record<string, unknown>; payload: Record<string, unknown> } | undefined {
  if (typeof jwt !== 'string' || jwt.length > 16_384) return undefined
  try {
    const [header, payload] = jwt
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown)
    const object = (value: unknown) => (typeof value === 'object' && value !== null ? value : {})
    return { header: { ...object(header) }, payload: { ...object(payload) } }
  } catch {
    return undefined
  }
}

/** The id of a key, which is often a hash of it: enough to recognise it by, and no such run as tokens are. */
const shortKid = (kid: string) => kid.slice(0, 24)

/** How the client tried to authenticate. */
function authenticationOf(ctx: Context): string {
  const { authorization } = ctx.headers
  const { client_secret: secret, client_assertion: assertion } = { ...ctx.oidc.body, ...ctx.oidc.params }
  const ways = [
    authorization === undefined
      ? undefined
      : /^basic /i.test(authorization)
        ? 'client_secret_basic'
        : 'another Authorization header',
    secret === undefined ? undefined : 'client_secret_post',
    assertion === undefined ? undefined : 'private_key_jwt',
  ].filter((way) => way !== undefined)
  return ways.length > 1 ? 'several' : (ways[0] ?? 'none')
}

/** Who the client says it is, and its secret. */
export function claimedBy(ctx: Context): { clientId: string | undefined; secret: string | undefined } {
  const parameters: Record<string, unknown> = { ...ctx.oidc.body, ...ctx.oidc.params }
  const basic = basicCredentials(ctx.headers.authorization)
  const { sub } = claimsOf(parameters.client_assertion)?.payload ?? {}
  return {
    clientId: stringOf(parameters.client_id) ?? basic?.id ?? stringOf(sub),
    secret: stringOf(parameters.client_secret) ?? basic?.secret,
  }
}

function registeredOf(client: Client, { text }: WithoutSecrets) {
  const kids = client.jwks?.keys.map(({ kid }) => kid ?? 'without id')
  const clip = (values: readonly string[] | undefined) =>
    values?.slice(0, MAX_ENTRIES).map((value) => value.slice(0, MAX_LENGTH))
  return {
    redirect_uris: clip(client.redirectUris),
    post_logout_redirect_uris: clip(client.postLogoutRedirectUris),
    grant_types: clip(client.grantTypes),
    scope: stringOf(client.identity_scope),
    resource_scope: stringOf(client.resource_scope) || undefined,
    auth_method: client.clientAuthMethod,
    auth_alg: client.clientAuthSigningAlg,
    kids: kids?.slice(0, MAX_ENTRIES).map((kid) => text(shortKid(kid), 100)),
    jwks_uri: client.jwksUri,
    pkce: stringOf(client.pkce),
    par: client.requirePushedAuthorizationRequests,
    dpop: client.dpopBoundAccessTokens,
    request_alg: client.requestObjectSigningAlg,
    signed_requests: client.requireSignedRequestObject || undefined,
    profile: stringOf(client.profile),
    access: clip(accessInWords(client)),
  }
}

/** What is kept of a JWT that a client has signed; nothing of it is verified. */
function signedByClient(value: unknown, { text }: WithoutSecrets) {
  const jwt = claimsOf(value)
  if (jwt === undefined) return undefined
  const { header, payload } = jwt
  const clip = (each: unknown) => (typeof each === 'string' ? text(each, 200) : undefined)
  return {
    clip,
    header,
    payload,
    common: {
      alg: clip(header.alg),
      kid: typeof header.kid === 'string' ? text(shortKid(header.kid), 100) : undefined,
      iss: clip(payload.iss),
      aud: stringsOf(payload.aud)
        .slice(0, 5)
        .map((aud) => text(aud, 200)),
      nbf: numberOf(payload.nbf),
      exp: numberOf(payload.exp),
    },
  }
}

function assertionOf(ctx: Context, without: WithoutSecrets) {
  const jwt = signedByClient(ctx.oidc.params?.client_assertion ?? ctx.oidc.body?.client_assertion, without)
  return jwt && { ...jwt.common, sub: jwt.clip(jwt.payload.sub), iat: numberOf(jwt.payload.iat) }
}

function requestObjectOf(ctx: Context, without: WithoutSecrets) {
  const sent = ctx.oidc.params?.request ?? ctx.oidc.body?.request ?? ctx.query.request
  const jwt = signedByClient(sent, without)
  return jwt && { ...jwt.common, typ: jwt.clip(jwt.header.typ), client_id: jwt.clip(jwt.payload.client_id) }
}

function proofOf(ctx: Context, clean: WithoutSecrets) {
  const jwt = claimsOf(ctx.headers.dpop)
  if (jwt === undefined) return undefined
  const { header, payload } = jwt
  const clip = (value: unknown) => (typeof value === 'string' ? clean.text(value, 100) : undefined)
  return {
    alg: clip(header.alg),
    typ: clip(header.typ),
    htm: clip(payload.htm),
    htu: typeof payload.htu === 'string' ? clean.uri(payload.htu) : undefined,
    iat: numberOf(payload.iat),
  }
}

const NOTHING = { reason: undefined, closest: undefined }

function redirectDetails(ctx: Context, clean: WithoutSecrets, explainRedirect: ExplainRedirect) {
  const sent = stringOf(ctx.oidc.params?.redirect_uri)
  if (sent === undefined) return NOTHING
  const registered = ctx.oidc.client?.redirectUris
  const kept = clean.uri(sent)
  const { reason, closest } = registered ? explainRedirect(kept, registered) : NOTHING
  return { redirect_uri: kept, masked: kept === sent ? undefined : true, reason, closest }
}

export type ExplainRedirect = (
  sent: string,
  registered: readonly string[],
) => { reason: string; closest?: string | undefined }

/**
 * What is known at once of a rejected request: what was sent, what is registered. Values are clipped; secrets,
 * codes and tokens are left out, and struck out where they stand in something else.
 */
export function requestDetails(
  ctx: Context,
  endpoint: string,
  detail: string | undefined,
  explainRedirect: ExplainRedirect,
) {
  const params: Record<string, unknown> = ctx.oidc.params ?? {}
  const { client } = ctx.oidc
  const clean = withoutSecretsOf(ctx)
  const clip = (value: unknown) => (typeof value === 'string' ? clean.text(value, MAX_LENGTH) : undefined)
  const names = Object.keys(params).filter((name) => params[name] !== undefined)
  const verifier = stringOf(params.code_verifier)
  const logout = stringOf(params.post_logout_redirect_uri)
  const claimed = client ? undefined : claimedBy(ctx).clientId
  const resources = stringsOf(params.resource)
  return {
    parameters: names.slice(0, MAX_ENTRIES * 2),
    grant_type: clip(params.grant_type),
    response_type: clip(params.response_type),
    scope: clip(params.scope),
    resource: resources.length > 0 ? resources.slice(0, 5).map((uri) => clean.uri(uri)) : undefined,
    prompt: clip(params.prompt),
    acr_values: clip(params.acr_values),
    claims: clip(params.claims),
    origin: clip(ctx.headers.origin),
    ...redirectDetails(ctx, clean, explainRedirect),
    post_logout_redirect_uri: logout === undefined ? undefined : clean.uri(logout),
    challenge:
      endpoint === 'authorization' || endpoint === 'pushed_authorization_request'
        ? { sent: params.code_challenge !== undefined, method: clip(params.code_challenge_method) }
        : undefined,
    verifier:
      params.grant_type === 'authorization_code'
        ? { sent: verifier !== undefined, length: verifier?.length }
        : undefined,
    user_agent: AUTHENTICATED.has(endpoint) ? clip(ctx.headers['user-agent']) : undefined,
    authentication: AUTHENTICATED.has(endpoint) ? authenticationOf(ctx) : undefined,
    claimed_client_id: claimed === undefined ? undefined : clean.text(claimed, 200),
    assertion: assertionOf(ctx, clean),
    request_object: requestObjectOf(ctx, clean),
    proof: proofOf(ctx, clean),
    detail: clip(detail),
    registered: client && registeredOf(client, clean),
  }
}

export type RequestDetails = ReturnType<typeof requestDetails>

export interface CodeDetails {
  code?: { own: boolean; redirect_uri: string | undefined; challenge: boolean }
}

/** What is known of the code that a token request brought, as long as it is there. */
export async function codeDetails(ctx: Context): Promise<CodeDetails> {
  const { params, client, provider } = ctx.oidc
  const value = params?.grant_type === 'authorization_code' ? stringOf(params.code) : undefined
  if (value === undefined || client === undefined) return {}
  const code = await provider.AuthorizationCode.find(value, { ignoreExpiration: true })
  if (code === undefined) return {}
  const { uri } = withoutSecretsOf(ctx)
  return {
    code: {
      own: code.clientId === client.clientId,
      redirect_uri: code.redirectUri === undefined ? undefined : uri(code.redirectUri),
      challenge: code.codeChallenge !== undefined,
    },
  }
}
