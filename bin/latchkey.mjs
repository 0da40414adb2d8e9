#!/usr/bin/env node
// The command line, and the entry point of the container: `serve` starts the server.
import './check-node.mjs'
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import(process.argv[2] === 'serve' ? '../src/server.ts' : '../src/cli/main.ts')
