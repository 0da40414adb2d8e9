#!/usr/bin/env node
// The command line, and the entry point of the container: `serve` starts the server.
import './check-node.mjs'

// Not a static import: an older Node, which lacks it, would fail before the check above could speak.
const { enableCompileCache } = await import('node:module')
enableCompileCache()
await import(process.argv[2] === 'serve' ? '../src/server.ts' : '../src/cli/main.ts')
