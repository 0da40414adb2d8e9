import { redirectNote } from './auth-js.ts'
import type { Snippet, SnippetValues } from './snippet.ts'

export const proxyConfiguration = ({ issuer, clientId, redirectUri, scope }: SnippetValues) => {
  const { origin, protocol } = new URL(redirectUri)
  return `provider = "oidc"
provider_display_name = "Latchkey"
oidc_issuer_url = "${issuer}"
client_id = "${clientId}"
redirect_url = "${origin}/oauth2/callback"
scope = "${scope}"
code_challenge_method = "S256"
# Everybody who can sign in at Latchkey.
email_domains = ["*"]
cookie_secure = ${protocol === 'https:'}
`
}

export const proxyRun = `# Read by oauth2-proxy from its environment:
export OAUTH2_PROXY_CLIENT_SECRET='…'
export OAUTH2_PROXY_COOKIE_SECRET="$(openssl rand -hex 16)"
oauth2-proxy --config oauth2-proxy.cfg
`

/** oauth2-proxy before an application that knows nothing of sign-in. */
export const oauth2Proxy: Snippet = {
  id: 'oauth2-proxy',
  name: 'oauth2-proxy',
  kinds: ['web'],
  fits: ({ secret }) => secret !== undefined,
  parts: (values) => [
    {
      label: 'oauth2-proxy.cfg',
      text: `${proxyConfiguration(values)}http_address = "127.0.0.1:4180"
upstreams = ["http://127.0.0.1:8080"]
`,
    },
    { label: 'Run', text: proxyRun },
    ...redirectNote(values.redirectUri, '/oauth2/callback'),
  ],
}
