import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { jobClient, jobs } from '../support/job.ts'
import { PASSWORD } from '../support/latchkey.ts'
import type { RelyingParty } from '../support/relying-party.ts'
import { withServices } from './installation.ts'
import { relyingParty } from './load.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const ACCOUNTS = 40
const STORM = 200
const MIB = 1024

let server: ServerProcess
let party: RelyingParty
const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-overload-'))

beforeAll(async () => {
  const env = { DATA_DIR: dataDir }
  const client = await withServices(env, async ({ accounts, clients, resources }) => {
    await resources.add(jobs)
    for (let each = 0; each < ACCOUNTS; each++) {
      const username = `person${each}`
      await accounts.createByAdmin({
        username,
        email: `${username}@example.com`,
        password: PASSWORD,
        verified: true,
      })
    }
    const created = await clients.create({ client_name: 'Job', ...jobClient })
    return { ...created, redirect_uri: '' }
  })
  server = await startServer(env)
  party = await relyingParty(server.issuer, client)
})
afterAll(async () => {
  await server.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

/** A sign-in that was refused is led back to the form, whose page has the reason. */
function outcome({ status, headers }: Response): number | 'signed in' {
  if (status !== 303) return status
  if (!/^\/login(\?|$)/.test(headers.get('location') ?? '')) return 'signed in'
  return headers.has('retry-after') ? 429 : 401
}

test('a storm of sign-ins is answered within bounds, and the token endpoint goes on', async () => {
  // Each from a browser of its own: one form sent twice from the same browser is one sign-in.
  const visitors = await Promise.all(
    Array.from({ length: STORM + 1 }, async () => {
      const browser = createHttpBrowser()
      const page = await browser.open(`${server.issuer}/login`)
      return (identifier: string, password: string) => {
        const form = { 'Email or username': identifier, Password: password }
        return browser.send(browser.prepare(page, form, { button: 'Sign in' }))
      }
    }),
  )
  const latecomer = visitors.pop()
  const before = server.memory()

  let answered = 0
  const storm = Promise.all(
    visitors.map(async (signIn, index) => {
      const right = index < STORM / 2
      const answer = await signIn(`person${index % ACCOUNTS}`, right ? PASSWORD : `${PASSWORD} not`)
      answered += 1
      await answer.body?.cancel()
      return { right, status: outcome(answer), retryAfter: answer.headers.get('retry-after') }
    }),
  )
  let raging = true
  storm.finally(() => {
    raging = false
  })
  // How many sign-ins were answered while each token was on its way.
  const overtaken: number[] = []
  while (raging) {
    const before = answered
    expect((await party.clientCredentials({ scope: jobs.scope })).access_token).toBeTypeOf('string')
    overtaken.push(answered - before)
  }
  const answers = await storm

  const allowed = new Set<number | string>(['signed in', 401, 503])
  expect(answers.filter(({ status }) => !allowed.has(status))).toEqual([])
  const refused = answers.filter(({ status }) => status === 503)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.length).toBeLessThan(STORM)
  for (const { retryAfter } of refused) expect(Number(retryAfter)).toBeGreaterThan(0)
  // A wrong password never signs in; a right one that was checked does, unless the storm locked its account.
  expect(answers.filter(({ right, status }) => !right && status === 'signed in')).toEqual([])
  expect(answers.filter(({ right, status }) => right && status === 'signed in').length).toBeGreaterThan(0)

  // A token that stood behind the hashes would come after all that wait, 64 and more.
  expect(overtaken.length).toBeGreaterThan(5)
  overtaken.sort((a, b) => a - b)
  const median = overtaken[overtaken.length >> 1]
  console.log(`${overtaken.length} tokens during the storm, half of them behind at most ${median} sign-ins`)
  expect(median).toBeLessThan(16)

  const after = server.memory()
  console.log(
    `memory ${Math.round(before / MIB)} → ${Math.round(after / MIB)} MiB, ${refused.length} refused`,
  )
  expect(after - before).toBeLessThan(200 * MIB)

  // The queue has drained.
  const late = await latecomer?.('nobody', PASSWORD)
  expect(late && outcome(late)).toBe(401)
  expect(server.stderr.filter((line) => /^\s+at |Error/.test(line))).toEqual([])
})
