import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

describe.each(engines)('the page behind a verification link on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())

  /** Somebody registers with an address; the browser of its owner opens the link. */
  const linkFor = async (username: string) => {
    const email = `${username}@example.com`
    const { accountId } = await latchkey.services.accounts.register({ username, email, password: PASSWORD })
    const { link } = await latchkey.mailTo(email)
    return { email, accountId, link }
  }

  test('names the account that will own the address, and how to refuse', async () => {
    const { link, email } = await linkFor('mallory')
    const page = await createHttpBrowser().open(link)
    expect(page.text).toContain(email)
    expect(page.text).toMatch(/belongs to the account mallory, created on \d+ \w+ \d{4}\./)
    expect(page.text).toContain('If it was not you, refuse, or close this page')
  })

  test('whoever refuses ends every link and code that was sent to the address for that account', async () => {
    const { link, email, accountId } = await linkFor('intruder')
    const { accounts } = latchkey.services
    await accounts.verification.send(accountId)
    const newer = (await latchkey.mailTo(email)).link
    const code = /^\s*(\d{6})\s*$/m.exec((await latchkey.mailTo(email)).text)?.[1] ?? ''
    const browser = createHttpBrowser()
    const refused = await browser.submit(await browser.open(link), {}, { button: 'Refuse' })
    expect(refused.status).toBe(200)
    expect(refused.text).toContain(`The account intruder does not get ${email}.`)
    for (const old of [link, newer]) expect((await browser.open(old)).status).toBe(410)
    expect(await accounts.verification.byCode(accountId, code)).toEqual({ kind: 'expired' })
    expect(await accounts.byId(accountId)).toMatchObject({ email: null })
  })

  test('a refusal twice, or with a link of nobody, changes nothing', async () => {
    const { link } = await linkFor('twice')
    const browser = createHttpBrowser()
    const request = browser.prepare(await browser.open(link), {}, { button: 'Refuse' })
    const other = createHttpBrowser()
    const again = other.prepare(await other.open(link), {}, { button: 'Refuse' })
    expect((await browser.send(request)).status).toBe(200)
    expect((await other.send(again)).status).toBe(410)
    again.body?.set('token', 'x'.repeat(43))
    expect((await other.send(again)).status).toBe(410)
  })

  test('the page of a reset link, which proves an address too, names its account', async () => {
    const { email } = await linkFor('forgetful')
    await latchkey.services.accounts.forgot(email)
    const page = await createHttpBrowser().open((await latchkey.mailTo(email)).link)
    expect(page.text).toContain('For the account forgetful.')
  })
})
