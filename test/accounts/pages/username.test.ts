import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bearer, createApi } from '../../api/support.ts'
import { createHttpBrowser } from '../../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'
import { person, press, signInAs } from './person.ts'

describe.each(engines)('another username, on %s', (engine) => {
  let latchkey: Latchkey
  let ahead = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + ahead })
  })
  afterAll(() => latchkey?.stop())

  const change = (who: Awaited<ReturnType<typeof person>>, username: string) =>
    press(latchkey, who, '/account', 'Change username', { 'New username': username })
  const nameOf = async (id: string) => (await latchkey.services.accounts.byId(id))?.displayUsername

  test('signs in from then on, the old one no more; the owner is told by mail, the log by an entry', async () => {
    const who = await person(latchkey)
    const done = await change(who, `New.${who.username}`)
    expect(done.text).toContain('Your username is changed.')
    expect(done.text).toContain(`Signed in as New.${who.username}`)
    const mail = await latchkey.mailTo(who.email)
    expect(mail.subject).toContain('Your username')
    expect(mail.text).toContain(`New.${who.username}`)
    const old = createHttpBrowser()
    const refused = await old.signIn(await old.open(`${latchkey.issuer}/login`), {
      identifier: who.username,
      password: PASSWORD,
    })
    expect(refused.status).toBe(401)
    const again = await signInAs(latchkey, `new.${who.username}`)
    expect((await again.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/account')
    await latchkey.services.audit.idle()
    const { items } = await latchkey.services.audit.list({
      target: who.id,
      action: 'account.username_changed',
    })
    expect(items[0]?.details).toEqual({
      before: { username: who.username },
      after: { username: `New.${who.username}` },
    })
  })

  test('that is taken, reserved or malformed is refused beside the field, and kept there', async () => {
    const [who, other] = [await person(latchkey), await person(latchkey)]
    for (const [username, status] of [
      [other.username.toUpperCase(), 409],
      ['admin', 422],
      ['a b', 422],
      ['x@example.com', 422],
      ['', 422],
    ] as const) {
      const refused = await change(who, username)
      expect([username, refused.status]).toEqual([username, status])
      expect(refused.body).toContain('id="field-username-error"')
      expect(refused.body).toContain(username === '' ? 'id="field-username"' : `value="${username}"`)
    }
    expect(await nameOf(who.id)).toBe(who.username)
  })

  test('of two people who want one at once, one has it', async () => {
    const people = [await person(latchkey), await person(latchkey)]
    const pages = await Promise.all(people.map((who) => change(who, `wanted-${engine}`)))
    expect(pages.map(({ status }) => status).sort()).toEqual([200, 409])
  })

  test('asks for a recent sign-in', async () => {
    const who = await person(latchkey)
    const page = await who.browser.open(`${latchkey.issuer}/account`)
    ahead = 16 * 60_000
    const asked = await who.browser.submit(page, { 'New username': 'later' }, { button: 'Change username' })
    ahead = 0
    expect(asked.text).toContain('Sign in again')
    expect(await nameOf(who.id)).toBe(who.username)
  })

  test('“Sign out everywhere” ends this browser, the others and the tokens of the JSON API', async () => {
    const who = await person(latchkey)
    const other = await signInAs(latchkey, who.username)
    const api = createApi(latchkey.issuer)
    const { access_token } = (await api.login(who.username)).json
    const done = await press(latchkey, who, '/account/sessions', 'Sign out everywhere')
    expect(done.url.pathname).toBe('/login')
    expect(done.text).toContain('You are signed out everywhere.')
    for (const browser of [who.browser, other])
      expect((await browser.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/login')
    expect((await api.me(bearer(access_token))).status).toBe(401)
  })
})
