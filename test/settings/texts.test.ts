import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { t, withOverrides } from '../../src/shared/locales/texts.ts'
import { signedIn } from '../admin/console.ts'
import { person, type Rest } from '../admin/rest/support.ts'
import { createInstallation } from '../cli/harness.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

describe.each(engines)('texts that an owner says otherwise, on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    rest = (await person(latchkey, 'admin')).rest
  })
  beforeEach(() => rest.put('/texts/en', {}))
  afterAll(() => latchkey.stop())

  const login = async () => (await createHttpBrowser().open(`${latchkey.issuer}/login`)).body
  const texts = async () =>
    (await rest.get('/texts/en')).json.texts as Record<string, { override: string | null }>

  test('are said on the next page, escaped, and ship again when they are left out', async () => {
    const saved = await rest.put('/texts/en', { 'signIn.submit': 'Come in & <em>sit</em>' })
    expect(saved.status).toBe(422)
    expect((await rest.put('/texts/en', { 'signIn.submit': 'Come in & sit "down"' })).status).toBe(200)
    expect(await login()).toContain('>Come in &amp; sit &quot;down&quot;</button>')
    expect((await texts())['signIn.submit']).toEqual({
      shipped: 'Sign in',
      override: 'Come in & sit "down"',
    })
    expect((await rest.put('/texts/en', {})).status).toBe(200)
    expect(await login()).toContain('>Sign in</button>')
    expect((await texts())['signIn.submit']?.override).toBeNull()
  })

  test.each([
    ['a placeholder that it has not', { 'signIn.submit': 'Sign in, {name}' }, 'signIn.submit'],
    ['a tag that it has not', { 'signIn.submit': '<script>alert(1)</script>' }, 'signIn.submit'],
    ['a link left out', { 'common.new': 'New here?' }, 'common.new'],
    ['a name as a time', { 'common.backTo': 'Back to {client, date}' }, 'common.backTo'],
    ['a format that it has not', { 'common.backTo': '{client, number, ::currency/ABCDE}' }, 'common.backTo'],
    ['a broken placeholder', { 'common.backTo': 'Back to {client' }, 'common.backTo'],
    [
      'a plural without a form',
      { 'recoveryCodes.left': '{left, plural, one {# code.}}' },
      'recoveryCodes.left',
    ],
    ['nothing', { 'signIn.submit': '  ' }, 'signIn.submit'],
    ['a line break', { 'signIn.submit': 'Sign\nin' }, 'signIn.submit'],
    ['2,001 characters', { 'signIn.submit': 'x'.repeat(2001) }, 'signIn.submit'],
    ['a key that there is not', { 'signIn.nothing': 'x' }, 'signIn.nothing'],
    ['constructor', { constructor: 'x' }, 'constructor'],
  ])('%s is refused by its key, and nothing is saved', async (_what, body, key) => {
    const { status, json } = await rest.put('/texts/en', { 'signIn.title': 'Hello', ...body })
    expect(status).toBe(422)
    expect(Object.keys(json.errors as object)).toEqual([key])
    expect((await texts())['signIn.title']?.override).toBeNull()
  })

  test('a text may leave out what fills it, and have it twice', async () => {
    expect((await rest.put('/texts/en', { 'common.backTo': 'Back' })).status).toBe(200)
    expect((await rest.put('/texts/en', { 'common.backTo': '{client}, {client}' })).status).toBe(200)
  })

  test('one that was saved for other placeholders than a release has is as if it were not there', () => {
    const said = (override: string) =>
      withOverrides(
        () => override,
        () => t('common.backTo', { client: 'Shop' }),
      )
    expect(said('To {client}')).toBe('To Shop')
    for (const gone of ['To {app}', 'To {client, date}', 'To {client', '<b>{client}</b>'])
      expect([gone, said(gone)]).toEqual([gone, 'Back to Shop'])
  })

  test('a language that there is not is 404, and changes are of a state', async () => {
    expect((await rest.get('/texts/xx')).status).toBe(404)
    const tag = (await rest.get('/texts/en')).headers.get('etag') ?? ''
    const change = (text: string) => rest.put('/texts/en', { 'signIn.title': text }, { 'if-match': tag })
    expect((await change('One')).status).toBe(200)
    expect((await change('Two')).status).toBe(412)
    expect((await texts())['signIn.title']?.override).toBe('One')
  })

  test('of changes at once to different languages none is lost', async () => {
    const all = ['en', 'de'].flatMap((tag) =>
      Array.from({ length: 5 }, (_, n) => rest.put(`/texts/${tag}`, { 'signIn.title': `${tag} ${n}` })),
    )
    expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([200]))
    for (const tag of ['en', 'de'])
      expect((await rest.get(`/texts/${tag}`)).json.texts).toMatchObject({
        'signIn.title': { override: expect.stringMatching(`^${tag} `) },
      })
  })

  test('are said in messages too', async () => {
    const { status } = await rest.put('/texts/en', { 'mail.resetPassword.subject': 'Lost your key?' })
    expect(status).toBe(200)
    const { email } = await latchkey.createUser()
    await latchkey.services.accounts.forgot(email)
    expect((await latchkey.mailTo(email)).subject).toBe('Lost your key?')
  })

  test('what is said otherwise is audited, before and after', async () => {
    await rest.put('/texts/en', { 'signIn.title': 'Hello' })
    const { items } = (await rest.get('/audit?action=texts.updated')).json as { items: object[] }
    expect(items[0]).toMatchObject({ action: 'texts.updated' })
    expect(JSON.stringify(items[0])).toContain('Hello')
  })

  test('in the console: found by its words, saved, refused beside its field, and not over a newer one', async () => {
    const { browser } = await signedIn(latchkey)
    const list = await browser.open(`${latchkey.issuer}/admin/languages`)
    expect(list.text).toContain('Deutsch')
    const url = `${latchkey.issuer}/admin/languages/en?q=${encodeURIComponent('forgot password')}`
    const page = await browser.open(url)
    const field = 'text.signIn.forgot'
    const refused = await browser.submit(page, { [field]: 'Lost {it}?' }, { button: 'Save texts' })
    expect(refused.text).toContain('{it} stands for nothing here.')
    expect(refused.body).toContain('Lost {it}?')
    const saved = await browser.submit(refused, { [field]: 'Lost it?' }, { button: 'Save texts' })
    expect(saved.text).toContain('The texts are saved.')
    expect(await login()).toContain('Lost it?')
    const stale = await browser.submit(page, { [field]: 'Gone?' }, { button: 'Save texts' })
    expect(stale.text).toContain('Nothing of yours is saved yet')
    expect(stale.body).toContain('Gone?')
    const again = await browser.submit(stale, {}, { button: 'Save texts' })
    expect(again.text).toContain('The texts are saved.')
    const emptied = await browser.submit(again, { [field]: '' }, { button: 'Save texts' })
    expect(emptied.text).toContain('The texts are saved.')
    expect(await login()).toContain('Forgot password?')
  })
})

test('by command line', async () => {
  const installation = await createInstallation({})
  try {
    const run = (...argv: string[]) => installation.run(['texts', ...argv])
    expect(await run('set', 'de', 'signIn.title', 'Hereinspaziert')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('signIn.title is changed.'),
    })
    expect((await run('list', 'de', '--changed', '--json')).json()).toMatchObject({
      items: [{ key: 'signIn.title', shipped: 'Anmelden', override: 'Hereinspaziert' }],
    })
    expect(await run('set', 'de', 'signIn.title', '{x}')).toMatchObject({ status: 1 })
    expect(await run('list', 'xx')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('There is no language xx.'),
    })
    expect(await run('reset', 'de', 'signIn.title')).toMatchObject({ status: 0 })
    expect((await run('list', 'de', '--changed', '--json')).json()).toEqual({ items: [] })
  } finally {
    await installation.remove()
  }
})
