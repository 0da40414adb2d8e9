import { defineConfig } from 'vitest/config'

export default defineConfig({
  // `latchkey/resource-server` is its source here, as for `npm run example:books`; outside it is what was compiled.
  ssr: { resolve: { conditions: ['latchkey-source', 'module', 'node', 'development'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Real databases and browsers: more workers than that only make each other late.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
})
