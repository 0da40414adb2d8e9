import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'vitest'
import { press } from '../e2e/steps.ts'
import { clientFixture, throughWebApp } from './clients.ts'
import { needsPackages } from './packages.ts'

needsPackages()
const fixture = clientFixture()

/**
 * Next.js is too heavy for each test run (`npm run clients` has it). Its handler of pages/api is a function of a request and a
 * response with what Express gives them, so that the file runs unchanged behind Express; the page is NextAuth's own.
 */
test('the handler of NextAuth 4 signs in, shows who it is, refreshes, signs out', async () => {
  const host = await readFile(resolve(import.meta.dirname, 'next-auth-host.mjs'), 'utf8')
  await throughWebApp(fixture, 'next-auth-4', {
    options: {
      files: { 'host.mjs': host },
      run: (port) => `set -a; . ./.env.local; node host.mjs ${port}`,
    },
    enter: (page) => press(page, 'Sign in with Latchkey'),
    leave: (page) => press(page, 'Sign out'),
  })
})
