import { defineConfig } from 'vitest/config'

/** Files that start processes or browsers, or look at the process that they run in: each in a process of its own. */
const alone = [
  'test/bench/**/*.test.ts',
  'test/cli/**/*.test.ts',
  'test/connect/**/*.test.ts',
  'test/demo/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/examples/**/*.test.ts',
  'test/operations/**/*.test.ts',
  'test/server/**/*.test.ts',
]

const common = {
  // `latchkey/resource-server` is its source here, as for `npm run example:books`; outside it is what was compiled.
  ssr: { resolve: { conditions: ['latchkey-source', 'module', 'node', 'development'] } },
}
const patience = { testTimeout: 20_000, hookTimeout: 60_000, restoreMocks: true, unstubEnvs: true }

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    // Real databases and browsers: more workers than that only make each other late.
    maxWorkers: 2,
    projects: [
      { ...common, test: { ...patience, name: 'alone', include: alone } },
      // One process for many files: the server is imported once in it, not once a file.
      {
        ...common,
        test: {
          ...patience,
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: alone,
          isolate: false,
        },
      },
    ],
  },
})
