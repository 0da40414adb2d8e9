import type { AuthorizationCode, KoaContextWithOIDC, Session } from 'oidc-provider'
import { withParameters } from '../authorization/exact-redirects.ts'
import type { AuthorizationRules } from '../provider/authorization-rules.ts'

// A code, and the redirect that tells it, as the library makes them of a plain request.

/** The scopes that are granted of those that were asked for, of persons before those of APIs. */
function grantedScopes({ oidc }: KoaContextWithOIDC): Set<string> {
  const { requestParamScopes: asked, resourceServers = {} } = oidc
  const grant = oidc.entities.Grant
  const granted = [
    grant?.getOIDCScopeFiltered(asked),
    ...Object.keys(resourceServers).map((api) => grant?.getResourceScopeFiltered(api, asked)),
  ]
  return new Set(granted.flatMap((scope) => (scope ?? '').split(' ').filter(Boolean)))
}

/** The code of a request whose Grant covers it; not saved yet. Undefined: nothing of it was granted. */
export function codeOf(
  ctx: KoaContextWithOIDC,
  session: Session,
  rules: AuthorizationRules,
): AuthorizationCode | undefined {
  const { client, params, provider, resourceServers } = ctx.oidc
  const scopes = grantedScopes(ctx)
  if (client === undefined || params === undefined || scopes.size === 0) return undefined
  const { clientId } = client
  const [api, ...apis] = Object.keys(resourceServers ?? {})
  const code = new provider.AuthorizationCode({
    accountId: session.accountId,
    acr: ctx.oidc.acr,
    amr: ctx.oidc.amr,
    authTime: session.authTime(),
    client,
    codeChallenge: params.code_challenge,
    codeChallengeMethod: params.code_challenge_method,
    grantId: session.grantIdFor(clientId),
    nonce: params.nonce,
    redirectUri: params.redirect_uri,
    resource: api === undefined || apis.length === 0 ? api : [api, ...apis],
    scope: [...scopes].join(' '),
    sessionUid: session.uid,
  } as never)
  if (rules.expiresWithSession(ctx, code)) code.expiresWithSession = true
  else session.authorizationFor(clientId).persistsLogout = true
  if (client.includeSid()) code.sid = session.sidFor(clientId)
  return code
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** The answer that leads back to the app, which the library writes twice: exactly as it is registered, and in words. */
export function redirectTo(uri: string, parameters: Readonly<Record<string, string>>) {
  const inWords = new URL(uri)
  for (const [name, value] of Object.entries(parameters)) inWords.searchParams.set(name, value)
  return {
    location: withParameters(uri, parameters),
    body: `Redirecting to ${inWords.href.replaceAll(/[&'<>"]/g, (character) => ESCAPES[character] ?? '')}.`,
  }
}
