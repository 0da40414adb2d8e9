import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'
import { PATIENCE } from './test/support/patience.ts'

/** Folders whose files start servers, commands and browsers all the way. They come first. */
const processes = [
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
  // What hangs ends by it. On a machine with other things to do a test takes ten times as long as alone.
  testTimeout: PATIENCE * 4,
  hookTimeout: PATIENCE * 4,
  expect: { poll: { timeout: PATIENCE } },
  // One process for many files: the server is imported, and a browser launched, once in it and not once a file.
  isolate: false,
  // A young generation in which a server and its requests fit: with V8's own, of 16 MB, most of each server that starts is copied twice.
  execArgv: ['--max-semi-space-size=64', '--min-semi-space-size=64'],
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
    // One more than the two cores, since a file waits for processes of its own, a browser or PostgreSQL. Four took a fifth more time, of the wall and of the
    // processor, for the same 1,276 tests.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      { ...common, test: { ...usual, name: 'processes', include: processes } },
      { ...common, test: { ...usual, name: 'others', include: ['test/**/*.test.ts'], exclude: processes } },
    ],
  },
})
