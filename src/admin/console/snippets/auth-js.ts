import { SECRET, type Snippet } from './snippet.ts'

/** Auth.js 5 (next-auth) in a Next.js application. */
export const authJs: Snippet = {
  id: 'auth-js',
  name: 'Auth.js (Next.js)',
  kinds: ['web'],
  fits: ({ secret }) => secret !== undefined,
  parts: ({ issuer, clientId, secret, redirectUri, scope }) => [
    {
      label: 'auth.ts',
      text: `import NextAuth from 'next-auth'

export const { handlers, signIn, signOut, auth } = NextAuth({
  providers: [
    {
      id: 'latchkey',
      name: 'Latchkey',
      type: 'oidc',
      issuer: '${issuer}',
      clientId: '${clientId}',
      clientSecret: process.env.${SECRET},
      checks: ['pkce', 'state', 'nonce'],
      authorization: { params: { scope: '${scope}' } },${
        secret === 'post' ? "\n      client: { token_endpoint_auth_method: 'client_secret_post' }," : ''
      }
    },
  ],
})
`,
    },
    {
      label: 'app/api/auth/[...nextauth]/route.ts',
      text: `import { handlers } from '@/auth'

export const { GET, POST } = handlers
`,
    },
    {
      label: '.env.local',
      text: `# npx auth secret
AUTH_SECRET=…
${SECRET}=…
`,
    },
    ...redirectNote(redirectUri, '/api/auth/callback/latchkey'),
  ],
}

/** The address that a library insists on, where the client is registered with another one. */
export function redirectNote(redirectUri: string, path: string) {
  const { origin, pathname } = new URL(redirectUri)
  if (pathname === path) return []
  return [{ label: 'Redirect URI to register', text: `${origin}${path}\n` }]
}
