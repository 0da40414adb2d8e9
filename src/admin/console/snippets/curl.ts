import { SECRET, type Snippet, type SnippetValues } from './snippet.ts'

const discovery = ({ issuer }: SnippetValues) => ({
  label: 'What the server can do',
  text: `curl -sS ${issuer}/.well-known/openid-configuration\n`,
})

const authentication = ({ secret, clientId }: SnippetValues) =>
  secret === 'basic'
    ? `-u "${clientId}:$${SECRET}"`
    : secret === 'post'
      ? `-d client_id=${clientId} --data-urlencode "client_secret=$${SECRET}"`
      : `-d client_id=${clientId}`

const machine = (values: SnippetValues) => {
  const { issuer, scope, resource } = values
  const lines = [
    `curl -sS ${issuer}/token`,
    authentication(values),
    '-d grant_type=client_credentials',
    ...(scope ? [`--data-urlencode "scope=${scope}"`] : []),
    ...(resource ? [`--data-urlencode "resource=${resource}"`] : []),
  ]
  return [
    { label: 'Read the secret (it is not shown while you paste it)', text: `read -rs ${SECRET}\n` },
    { label: 'Get a token', text: `${lines.join(' \\\n  ')}\n` },
    discovery(values),
  ]
}

const person = (values: SnippetValues) => {
  const { issuer, clientId, redirectUri, scope, secret } = values
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
  })
  const exchange = [
    `curl -sS ${issuer}/token`,
    authentication(values),
    '-d grant_type=authorization_code',
    `--data-urlencode "redirect_uri=${redirectUri}"`,
    '-d "code_verifier=$VERIFIER"',
    '-d "code=$CODE"',
  ]
  return [
    {
      label: '1. Make the address to open in a browser',
      text: `VERIFIER="$(openssl rand -hex 32)"
CHALLENGE="$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=')"
echo "${issuer}/authorize?${query}&code_challenge=$CHALLENGE&code_challenge_method=S256"
`,
    },
    {
      label: '2. Within a minute, exchange the code that the redirect URI gets',
      text: `${secret ? `read -rs ${SECRET}\n` : ''}CODE='…'\n${exchange.join(' \\\n  ')}\n`,
    },
    discovery(values),
  ]
}

/** By hand, for scripts and for looking at what happens. */
export const curl: Snippet = {
  id: 'curl',
  name: 'curl',
  kinds: ['web', 'spa', 'native', 'machine'],
  parts(values) {
    const keyOnly = values.secret === undefined && (values.kind === 'web' || values.kind === 'machine')
    if (keyOnly) return [discovery(values)]
    return values.kind === 'machine' ? machine(values) : person(values)
  },
}
