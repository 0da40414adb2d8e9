import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'

const WAIT = /It can take a minute to arrive: give it (1:00|0:5\d) more\./

describe.each(engines)('after a message, on %s', (engine) => {
  let latchkey: Latchkey
  let shift = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({
      engine,
      clock: () => Date.now() + shift,
      env: { EMAIL_CODES: 'on', SECOND_FACTOR: 'everyone' },
    })
  })
  afterAll(() => latchkey?.stop())
  const sentTo = async (email: string) => {
    await latchkey.services.mailer.idle()
    return (await readOutbox(`${latchkey.dataDir}/outbox`)).filter(({ to }) => to === email).length
  }

  test('that prove an address, the page says for how long one may be on its way; who asks for another gets it', async () => {
    const email = `newcomer-${engine}@example.com`
    const browser = createHttpBrowser()
    const form = await browser.open(`${latchkey.issuer}/register`)
    let page = await browser.submit(form, { username: `newcomer-${engine}`, email, password: PASSWORD })
    expect(page.text).toMatch(WAIT)
    expect(await sentTo(email)).toBe(1)
    shift += 40_000
    page = await browser.submit(page, {}, { button: 'Send a new code' })
    expect([page.status, await sentTo(email)]).toEqual([200, 2])
    // The minute of the newest.
    expect(page.text).toMatch(WAIT)
    shift += 61_000
    page = await browser.open(`${latchkey.issuer}/verify-email`)
    expect(page.text).not.toContain('It can take a minute')
  })

  test('with a code of a sign-in too; one that was not sent is on no way', async () => {
    const { email, username, id } = await latchkey.createUser()
    const browser = createHttpBrowser()
    const signIn = await browser.open(`${latchkey.issuer}/login`)
    let page = await browser.signIn(signIn, { identifier: username, password: PASSWORD })
    const before = await sentTo(email)
    expect(page.text).not.toContain('It can take a minute')
    page = await browser.submit(page, {}, { button: 'Send a code' })
    expect(page.text).toMatch(WAIT)
    for (let more = 0; more < 4; more++) {
      page = await browser.submit(page, {}, { button: 'Send a new code' })
      expect(page.status).toBe(200)
    }
    expect(await sentTo(email)).toBe(before + 5)
    shift += 61_000
    page = await browser.submit(page, {}, { button: 'Send a new code' })
    expect([page.status, page.text]).toEqual([429, expect.stringMatching(/minutes/)])
    expect(await latchkey.services.factors.resendCountdowns.left(id, 'email')).toBeUndefined()
    expect(await latchkey.services.factors.resendCountdowns.left(id, 'sms')).toBeUndefined()
  })

  test('several at once leave one that runs', async () => {
    const { id } = await latchkey.createUser()
    const { resendCountdowns } = latchkey.services.factors
    await Promise.all(Array.from({ length: 8 }, () => resendCountdowns.begin(id, 'email')))
    expect(await resendCountdowns.left(id, 'email')).toBeGreaterThan(50)
    await resendCountdowns.begin('00000000-0000-4000-8000-000000000000', 'email')
  })
})
