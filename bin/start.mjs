import './check-node.mjs'
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('../src/server.ts')
