import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inWords, TOLD } from '../../src/audit/activity-words.ts'
import { LOCALES } from '../../src/shared/locales/locales.ts'
import { inLocale } from '../../src/shared/locales/texts.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'
import { settled } from '../support/settled.ts'
import { statementsOf } from '../support/statements.ts'

const DAY = 86_400_000
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'

test('each sentence is said of somebody, and none has a hole', () => {
  const named = { number: '…123', app_password: 'Backup' }
  const known = { method: 'totp', kind: 'passkey', provider: 'github', reason: 'wrong' }
  for (const type of TOLD)
    for (const { tag } of LOCALES)
      for (const by of ['you', 'administrator', 'program', 'server', 'somebody'] as const)
        for (const details of [{}, { method: 'totp' }, { reason: 'device' }, known]) {
          const text = inLocale(tag, () =>
            inWords(type, { by, details: { ...named, ...details }, app: 'Shop' }),
          )
          expect(text, `${type}, ${tag}`).not.toMatch(/undefined|\bnull\b|[{}]|\s$/)
          // Words with capitals and spaces between, where the script has them.
          const sentence = ['ja', 'zh-CN', 'ar'].includes(tag) ? /^\p{Lo}.{3}/u : /^\p{Lu}.* /u
          expect(text.replaceAll(/[\u2068\u2069]/g, ''), `${type}, ${tag}`).toMatch(sentence)
        }
})

describe.each(engines)('security activity on %s', (engine) => {
  const clock = movableClock()
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now, background: false })
  })
  afterAll(() => latchkey?.stop())

  const list: Latchkey['services']['activity']['list'] = async (...asked) => {
    await latchkey.services.audit.idle()
    return latchkey.services.activity.list(...asked)
  }
  const texts = async (id: string, page = {}) => (await list(id, page)).items.map(({ text }) => text)
  async function signedIn(email: string) {
    const browser = createHttpBrowser({ headers: { 'user-agent': FIREFOX } })
    const page = await browser.open(`${latchkey.issuer}/login`)
    await browser.signIn(page, { identifier: email, password: 'not this one' })
    await browser.signIn(page, { identifier: email, password: PASSWORD })
    return browser
  }

  test('its owner reads what happened, the newest first, with the address it came from', async () => {
    const { id, email } = await latchkey.createUser()
    const browser = await signedIn(email)
    const [own, wrong] = (await list(id)).items
    expect(own).toMatchObject({
      ...{ text: 'You signed in', address: '127.0.0.1', type: 'account.signed_in' },
      device: 'Firefox on Linux',
    })
    expect(wrong).toMatchObject({ text: 'Somebody typed a wrong password', address: '127.0.0.1' })
    const page = await browser.open(`${latchkey.issuer}/account/security`)
    expect(page.text).toContain('You signed in')
    expect(page.text).toContain('Somebody typed a wrong password')
  })

  test('an administrator is neither named nor located, and another account is not mentioned', async () => {
    const [ada, grace] = [await latchkey.createUser(), await latchkey.createUser()]
    const { accounts, event, audit } = latchkey.services
    await signedIn(grace.email)
    await accounts.unlock(ada.id)
    event({ type: 'account.disabled', accountId: grace.id })
    await audit.record({
      action: 'account.unlocked',
      actor: { kind: 'account', id: grace.id, name: grace.username },
      target: { kind: 'account', id: ada.id, name: ada.username },
      address: '198.51.100.7',
      details: {},
    })
    const { items } = await list(ada.id)
    expect(items[0]).toMatchObject({ text: 'An administrator unlocked your account' })
    expect(items[0]).not.toHaveProperty('address')
    expect(JSON.stringify(items)).not.toContain(grace.username)
    expect(JSON.stringify(await texts(grace.id))).not.toContain('unlocked')
  })

  test('what apps were allowed, and factors, are in it', async () => {
    const { id } = await latchkey.createUser()
    const app = await withAuthenticatorApp(latchkey, id, clock)
    expect(app.recoveryCodes).toHaveLength(10)
    await latchkey.services.audit.record({
      action: 'consent.allowed',
      actor: { kind: 'account', id },
      target: { kind: 'client', id: 'shop', name: 'Shop' },
      details: {},
    })
    const all = await texts(id)
    expect(all).toContain('You allowed Shop access')
    expect(all.join()).toContain('added an authenticator app')
  })

  test('page by page, and nothing that is older than ninety days', async () => {
    const { id, email } = await latchkey.createUser()
    await signedIn(email)
    const whole = await texts(id)
    const seen: string[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await list(id, { limit: 1, cursor })
      seen.push(...page.items.map(({ text }) => text))
      cursor = page.next_cursor
      if (cursor === undefined) break
    }
    expect(seen).toEqual(whole)
    clock.later(91 * DAY)
    await latchkey.services.accounts.unlock(id)
    expect(await texts(id)).toHaveLength(1)
    await expect(list(id, { cursor: 'x' })).rejects.toMatchObject({
      code: 'invalid_page',
    })
  })

  test('each statement reads by an index', async () => {
    const { id } = await latchkey.createUser()
    await settled(latchkey)
    const statements = await statementsOf(async () => void (await texts(id)))
    expect(statements).toHaveLength(3)
    if (engine !== 'sqlite') return
    for (const statement of statements) {
      const values = Array.from(statement.matchAll(/\?/g), () => 'x')
      const plan = await latchkey.services.db.reads.all<{ detail: string }>(
        `EXPLAIN QUERY PLAN ${statement}`,
        values,
      )
      expect(plan.map(({ detail }) => detail).join()).toMatch(
        /SEARCH audit_entries USING (COVERING )?INDEX audit_entries_(target_id_seq|actor_id_seq|at)_idx/,
      )
      expect(plan.map(({ detail }) => detail).join()).not.toContain('SCAN')
    }
  })

  test('by JSON it is for the person who is signed in, and not for HTTP Basic', async () => {
    const { email } = await latchkey.createUser()
    const json = { 'content-type': 'application/json' }
    const body = JSON.stringify({ email, password: PASSWORD })
    const login = await fetch(`${latchkey.issuer}/api/auth/login`, { method: 'POST', headers: json, body })
    const { access_token } = (await login.json()) as { access_token: string }
    const ask = async (authorization: string, query = '') =>
      fetch(`${latchkey.issuer}/api/auth/me/activity${query}`, { headers: { authorization } })
    const answer = await ask(`Bearer ${access_token}`, '?limit=1')
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ items: [{ text: 'You signed in' }] })
    expect((await ask(`Bearer ${access_token}`, '?limit=1000')).status).toBe(422)
    expect((await ask(`Basic ${btoa(`${email}:${PASSWORD}`)}`)).status).toBe(403)
  })
})
