// Fills the compile cache, so that the first start after `npm ci` is as quick as any. Starts nothing.
import './check-node.mjs'

await import('./compile-cache.mjs')
for (const module of [
  '../src/server.ts',
  '../src/cli/run.ts',
  '../src/storage/generated/sqlite/client.ts',
  '../src/storage/generated/postgresql/client.ts',
])
  await import(module)
