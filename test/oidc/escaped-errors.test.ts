import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { databaseUnavailable } from '../../src/storage/unavailable.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { registerParty } from './party.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

const printed: unknown[] = []
beforeEach(() => {
  printed.length = 0
  vi.spyOn(console, 'error').mockImplementation((...line) => void printed.push(line))
})
afterEach(() => vi.restoreAllMocks())

/** Signs in while no session can be saved: the library saves it after everything else is done. */
async function signInWhile(failure: Error) {
  const user = await latchkey.createUser()
  const party = await registerParty(latchkey)
  const browser = createHttpBrowser({ stopAt: [party.redirectUri] })
  const page = await browser.open((await party.authorize()).url)
  const { artifacts } = latchkey.services
  const upsert = artifacts.upsert.bind(artifacts)
  vi.spyOn(artifacts, 'upsert').mockImplementation(async (model, ...rest) => {
    if (model === 'Session') throw failure
    return upsert(model, ...rest)
  })
  return browser.signIn(page, { identifier: user.username, password: PASSWORD })
}

test('a session that cannot be saved during an outage is a page with 503 and Retry-After, not a stack', async () => {
  const page = await signInWhile(databaseUnavailable(new Error('gone')))
  expect(page.status).toBe(503)
  expect(page.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(page.text).toContain('The server is busy')
  expect(page.headers.get('set-cookie')).toBeNull()
  expect(printed).toEqual([])
})

test('any other failure there is our page for our mistake, with its reason in the log only', async () => {
  const before = latchkey.log.length
  const page = await signInWhile(new Error('a detail for nobody'))
  expect(page.status).toBe(500)
  expect(page.text).toContain('Something went wrong on our side')
  expect(page.body).not.toContain('a detail for nobody')
  expect(latchkey.log.slice(before).join('')).toContain('a detail for nobody')
  expect(printed).toEqual([])
})

test('the page of an error is shown while accounts cannot be read: what it offers is looked up, and left out', async () => {
  const user = await latchkey.createUser()
  const party = await registerParty(latchkey)
  const browser = createHttpBrowser({ stopAt: [party.redirectUri] })
  await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
    identifier: user.username,
    password: PASSWORD,
  })
  vi.spyOn(latchkey.services.accounts, 'byId').mockRejectedValue(databaseUnavailable(new Error('gone')))
  const page = await browser.open(`${latchkey.issuer}/authorize?client_id=nobody&response_type=code`)
  expect(page.text).toContain('could not go on')
  expect([400, 503]).toContain(page.status)
  expect(printed).toEqual([])
})
