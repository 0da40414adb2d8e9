#!/usr/bin/env node
// The command line, and the entry point of the container: `serve` starts the server.
import './check-node.mjs'

// Not static imports: an older Node would fail at them before the check above could speak.
const { program } = await import('./compiled.mjs')
if (process.argv[2] === 'serve') {
  const { serve } = await program('server')
  await serve()
} else {
  await program('cli')
}
