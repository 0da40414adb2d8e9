import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'

describe.each(engines)('between two messages, on %s', (engine) => {
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

  test('there is a minute, which one of many that ask at once begins', async () => {
    const { id } = await latchkey.createUser()
    const { pauses } = latchkey.services.factors
    expect(await pauses.left(id, 'email')).toBeUndefined()
    const all = await Promise.all(Array.from({ length: 8 }, () => pauses.begin(id, 'email')))
    expect(all.filter((wait) => wait === undefined)).toHaveLength(1)
    expect(all.filter((wait) => wait !== undefined && wait > 50 && wait <= 60)).toHaveLength(7)
    expect(await pauses.begin(id, 'sms')).toBeUndefined()
    await pauses.cancel(id, 'email')
    expect(await pauses.left(id, 'email')).toBeUndefined()
    expect(await pauses.begin(id, 'email')).toBeUndefined()
    shift += 61_000
    expect(await pauses.left(id, 'email')).toBeUndefined()
    expect(await pauses.begin(id, 'email')).toBeUndefined()
    expect(await pauses.begin('00000000-0000-4000-8000-000000000000', 'email')).toBeUndefined()
  })

  test('that prove an address, the page says how long it is, and the button answers in words', async () => {
    const email = `newcomer-${engine}@example.com`
    const browser = createHttpBrowser()
    const form = await browser.open(`${latchkey.issuer}/register`)
    let page = await browser.submit(form, { username: `newcomer-${engine}`, email, password: PASSWORD })
    expect(page.text).toMatch(/You can resend in (1:00|0:5\d)\./)
    expect(await sentTo(email)).toBe(1)
    page = await browser.submit(page, {}, { button: 'Send a new code' })
    expect([page.status, page.text]).toEqual([
      429,
      expect.stringMatching(/One was sent a moment ago\. You can resend in (5\d seconds|1 minute)\./),
    ])
    expect(await sentTo(email)).toBe(1)
    shift += 61_000
    page = await browser.open(`${latchkey.issuer}/verify-email`)
    expect(page.text).not.toContain('You can resend in')
    page = await browser.submit(page, {}, { button: 'Send a new code' })
    expect([page.status, await sentTo(email)]).toEqual([200, 2])
    expect(page.text).toMatch(/You can resend in (1:00|0:5\d)\./)
  })

  test('with a code of a sign-in too; one that was not sent begins none', async () => {
    const { email, username, id } = await latchkey.createUser()
    const browser = createHttpBrowser()
    const signIn = await browser.open(`${latchkey.issuer}/login`)
    let page = await browser.signIn(signIn, { identifier: username, password: PASSWORD })
    const before = await sentTo(email)
    expect(page.text).not.toContain('You can resend')
    page = await browser.submit(page, {}, { button: 'Send a code' })
    expect(page.text).toMatch(/You can resend in (1:00|0:5\d)\./)
    page = await browser.submit(page, {}, { button: 'Send a new code' })
    expect([page.status, page.text]).toEqual([429, expect.stringContaining('One was sent a moment ago.')])
    expect(await sentTo(email)).toBe(before + 1)
    for (let more = 0; more < 4; more++) {
      shift += 61_000
      page = await browser.submit(page, {}, { button: 'Send a new code' })
      expect(page.status).toBe(200)
    }
    shift += 61_000
    page = await browser.submit(page, {}, { button: 'Send a new code' })
    expect([page.status, page.text]).toEqual([429, expect.stringMatching(/minutes/)])
    expect(await latchkey.services.factors.pauses.left(id, 'email')).toBeUndefined()
  })
})
