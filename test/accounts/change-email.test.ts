import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { codeIn } from '../support/mailbox.ts'

let latchkey: Latchkey
let ahead = 0
beforeAll(async () => {
  latchkey = await startLatchkey({ clock: () => Date.now() + ahead })
})
afterAll(() => latchkey.stop())

test('ASVS 7.5.1: a new email address asks for a recent sign-in, then for its proof, and the old one is told', async () => {
  const user = await latchkey.createUser('movingada')
  const browser = createHttpBrowser()
  const account = await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
    identifier: user.username,
    password: PASSWORD,
  })

  ahead = 16 * 60_000
  const again = await browser.submit(account, { email: 'new.ada@example.com' }, { button: 'Change email' })
  expect(again.text).toContain('Sign in again')
  ahead = 0
  const confirm = await browser.signIn(again, { identifier: user.username, password: PASSWORD })
  expect(confirm.text).toContain('new.ada@example.com')
  expect((await latchkey.services.accounts.byId(user.id))?.pendingEmail).toBeNull()
  const waiting = await browser.submit(confirm, {}, { button: 'Go on' })
  expect(waiting.url.pathname).toBe('/account')
  expect(waiting.text).toContain('new.ada@example.com')
  expect((await latchkey.services.accounts.byId(user.id))?.email).toBe(user.email)

  const { link } = await latchkey.mailTo('new.ada@example.com')
  await browser.submit(await browser.open(link), {}, { button: 'Verify' })
  expect((await latchkey.services.accounts.byId(user.id))?.email).toBe('new.ada@example.com')
  expect((await latchkey.mailTo(user.email)).text).toContain('new.ada@example.com')
})

const codeOf = async (server: Latchkey, email: string): Promise<string> => codeIn(await server.mailTo(email))
/** Others than the right one, each another: the same form sent twice is done once. */
const wrongCodes = (right: string, many: number): string[] =>
  Array.from({ length: many }, (_, n) => String((Number(right) + n + 1) % 1_000_000).padStart(6, '0'))

/** A person who waits for the proof of another address, on their page. */
async function waiting(name: string) {
  const user = await latchkey.createUser(name)
  const browser = createHttpBrowser()
  const account = await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
    identifier: user.username,
    password: PASSWORD,
  })
  const email = `new.${name}@example.com`
  const page = await browser.submit(account, { email }, { button: 'Change email' })
  const code = await codeOf(latchkey, email)
  const stored = async () => (await latchkey.services.accounts.byId(user.id))?.email
  const enter = (typed: string, on = page) =>
    browser.submit(on, { 'Verification code': typed }, { button: 'Verify' })
  return { user, browser, email, page, code, stored, enter }
}

test('the code of the message verifies a new address on the page of the account, and the session goes on', async () => {
  const { user, email, page, code, stored, enter } = await waiting('codeada')
  const refused = await enter(wrongCodes(code, 1)[0] ?? '')
  expect([refused.status, refused.url.pathname]).toEqual([422, '/account'])
  expect(refused.text).toContain('That code is not right')
  expect(await stored()).toBe(user.email)

  const done = await enter(` ${code.slice(0, 3)} ${code.slice(3)} `, refused)
  expect([done.status, done.url.pathname]).toEqual([200, '/account'])
  expect(done.text).toContain('Your email address is verified.')
  expect(await stored()).toBe(email)
  expect((await latchkey.mailTo(user.email)).text).toContain(email)
  // Back, and pressed once more.
  expect((await enter(code, page)).text).toContain('No address is waiting to be verified.')
})

test('five wrong codes end it, and the right one as well; another account has no use for it', async () => {
  const one = await waiting('guessada')
  const other = await waiting('otherada')
  expect(
    (await other.enter(one.code === other.code ? (wrongCodes(one.code, 1)[0] ?? '') : one.code)).status,
  ).toBe(422)
  expect(await one.stored()).toBe(one.user.email)

  const tries = await Promise.all(wrongCodes(one.code, 8).map((wrong) => one.enter(wrong)))
  expect(tries.map(({ status }) => status)).toEqual(Array(8).fill(422))
  const over = await one.enter(one.code)
  expect([over.status, over.text.includes('Too many wrong codes')]).toEqual([422, true])
  expect(await one.stored()).toBe(one.user.email)

  await one.browser.submit(over, {}, { button: 'Resend the message' })
  expect((await one.enter(await codeOf(latchkey, one.email))).text).toContain(
    'Your email address is verified.',
  )
})

test('entering codes is limited, and right ones count for nothing', async () => {
  const limited = await startLatchkey({ env: { RATE_LIMIT: 'on', RATE_LIMIT_ONE_TIME_TOKEN: '2' } })
  try {
    const user = await limited.createUser('limitedada')
    const browser = createHttpBrowser()
    const page = await browser.signIn(await browser.open(`${limited.issuer}/login`), {
      identifier: user.username,
      password: PASSWORD,
    })
    const enter = (on: typeof page, code: string) =>
      browser.submit(on, { 'Verification code': code }, { button: 'Verify' })
    const change = async (email: string) => {
      const on = await browser.submit(
        await browser.open(`${limited.issuer}/account`),
        { email },
        { button: 'Change email' },
      )
      return { on, code: await codeOf(limited, email) }
    }
    for (const email of ['one@example.com', 'two@example.com', 'three@example.com']) {
      const { on, code } = await change(email)
      expect((await enter(on, code)).text).toContain('Your email address is verified.')
    }
    const { on, code } = await change('four@example.com')
    const statuses = []
    for (const wrong of wrongCodes(code, 3)) statuses.push((await enter(on, wrong)).status)
    expect(statuses).toEqual([422, 422, 429])
  } finally {
    await limited.stop()
  }
})
