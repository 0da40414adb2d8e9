import './check-node.mjs'

// Not static imports: an older Node would fail at them before the check above could speak.
const { program } = await import('./compiled.mjs')
const { serve } = await program('server')
await serve()
