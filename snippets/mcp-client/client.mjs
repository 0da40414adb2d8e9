import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { auth, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const serverUrl = new URL('__RESOURCE__')

// Any free port: on loopback the port is not compared (RFC 8252 §7.3).
const redirectUri = new URL('__REDIRECT_URI__')
const listener = createServer().listen(0, redirectUri.hostname.replace(/[[\]]/g, ''))
await once(listener, 'listening')
redirectUri.port = listener.address().port

const state = randomUUID()
let tokens
let verifier
/** Keep the tokens where only this person's programs can read them; here they are gone with the process. */
const authProvider = {
  redirectUrl: redirectUri.href,
  clientMetadata: {
    redirect_uris: [redirectUri.href],
    token_endpoint_auth_method: 'none',
    scope: '__API_SCOPE__',
  },
  clientInformation: () => ({ client_id: '__CLIENT_ID__', issuer: '__ISSUER__' }),
  state: () => state,
  tokens: () => tokens,
  saveTokens: (saved) => {
    tokens = saved
  },
  codeVerifier: () => verifier,
  saveCodeVerifier: (saved) => {
    verifier = saved
  },
  redirectToAuthorization: (url) => console.log(`Open this in your browser:\n${url.href}`),
}

/** The code that the browser brings. */
async function code() {
  const [request, response] = await once(listener, 'request')
  response.setHeader('connection', 'close')
  const answer = new URL(request.url, redirectUri).searchParams
  if (answer.get('state') !== state || answer.get('iss') !== '__ISSUER__') throw new Error('not our answer')
  response.end('Done. You can close this window.')
  if (answer.has('error')) throw new Error(answer.get('error_description') ?? answer.get('error'))
  return answer.get('code')
}

async function connect() {
  const client = new Client({ name: 'app', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(serverUrl, { authProvider })
  try {
    await client.connect(transport)
    return client
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(await code())
    return connect()
  }
}

const client = await connect()
listener.close()
const { tools } = await client.listTools()
console.log('Tools:', tools.map(({ name }) => name).join(', '))
const { content } = await client.callTool({ name: tools[0].name })
console.log(content[0].text)

// The SDK renews the tokens by itself when the server answers 401; by hand it is:
await auth(authProvider, { serverUrl })
console.log('Refreshed:', (await client.callTool({ name: tools[0].name })).content[0].text)
await client.close()
