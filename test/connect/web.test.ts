import type { Page } from 'playwright-core'
import { describe, test } from 'vitest'
import { press } from '../e2e/steps.ts'
import { clientFixture, throughWebApp, type WebWay } from './clients.ts'
import { needsPackages } from './packages.ts'

/** Each snippet as the console shows it, for a client with nothing but redirect URIs, driven by a real browser. */

needsPackages()
const fixture = clientFixture()

const button = (name: string) => (page: Page) => press(page, name)

const WAYS: ({ stack: string } & WebWay)[] = [
  { stack: 'openid-client', calls: '/api', leave: (page) => page.goto(new URL('/logout', page.url()).href) },
  {
    stack: 'openid-client',
    options: { metadata: { token_endpoint_auth_method: 'client_secret_post' }, path: '/login' },
    leave: (page) => page.goto(new URL('/logout', page.url()).href),
  },
  {
    stack: 'express-passport',
    calls: '/api',
    options: { metadata: { token_endpoint_auth_method: 'client_secret_post' } },
  },
  { stack: 'express-openid-connect', calls: '/api' },
  { stack: 'auth-js-express', enter: button('Sign in'), leave: button('Sign out') },
  // Each page renews the tokens, not each quarter of an hour.
  { stack: 'hono', options: { env: { OIDC_AUTH_REFRESH_INTERVAL: '-1' } } },
  {
    stack: 'sveltekit',
    // What `sv create` makes.
    options: {
      files: {
        'vite.config.js':
          "import { sveltekit } from '@sveltejs/kit/vite'\nexport default { plugins: [sveltekit()] }\n",
        'src/app.html':
          '<!doctype html><html lang="en"><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>\n',
      },
    },
    enter: button('Sign in'),
    leave: button('Sign out'),
  },
  {
    stack: 'oidc-client-ts',
    options: { metadata: { token_endpoint_auth_method: 'none' } },
    enter: button('Sign in'),
    leave: button('Sign out'),
    stays: true,
  },
]

describe('connected with issuer, id and secret only', () => {
  test.each(WAYS)(
    '$stack signs in, shows who it is, refreshes, signs out',
    async ({ stack, ...way }) => {
      await throughWebApp(fixture, stack, way)
    },
    120_000,
  )
})
