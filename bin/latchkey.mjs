#!/usr/bin/env node
// The command line, and the entry point of the container: `serve` starts the server.
import './check-node.mjs'

// Not static imports: an older Node would fail at them before the check above could speak.
await import('./compile-cache.mjs')
if (process.argv[2] === 'serve') {
  const { serve } = await import('../src/server.ts')
  await serve()
} else {
  await import('../src/cli/main.ts')
}
