import { defineConfig } from 'vitest/config'

/** `npm run clients`: the stacks of other languages and heavy frameworks, with what the machine has. */
export default defineConfig({
  test: {
    include: ['test/connect/**/*.clients.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 60_000,
  },
})
