import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { press, signInAs } from '../accounts/pages/person.ts'
import { bearer, createApi } from '../api/support.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'

describe.each(engines)('the owner of an account, on %s', (engine) => {
  const clock = movableClock()
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now })
  })
  afterAll(() => latchkey?.stop())
  const at = (path: string) => `${latchkey.issuer}${path}`

  async function person() {
    const user = await latchkey.createUser()
    const factor = await withAuthenticatorApp(latchkey, user.id, clock)
    const browser = await signInAs(latchkey, user.username)
    const second = await browser.open(at('/login/verify'))
    const page = await browser.submit(second, { Code: factor.code(), remember: true }, { button: 'Continue' })
    expect(page.url.pathname).toBe('/account')
    return { ...user, factor, browser }
  }

  test('gets a message when a browser is remembered', async () => {
    const { email } = await person()
    const mail = await latchkey.mailTo(email)
    expect(mail.subject).toContain('A device is remembered')
    expect(mail.text).toMatch(/by your password alone until \d+ \w+ \d{4}/)
    expect(mail.text).toContain('/account/security')
  })

  test('is asked on a page of its own before an app password is removed', async () => {
    const who = await person()
    await press(latchkey, who, '/account/security/app-passwords', 'Create an app password', {
      Name: 'Backup',
    })
    const [made] = await latchkey.services.factors.appPasswords.list(who.id)
    const path = `/account/security/app-passwords/${made?.id}/remove`
    const list = await who.browser.open(at('/account/security/app-passwords'))
    expect(list.body).toContain(`href="${path}"`)
    const asked = await who.browser.open(at(path))
    expect(asked.text).toContain('Programs that use it are refused from then on.')
    expect(await latchkey.services.factors.appPasswords.list(who.id)).toHaveLength(1)
    const stranger = await person()
    expect((await stranger.browser.open(at(path))).url.pathname).toBe('/account/security/app-passwords')
    const done = await who.browser.submit(asked, {}, { button: 'Remove' })
    expect(done.text).toContain('The app password is removed.')
    expect(await latchkey.services.factors.appPasswords.list(who.id)).toEqual([])
  })

  test('reads of what they did by the JSON API that it was them', async () => {
    const user = await latchkey.createUser()
    const factor = await withAuthenticatorApp(latchkey, user.id, clock)
    const api = createApi(latchkey.issuer)
    const first = await api.post('/login', { username: user.username, password: PASSWORD })
    const { access_token } = (
      await api.post('/login/verify', {
        mfa_token: first.json.mfa_token,
        method: 'totp',
        code: factor.code(),
      })
    ).json
    const made = await api.call('POST', '/me/app-passwords', {
      headers: bearer(access_token),
      body: { name: 'Backup', current_password: PASSWORD },
    })
    expect(made.status).toBe(201)
    await latchkey.services.audit.idle()
    const { items } = (await api.call('GET', '/me/activity', { headers: bearer(access_token) })).json as {
      items: { text: string }[]
    }
    expect(items.map(({ text }) => text)).toContain('You created the app password “Backup”')
    await api.call('DELETE', `/me/app-passwords/${String(made.json.id)}`, {
      headers: bearer(access_token),
      body: { current_password: PASSWORD },
    })
  })
})
