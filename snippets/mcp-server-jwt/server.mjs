import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import {
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthMetadataRouter,
} from '@modelcontextprotocol/sdk/server/auth/router.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import { oauthMetadata, verifier } from './verifier.mjs'

const resource = new URL('__RESOURCE__')
const scopes = '__API_SCOPE__'.split(' ')

const app = express()
app.use(express.json())
app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: resource, scopesSupported: scopes }))

const guard = requireBearerAuth({
  verifier,
  requiredScopes: [scopes[0]],
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
})

app.post(resource.pathname, guard, async (request, response) => {
  const server = new McpServer({ name: 'tools', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who uses these tools' }, ({ authInfo }) => ({
    content: [{ type: 'text', text: `You are ${authInfo.extra.sub}` }],
  }))
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  response.on('close', () => server.close())
  await server.connect(transport)
  await transport.handleRequest(request, response, request.body)
})
// No stream of events and no sessions: each request stands alone.
app.all(resource.pathname, guard, (_request, response) => response.status(405).set('allow', 'POST').end())

app.listen(__RESOURCE_PORT__, () => console.log(`listening for ${resource}`))
