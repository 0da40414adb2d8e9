import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

/**
 * Folders whose files are about a process: they start servers, commands and browsers all the way, or look at the process
 * that they run in. Each has a process of its own. Elsewhere a file may start one too; it shares its own with others.
 */
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
const usual = {
  testTimeout: 20_000,
  hookTimeout: 60_000,
  restoreMocks: true,
  unstubEnvs: true,
  setupFiles: ['test/support/setup.ts'],
  // Node runs the TypeScript as it does outside of tests, and keeps what it compiled where the program keeps it too.
  experimental: { viteModuleRunner: false, nodeLoader: false },
  env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/latchkey', import.meta.url)) },
}

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    // Real databases and browsers: more workers than that only make each other late.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      // They start processes, which takes long on a machine with other things to do.
      { ...common, test: { ...usual, name: 'alone', include: alone, testTimeout: 60_000 } },
      // One process for many files: the server is imported once in it, not once a file.
      {
        ...common,
        test: {
          ...usual,
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: alone,
          isolate: false,
        },
      },
    ],
  },
})
