import { SECRET, type Snippet, type SnippetValues } from './snippet.ts'

/** Apart, so that scripts/check-imports.ts does not take it for an import of ours. */
const LIBRARY = "import * as client from 'openid-client'"

/** openid-client refuses plain http unless told otherwise. */
const insecure = ({ issuer }: SnippetValues) =>
  issuer.startsWith('http:')
    ? ',\n  { execute: [client.allowInsecureRequests] }, // http is for trying out only'
    : ','

function configuration(values: SnippetValues): string {
  const way = values.secret === 'post' ? 'ClientSecretPost' : 'ClientSecretBasic'
  const auth = values.secret ? `client.${way}(process.env.${SECRET})` : 'client.None()'
  return `const config = await client.discovery(
  new URL('${values.issuer}'),
  '${values.clientId}',
  undefined,
  ${auth}${insecure(values)}
)`
}

const web = (values: SnippetValues) => `import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
${LIBRARY}

${configuration(values)}
const redirectUri = new URL('${values.redirectUri}')
const cookie = \`Path=/; HttpOnly; SameSite=Lax\${redirectUri.protocol === 'https:' ? '; Secure' : ''}\`
// One process's memory: use your framework's sessions instead.
const sessions = new Map()

function startSession(response, data) {
  const id = randomUUID()
  sessions.set(id, data)
  response.setHeader('set-cookie', \`sid=\${id}; \${cookie}\`)
}

async function answer(request, response) {
  const url = new URL(request.url, redirectUri)
  const id = /(?:^|; )sid=([\\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
  const session = sessions.get(id)

  if (url.pathname === redirectUri.pathname && url.searchParams.has('state')) {
    sessions.delete(id)
    const tokens = await client.authorizationCodeGrant(config, url, session?.checks)
    const { sub } = tokens.claims()
    const person = await client.fetchUserInfo(config, tokens.access_token, sub)
    startSession(response, { person })
    response.writeHead(303, { location: '/' }).end()
  } else if (url.pathname === '/login') {
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const checks = {
      pkceCodeVerifier,
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
      idTokenExpected: true,
    }
    startSession(response, { checks })
    const location = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri.href,
      scope: '${values.scope}',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    response.writeHead(303, { location: location.href }).end()
  } else if (session?.person) {
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.end(\`Signed in:\\n\${JSON.stringify(session.person, null, 2)}\\n\`)
  } else {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end('<!doctype html><title>App</title><a href="/login">Sign in</a>')
  }
}

const local = redirectUri.protocol === 'http:'
const port = local ? redirectUri.port || 80 : (process.env.PORT ?? 3000)
createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error)
    response.writeHead(400, { 'content-type': 'text/plain' }).end('Signing in did not work. Start again at /')
  })
}).listen(Number(port), () => console.log(\`listening on port \${port}, open \${redirectUri.origin}/\`))
`

const native = (values: SnippetValues) => `import { once } from 'node:events'
import { createServer } from 'node:http'
${LIBRARY}

${configuration(values)}
// Any free port: on loopback the port is not compared (RFC 8252 §7.3).
const redirectUri = new URL('${values.redirectUri}')
const server = createServer().listen(0, redirectUri.hostname.replace(/[[\\]]/g, ''))
await once(server, 'listening')
redirectUri.port = server.address().port

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const checks = { pkceCodeVerifier, expectedState: client.randomState(), idTokenExpected: true }
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri.href,
  scope: '${values.scope}',
  state: checks.expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
})
console.log(\`Open this in your browser:\\n\${url.href}\`)

const [request, response] = await once(server, 'request')
const tokens = await client.authorizationCodeGrant(config, new URL(request.url, redirectUri), checks)
response.setHeader('connection', 'close')
response.end('Done. You can close this window.')
server.close()
console.log('Signed in:', tokens.claims())
`

const machine = (values: SnippetValues) => `${LIBRARY}

${configuration(values)}
const tokens = await client.clientCredentialsGrant(config, {${values.scope && `\n  scope: '${values.scope}',`}${
  values.resource ? `\n  resource: '${values.resource}',` : ''
}
})
// Send it as “Authorization: Bearer …”. Ask for the next one shortly before it expires.
console.log(\`a token for \${tokens.expires_in} seconds\`)
`

const browser = (values: SnippetValues) => `${LIBRARY}

${configuration(values)}
const redirectUri = '${values.redirectUri}'

/** Call it from your “Sign in” button. */
export async function signIn() {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  sessionStorage.setItem('checks', JSON.stringify({ pkceCodeVerifier, expectedState }))
  location.assign(
    client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: '${values.scope}',
      state: expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    }),
  )
}

/** Call it on the page of the redirect URI. */
export async function finishSignIn() {
  const checks = JSON.parse(sessionStorage.getItem('checks'))
  sessionStorage.removeItem('checks')
  const tokens = await client.authorizationCodeGrant(config, new URL(location.href), checks)
  history.replaceState(null, '', location.pathname)
  // Keep the tokens in memory, not in localStorage: any script of the page could read them there.
  return { person: tokens.claims(), tokens }
}
`

const programs = { web, native, machine, spa: browser }

/** For Node.js and browsers, certified by the OpenID Foundation. */
export const openidClient: Snippet = {
  id: 'openid-client',
  name: 'openid-client (JavaScript)',
  kinds: ['web', 'spa', 'native', 'machine'],
  fits: ({ kind, secret, redirectUri }) =>
    kind === 'spa' || (kind === 'native' ? redirectUri.startsWith('http:') : secret !== undefined),
  parts(values) {
    const file = values.kind === 'spa' ? 'sign-in.js' : 'app.mjs'
    const run = values.secret ? `${SECRET}='…' node ${file}` : `node ${file}`
    return [
      { label: file, text: programs[values.kind](values) },
      {
        label: 'Run',
        text: `npm install openid-client${values.kind === 'spa' ? '' : `\n${run}`}\n`,
      },
    ]
  },
}
