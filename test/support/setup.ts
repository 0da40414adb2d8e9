import { afterAll } from 'vitest'
import { cleanUp } from './cleanup.ts'
// Evaluated once a process.
import './query-plans.ts'

// Evaluated anew for each test file, also where files share a process.
afterAll(cleanUp)
