import { clientFixture, clientTest, npmVersions, throughWebApp } from './clients.ts'

const fixture = clientFixture()

clientTest('nuxt', () =>
  throughWebApp(fixture, 'nuxt', {
    options: {
      // What `npm create nuxt` makes, as far as it matters.
      before: 'npm install --no-audit --no-fund nuxt@4 vue vue-router typescript@5',
      files: { 'package.json': '{"private":true,"type":"module"}' },
      install: true,
      patience: 580,
      env: { NUXT_TELEMETRY_DISABLED: '1' },
      metadata: { token_endpoint_auth_method: 'client_secret_post' },
    },
    calls: '/api/call',
    // The first page is made when it is first asked for.
    refreshes: 60,
    versions: (folder) => npmVersions(folder, ['nuxt', 'nuxt-auth-utils']),
  }),
)
