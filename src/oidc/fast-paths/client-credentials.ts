import type { DefaultResource } from '../placement/default-resource.ts'
import type { ResourceServerInfo } from '../tokens/resources.ts'
import type { FastGrant } from './token.ts'

/** What decides what a token is for, of the library's configuration. */
export interface Targets {
  defaultResource: DefaultResource
  getResourceServerInfo: ResourceServerInfo
}

/**
 * The plain case of client credentials (RFC 6749 §4.4): for one API, named or by the scopes. The token is a model of the library's and is saved by
 * it, so that it is stored or signed as every other.
 */
export const clientCredentials = ({ defaultResource, getResourceServerInfo }: Targets): FastGrant => ({
  parameters: ['scope', 'resource'],
  async issue(provider, ctx, client) {
    const { params } = ctx.oidc
    const resource = params?.resource ?? (await defaultResource(ctx, client))
    if (typeof resource !== 'string') return undefined
    // It refuses scopes that are not of the API, or not registered for the client, and chooses those of a request without any.
    const server = await getResourceServerInfo(ctx, resource, client)
    const scope = [...ctx.oidc.requestParamScopes].join(' ')
    const token = new provider.ClientCredentials({ client, scope })
    token.resourceServer = new provider.ResourceServer(resource, server)
    const access_token = await token.save()
    return { access_token, expires_in: token.expiration, scope, token_type: token.tokenType }
  },
})
