#!/usr/bin/env node
import './check-node.mjs'
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('../src/cli/bin.ts')
