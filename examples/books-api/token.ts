import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import * as oidc from 'openid-client'

export interface SignInOptions {
  issuer: string
  /** A public client with the redirect URI http://127.0.0.1:PORT/callback. */
  clientId: string
  port: number
  scope: string
  /** Shows the person the address to open. */
  show(url: URL): void
}

/**
 * Signs a person in from the terminal, as command lines do (RFC 8252 §7.3): the browser comes back to a port of this
 * machine. The answer's state, issuer and code are checked by the library; PKCE keeps the code useless to others.
 * @returns an access token for the API that the scopes belong to
 */
export async function signIn({ issuer, clientId, port, scope, show }: SignInOptions): Promise<string> {
  const server = new URL(issuer)
  const local = server.protocol === 'http:' && server.hostname === 'localhost'
  const config = await oidc.discovery(server, clientId, undefined, oidc.None(), {
    execute: local ? [oidc.allowInsecureRequests] : [],
  })
  const redirectUri = `http://127.0.0.1:${port}/callback`
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const expectedState = oidc.randomState()
  const callback = await new Promise<URL>((resolve, reject) => {
    const listener = createServer((request, response) => {
      const url = new URL(String(request.url), redirectUri)
      if (url.pathname !== '/callback') return void response.writeHead(404).end()
      response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' })
      response.end('You can close this tab and go back to the terminal.', () => listener.close())
      resolve(url)
    })
    listener.once('error', reject)
    listener.listen(port, '127.0.0.1', async () => {
      const code_challenge = await oidc.calculatePKCECodeChallenge(pkceCodeVerifier)
      const request = {
        redirect_uri: redirectUri,
        scope,
        state: expectedState,
        code_challenge,
        code_challenge_method: 'S256',
      }
      show(oidc.buildAuthorizationUrl(config, request))
    })
  })
  const checks = { pkceCodeVerifier, expectedState }
  const { access_token } = await oidc.authorizationCodeGrant(config, callback, checks)
  return access_token
}

if (import.meta.url === pathToFileURL(String(process.argv[1])).href) {
  const { ISSUER = 'http://localhost:3000', PORT = '4101', CLIENT_ID } = process.env
  if (!CLIENT_ID) {
    console.error('Set CLIENT_ID. See the README.')
    process.exit(1)
  }
  const token = await signIn({
    issuer: ISSUER,
    clientId: CLIENT_ID,
    port: Number(PORT),
    scope: 'openid books:read books:write',
    // Standard output is the token alone, so that a shell can take it.
    show: (url) => console.error(`Open this address and sign in:\n\n${url}\n`),
  })
  console.log(token)
}
