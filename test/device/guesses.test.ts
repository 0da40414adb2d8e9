import { afterEach, beforeEach, expect, test } from 'vitest'
import { limits } from '../../src/shared/limits.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

const [perAddress, perAccount] = limits.deviceCode

let latchkey: Latchkey
beforeEach(async () => {
  latchkey = await startLatchkey({ env: { RATE_LIMIT: 'on' } })
})
afterEach(() => latchkey.stop())

const signedIn = async (email: string): Promise<HttpBrowser> => {
  const browser = createHttpBrowser()
  const login = await browser.open(`${latchkey.issuer}/login`)
  await browser.signIn(login, { identifier: email, password: PASSWORD })
  return browser
}
/** How many of these wrong codes are answered as such; the others are over the limit. */
const guess = async (browser: HttpBrowser, times: number): Promise<number> => {
  const page = await browser.open(`${latchkey.issuer}/device`)
  let answered = 0
  for (let n = 0; n < times; n++) {
    const { status } = await browser.visit(
      browser.prepare(page, { Code: 'BCDF-GHJK' }, { button: 'Continue' }),
    )
    expect([422, 429]).toContain(status)
    if (status === 422) answered++
  }
  return answered
}

test('wrong codes of a stranger lock nobody out who is known at the same address', async () => {
  const { email } = await latchkey.createUser()
  const known = await signedIn(email)
  expect(await guess(createHttpBrowser(), perAddress.max + 3)).toBe(perAddress.max)
  expect(await guess(known, 1)).toBe(1)
})

test('an account has one count, in however many browsers it is signed in', async () => {
  const { email } = await latchkey.createUser()
  let answered = 0
  for (let n = 0; n < 4; n++) answered += await guess(await signedIn(email), 4)
  expect(answered).toBe(perAccount.max)
})

test('the device cookie of an account that is signed out, or of another one, does not spare the address', async () => {
  const known = await signedIn((await latchkey.createUser()).email)
  await known.submit(await known.open(`${latchkey.issuer}/logout`), {}, { button: 'Sign out' })
  expect(await guess(createHttpBrowser(), perAddress.max)).toBe(perAddress.max)
  expect(await guess(known, 1)).toBe(0)
})

test('a form over the limit leaves nothing in the database, however much was typed', async () => {
  const browser = await signedIn((await latchkey.createUser()).email)
  await guess(browser, perAccount.max)
  const page = await browser.open(`${latchkey.issuer}/device`)
  const prepared = browser.prepare(page, { Code: 'BCDF-GHJK' }, { button: 'Continue' })
  const kept = () =>
    latchkey.services.db.artifacts.all("SELECT payload FROM artifacts WHERE model = 'KeptForm'")
  const before = await kept()
  for (let n = 0; n < 3; n++) {
    const body = new URLSearchParams(prepared.body)
    body.set('more', `${n}${'y'.repeat(11_000)}`)
    const answer = await browser.send({ ...prepared, body, headers: { 'sec-fetch-site': 'same-origin' } })
    expect(answer.status).toBe(303)
  }
  expect(await kept()).toEqual(before)
  const shown = await browser.open(`${latchkey.issuer}/device`)
  expect([shown.status, shown.text]).toEqual([429, expect.stringContaining('Too many attempts')])
})
