import './check-node.mjs'

// Not a static import: an older Node, which lacks it, would fail before the check above could speak.
const { enableCompileCache } = await import('node:module')
enableCompileCache()
await import('../src/server.ts')
