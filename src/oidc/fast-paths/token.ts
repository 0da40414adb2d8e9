import type { Client, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { BeforeHooks } from '../../shared/before-hook.ts'
import { own } from '../../shared/own.ts'
import type { routes } from '../provider/routes.ts'
import { withoutEmptyScope } from '../tokens/empty-scope.ts'
import { contextOf } from './context.ts'
import { isAuthenticated, isPlain, plainCredentials } from './credentials.ts'
import { type FastPath, jsonHeaders } from './fast-path.ts'
import { type FormParameters, readForm } from './form.ts'

const HEADERS = jsonHeaders('DPoP-Nonce,WWW-Authenticate')

/** A token response (RFC 6749 §5.1), without what has no value. */
export interface TokenResponse {
  access_token: string
  expires_in: number
  scope?: string | undefined
  token_type: string
}

/** The plain case of a grant, for an authenticated client that may use it. Undefined, or what it throws: the library answers. */
export interface FastGrant {
  /** The parameters that the library takes for this grant beside those that authenticate the client. */
  parameters: readonly string[]
  /** Those that are none of the plain case. */
  others?: readonly string[]
  issue(provider: Provider, ctx: KoaContextWithOIDC, client: Client): Promise<TokenResponse | undefined>
}

/** Parameters that stand for another one, or ask for more than the plain case. */
const OTHERS = ['audience', 'authorization_details']

/** The plain case of the token endpoint (RFC 6749 §3.2): a client shows its secret, and proves nothing else. */
export function tokenPath(deps: {
  current(): Provider
  isApiCredential(id: string): boolean
  hooks: Pick<BeforeHooks, 'asked'>
  grants: Readonly<Record<string, FastGrant>>
}): FastPath {
  async function clientOf(
    provider: Provider,
    parameters: FormParameters,
    headers: Parameters<FastPath>[0]['headers'],
  ): Promise<Client | undefined> {
    const credentials = plainCredentials(headers, parameters)
    if (credentials === undefined || deps.isApiCredential(credentials.id)) return undefined
    const client = await provider.Client.find(credentials.id)
    return client && isAuthenticated(client, credentials.secret) ? client : undefined
  }

  return async ({ raw, headers, method }) => {
    if (method !== 'POST' || !isPlain(headers)) return undefined
    const parameters = await readForm(raw)
    const name = parameters?.grant_type ?? ''
    const grant = own(deps.grants, name)
    if (parameters === undefined || grant === undefined) return undefined
    if (OTHERS.some((other) => parameters[other]) || grant.others?.some((other) => parameters[other]))
      return undefined
    const provider = deps.current()
    const client = await clientOf(provider, parameters, headers)
    if (client === undefined || !client.grantTypeAllowed(name) || client.dpopBoundAccessTokens)
      return undefined
    if (deps.hooks.asked('token', client.clientId)) return undefined
    const ctx = contextOf(provider, NAME, raw, client, paramsOf(parameters, grant.parameters))
    const response = await grant.issue(provider, ctx, client)
    if (response === undefined) return undefined
    ctx.body = withoutEmptyScope(response)
    // Told as by the library: metrics, usage (provider/build.ts).
    provider.emit('grant.success', ctx)
    return { headers: HEADERS, body: JSON.stringify(ctx.body) }
  }
}

/** An empty parameter is as if it was not sent (RFC 6749 §3.2). */
function paramsOf(parameters: FormParameters, names: readonly string[]): FormParameters {
  const params: Record<string, string | undefined> = { grant_type: parameters.grant_type }
  for (const name of names) params[name] = parameters[name] || undefined
  return params
}

/** Of the endpoint, in the library and in `routes`. */
const NAME = 'token' satisfies keyof typeof routes
