import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bearer, createApi } from '../../api/support.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { person, press, signInAs } from './person.ts'

describe.each(engines)('sign-ins by the JSON API, on %s', (engine) => {
  let latchkey: Latchkey
  let ahead = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + ahead })
  })
  afterAll(() => latchkey?.stop())

  const open = (who: Awaited<ReturnType<typeof person>>) =>
    who.browser.open(`${latchkey.issuer}/account/sessions`)
  const count = (text: string) =>
    text.match(/API sign-in ?Last active [^<]*? UTC ?A program that signed in on/g)?.length ?? 0

  test('“Sign out” on the pages of the account is one press, of this browser alone', async () => {
    const who = await person(latchkey)
    const other = await signInAs(latchkey, who.username)
    const out = await press(latchkey, who, '/account', 'Sign out')
    expect([out.url.pathname, out.text.includes('signed out')]).toEqual(['/logout/success', true])
    expect((await open(who)).url.pathname).toBe('/login')
    const there = await open({ ...who, browser: other })
    expect(there.url.pathname).toBe('/account/sessions')
    const forged = other.prepare(there, {}, { form: ({ action }) => action === '/account/sign-out' })
    await other.send({ ...forged, body: new URLSearchParams({ csrf_token: 'wrong' }) })
    expect((await open({ ...who, browser: other })).url.pathname).toBe('/account/sessions')
  })

  test('stand among the devices, one for each family, and each is ended by itself', async () => {
    const who = await person(latchkey)
    const api = createApi(latchkey.issuer)
    const [one, other] = [(await api.login(who.username)).json, (await api.login(who.username)).json]
    const renewed = (await api.post('/refresh', { refresh_token: one.refresh_token })).json
    const page = await open(who)
    expect(count(page.text)).toBe(2)
    expect(page.text).toMatch(/Signed in on \d+ \w+ \d{4}, \d\d:\d\d UTC/)
    expect(page.body).not.toContain(String(renewed.refresh_token))
    const done = await press(latchkey, who, '/account/sessions', 'Sign out API sign-in')
    expect(done.text).toContain('That device is signed out.')
    expect(count(done.text)).toBe(1)
    const states = await Promise.all(
      [renewed, other].map(async ({ access_token }) => (await api.me(bearer(access_token))).status),
    )
    expect(states.sort()).toEqual([200, 401])
    const last = await press(latchkey, who, '/account/sessions', 'Sign out API sign-in')
    expect(count(last.text)).toBe(0)
    for (const { refresh_token } of [renewed, other])
      expect((await api.post('/refresh', { refresh_token })).status).toBe(401)
    expect((await open(who)).url.pathname).toBe('/account/sessions')
  })

  test('of another person are not ended, and an old sign-in ends none', async () => {
    const [who, other] = [await person(latchkey), await person(latchkey)]
    const api = createApi(latchkey.issuer)
    const theirs = (await api.login(other.username)).json
    await api.login(who.username)
    const id = (await open(other)).forms
      .find(({ buttons }) => buttons.some(({ label }) => label === 'Sign out API sign-in'))
      ?.fields.find(({ name }) => name === 'id')?.value
    const request = who.browser.prepare(await open(who), {}, { button: 'Sign out API sign-in' })
    request.body?.set('id', String(id))
    expect((await who.browser.visit(request)).text).toContain('That device was signed out already.')
    expect((await api.me(bearer(theirs.access_token))).status).toBe(200)
    const page = await open(who)
    ahead = 16 * 60_000
    const asked = await who.browser.submit(page, {}, { button: 'Sign out API sign-in' })
    ahead = 0
    expect(asked.text).toContain('Sign in again')
  })

  test('end with all others', async () => {
    const who = await person(latchkey)
    const api = createApi(latchkey.issuer)
    const { access_token } = (await api.login(who.username)).json
    const second = await signInAs(latchkey, who.username)
    await press(latchkey, who, '/account/sessions', 'Sign out everywhere else')
    expect((await api.me(bearer(access_token))).status).toBe(401)
    expect((await second.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/login')
  })
})
