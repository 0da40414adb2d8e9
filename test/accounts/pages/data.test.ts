import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../../admin/console.ts'
import { bearer, createApi } from '../../api/support.ts'
import { createSecurityFixture } from '../../security/attacker.ts'
import { createHttpBrowser } from '../../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'
import { person, press, signInAs } from './person.ts'

const DAY = 86_400_000

describe.each(engines)('on %s', (engine) => {
  let latchkey: Latchkey
  let ahead = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + ahead })
  })
  afterAll(() => latchkey?.stop())

  const accounts = () => latchkey.services.accounts
  const at = (path: string) => `${latchkey.issuer}${path}`
  const actionsOn = async (target: string) =>
    (await latchkey.services.audit.list({ target }, { limit: 20 })).items.map(({ action }) => action)

  describe('the download', () => {
    test('is one JSON document of everything that is held about the person, without secrets', async () => {
      const who = await person(latchkey)
      await accounts().updateProfile(who.id, { nickname: 'Addie', address: { country: 'France' } })
      await latchkey.services.consents.allow(who.id, 'gone', { scopes: ['openid'], resources: {} })
      await accounts().changeEmail(who.id, `next-${who.email}`, {})
      const page = await press(latchkey, who, '/account/data', 'Download my data')
      const data = JSON.parse(page.body)
      expect(data).toMatchObject({
        issuer: latchkey.issuer,
        account: {
          username: who.username,
          email: who.email,
          nickname: 'Addie',
          address: { country: 'France' },
        },
        linked_sign_ins: [],
        sessions: [expect.objectContaining({ signed_in_at: expect.any(String) })],
        consents: [expect.objectContaining({ client_id: 'gone', scopes: ['openid'] })],
      })
      expect(data.activity_on_your_account.map(({ action }: { action: string }) => action)).toContain(
        'account.profile_changed',
      )
      expect(page.body).not.toMatch(/argon2|hash|"secret|sealed|token/i)
    })

    test('holds nothing of other people, also not what an administrator did to them', async () => {
      const { browser, id } = await signedIn(latchkey)
      const other = await latchkey.createUser('somebody.else')
      const form = await browser.open(at(`/admin/users/${other.id}`))
      await browser.submit(form, {}, { form: ({ action }) => action.endsWith('/disable') })
      const data = await press(latchkey, { browser }, '/account/data', 'Download my data')
      expect(data.body).not.toContain('somebody.else')
      expect(JSON.parse(data.body).your_other_activity).toContainEqual(
        expect.objectContaining({ action: 'account.disabled', target: { kind: 'account', id: other.id } }),
      )
      expect(JSON.parse(data.body).account.id).toBe(id)
    })

    test('asks for a recent sign-in, by its form and by its address', async () => {
      const who = await person(latchkey)
      const page = await who.browser.open(at('/account/data'))
      ahead = 16 * 60_000
      try {
        expect((await who.browser.submit(page, {}, { button: 'Download my data' })).text).toContain(
          'Sign in again',
        )
        expect((await who.browser.open(at('/account/data/download'))).url.pathname).toBe('/account/data')
      } finally {
        ahead = 0
      }
    })

    test('is the same by GET /api/auth/me/export, by a token, and not by HTTP Basic', async () => {
      const who = await person(latchkey)
      const api = createApi(latchkey.issuer)
      const { access_token } = (await api.login(who.username)).json
      const answer = await api.call('GET', '/me/export', { headers: bearer(access_token) })
      expect(answer).toMatchObject({ status: 200, json: { account: { username: who.username } } })
      const basic = `Basic ${Buffer.from(`${who.username}:${PASSWORD}`).toString('base64')}`
      const refused = await api.call('GET', '/me/export', { headers: { authorization: basic } })
      expect([refused.status, refused.json.code]).toEqual([403, 'insufficient_user_authentication'])
      expect((await api.call('GET', '/me/export')).status).toBe(401)
    })

    test('is not for browsers without a sign-in', async () => {
      const page = await createHttpBrowser().open(at('/account/data/download'))
      expect(page.url.pathname).toBe('/login')
    })
  })

  describe('deleting one’s account', () => {
    const ask = async (who: Awaited<ReturnType<typeof person>>) =>
      press(latchkey, who, '/account/data/delete', 'Delete my account')

    test('ends every sign-in at once, and a message says when it is deleted', async () => {
      const who = await person(latchkey)
      const other = await signInAs(latchkey, who.username)
      const api = createApi(latchkey.issuer)
      const { access_token } = (await api.login(who.username)).json
      const done = await ask(who)
      expect(done.url.pathname).toBe('/account/data/deleted')
      for (const browser of [who.browser, other])
        expect((await browser.open(at('/account'))).url.pathname).toBe('/login')
      expect((await api.me(bearer(access_token))).status).toBe(401)
      const mail = await latchkey.mailTo(who.email)
      expect(mail.subject).toContain('will be deleted')
      expect(mail.text).toContain('Keep my account')
      const login = await api.post('/login', { username: who.username, password: PASSWORD })
      expect([login.status, login.json.code]).toEqual([403, 'account_leaving'])
      const basic = `Basic ${Buffer.from(`${who.username}:${PASSWORD}`).toString('base64')}`
      expect((await api.me({ authorization: basic })).status).toBe(403)
      expect(await actionsOn(who.id)).toContain('account.deletion_requested')
    })

    test('asks for a recent sign-in, and nothing is done before', async () => {
      const who = await person(latchkey)
      const page = await who.browser.open(at('/account/data/delete'))
      ahead = 16 * 60_000
      try {
        expect((await who.browser.submit(page, {}, { button: 'Delete my account' })).text).toContain(
          'Sign in again',
        )
      } finally {
        ahead = 0
      }
      expect((await accounts().byId(who.id))?.deletionAt).toBeNull()
    })

    test('a sign-in before the day asks whether to keep it, and signs in to nothing', async () => {
      const who = await person(latchkey)
      await ask(who)
      const browser = createHttpBrowser()
      const credentials = { identifier: who.username, password: PASSWORD }
      const asked = await browser.signIn(await browser.open(at('/login')), credentials)
      expect(asked.text).toContain('Your account will be deleted on')
      expect((await browser.open(at('/account'))).url.pathname).toBe('/login')
      const left = await browser.submit(asked, {}, { button: 'Sign out' })
      expect(left.url.pathname).toBe('/')
      expect((await browser.open(at('/account/deletion'))).url.pathname).toBe('/login')
      expect((await accounts().byId(who.id))?.deletionAt).not.toBeNull()

      const again = await browser.signIn(await browser.open(at('/login')), credentials)
      const kept = await browser.submit(again, {}, { button: 'Keep my account' })
      expect(kept.text).toContain('Your account is kept.')
      expect(await accounts().byId(who.id)).toMatchObject({ deletionAt: null, disabledAt: null })
      expect((await browser.signIn(kept, credentials)).url.pathname).toBe('/account')
      expect(await actionsOn(who.id)).toContain('account.deletion_cancelled')
    })

    test('a wrong password says nothing of it, and counts', async () => {
      const who = await person(latchkey)
      await ask(who)
      const browser = createHttpBrowser()
      const refused = await browser.signIn(await browser.open(at('/login')), {
        identifier: who.username,
        password: 'not-the-password',
      })
      expect([refused.status, refused.url.pathname]).toEqual([401, '/login'])
      expect(refused.text).not.toContain('deleted')
    })

    test('whom an administrator disables meanwhile cannot keep the account, and an administrator can', async () => {
      const who = await person(latchkey)
      await ask(who)
      const browser = createHttpBrowser()
      const credentials = { identifier: who.username, password: PASSWORD }
      const asked = await browser.signIn(await browser.open(at('/login')), credentials)
      ahead = 1000
      await accounts().disable(who.id)
      ahead = 0
      expect((await browser.submit(asked, {}, { button: 'Keep my account' })).status).toBe(410)
      expect((await browser.signIn(await browser.open(at('/login')), credentials)).status).toBe(401)
      await accounts().enable(who.id)
      expect(await accounts().byId(who.id)).toMatchObject({ deletionAt: null, disabledAt: null })
    })

    test('the page that keeps it is of the browser that signed in, and of that generation', async () => {
      const who = await person(latchkey)
      await ask(who)
      const browser = createHttpBrowser()
      const asked = await browser.signIn(await browser.open(at('/login')), {
        identifier: who.username,
        password: PASSWORD,
      })
      const stranger = createHttpBrowser()
      await stranger.open(at('/login'))
      const request = browser.prepare(asked, {}, { button: 'Keep my account' })
      await (await stranger.send(request)).body?.cancel()
      expect((await accounts().byId(who.id))?.deletionAt).not.toBeNull()
      await accounts().endSessions(who.id)
      expect((await browser.submit(asked, {}, { button: 'Keep my account' })).status).toBe(410)
    })

    test('on the day everything of it goes, and the username is free; no day earlier', async () => {
      const who = await person(latchkey)
      await latchkey.services.consents.allow(who.id, 'gone', { scopes: ['openid'], resources: {} })
      await ask(who)
      ahead = 14 * DAY - 60_000
      try {
        await accounts().deletion.purge()
        expect(await accounts().byId(who.id)).toBeDefined()
        ahead = 14 * DAY + 60_000
        const results = await Promise.all([accounts().deletion.purge(), accounts().deletion.purge()])
        expect(Math.max(...results)).toBeGreaterThan(0)
        expect(await accounts().byId(who.id)).toBeUndefined()
        expect(await latchkey.services.consents.list(who.id)).toEqual([])
        expect(await accounts().deletion.keep(who.id, { generation: 1, amr: ['pwd'] })).toBe('over')
        await latchkey.services.audit.idle()
        const { items } = await latchkey.services.audit.list({ target: who.id, action: 'account.deleted' })
        expect(items).toHaveLength(1)
        expect(items[0]?.target).toEqual({ kind: 'account', id: who.id })
        expect(
          (await accounts().register({ username: who.username, email: 'x@example.com', password: PASSWORD }))
            .accountId,
        ).not.toBe(who.id)
      } finally {
        ahead = 0
      }
    })

    test('an app’s flow goes on once the account is kept', async () => {
      const who = await person(latchkey)
      await ask(who)
      const fixture = createSecurityFixture(latchkey)
      const url = fixture.authorizeUrl(await fixture.client({ first_party: false }))
      const browser = createHttpBrowser()
      const asked = await browser.signIn(await browser.open(url), {
        identifier: who.username,
        password: PASSWORD,
      })
      expect(asked.text).toContain('Your account will be deleted on')
      const kept = await browser.submit(asked, {}, { button: 'Keep my account' })
      expect(kept.url.pathname).toMatch(/^\/interaction\//)
      const consent = await browser.signIn(kept, { identifier: who.username, password: PASSWORD })
      expect(consent.text).toContain('Allow access?')
    })
  })
})

test('the last administrator is refused, and stays', async () => {
  const latchkey = await startLatchkey()
  const { browser, id } = await signedIn(latchkey)
  const page = await browser.open(`${latchkey.issuer}/account/data/delete`)
  const refused = await browser.submit(page, {}, { button: 'Delete my account' })
  expect(refused.status).toBe(409)
  expect(refused.text).toContain('You are the last administrator.')
  expect(await latchkey.services.accounts.byId(id)).toMatchObject({ disabledAt: null, deletionAt: null })
  await latchkey.stop()
})
