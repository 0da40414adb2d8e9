import './check-node.mjs'

// Not static imports: an older Node would fail at them before the check above could speak.
await import('./compile-cache.mjs')
const { serve } = await import('../src/server.ts')
await serve()
