import { afterAll, beforeAll, expect, test } from 'vitest'
import { NAMES, readText } from '../../src/settings/table.ts'
import { signedIn } from '../admin/console.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
let url: string
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { LOCKOUT_SECONDS: '60' } })
  url = `${latchkey.issuer}/admin/settings`
})
afterAll(() => latchkey.stop())

const stored = async (name: string) =>
  (await latchkey.services.settings.list()).settings.find((each) => each.name === name)?.value

test('its sections are folded, but for the one that the address names', async () => {
  const { browser } = await signedIn(latchkey)
  const openOn = async (query: string) => {
    const { body } = await browser.open(`${url}${query}`)
    return [...body.matchAll(/<details class="card fold settings" id="([\w-]+)" open>/g)].map(([, id]) => id)
  }
  expect(await openOn('')).toEqual([])
  expect(await openOn('?section=rate-limits')).toEqual(['rate-limits'])
  expect(await openOn('?section=%22%3E')).toEqual([])
  const { body } = await browser.open(`${url}`)
  const ids = [...body.matchAll(/<details class="card fold settings" id="([\w-]+)"/g)].map(([, id]) => id)
  for (const id of ids) expect(body).toContain(`href="/admin/settings?section=${id}#${id}"`)
  expect(ids).toContain('sessions-and-tokens')
})

test('each setting is on the page, in the form of its section; what the environment sets is no field', async () => {
  const { browser } = await signedIn(latchkey)
  const page = await browser.open(url)
  const fields = page.forms.flatMap((form) => form.fields.map(({ name }) => name))
  const pinned = ['lockout_seconds', 'new_device_mails', 'rate_limit']
  for (const name of NAMES)
    expect(
      fields.filter((field) => field === name),
      name,
    ).toHaveLength(pinned.includes(name) ? 0 : 1)
  for (const name of NAMES) expect(page.body, name).toContain(`<code>${name.toUpperCase()}</code></small>`)
  expect(page.text).toContain('Set by the environment: LOCKOUT_SECONDS')
  expect(page.text).toContain('Default: 2592000 (30 days).')
  expect(
    page.forms.filter((form) => form.buttons.some(({ label }) => label.startsWith('Save'))),
  ).toHaveLength(12)
})

test('a field is required where an empty one is refused, and there alone', async () => {
  const { browser } = await signedIn(latchkey)
  const { body } = await browser.open(url)
  const required = new Map(
    [...body.matchAll(/<input id="field-([a-z_]+)"[^>]*>/g)].map(([tag, name]) => [
      name,
      /\srequired/.test(tag),
    ]),
  )
  for (const [name, isRequired] of required) {
    if (!NAMES.includes(name as never)) continue
    expect([name, isRequired]).toEqual([name, 'problem' in readText(name as never, '')])
  }
  for (const name of ['email_domains', 'sms_url', 'sms_headers', 'sms_body', 'sms_success'])
    expect([name, required.get(name)]).toEqual([name, false])
  expect(required.get('sms_per_day')).toBe(true)
})

test('a gateway is set in the form as the docs describe, and taken out of it again', async () => {
  const { browser } = await signedIn(latchkey)
  const save = async (values: Record<string, string>) =>
    browser.submit(await browser.open(url), values, { button: 'Save Codes by SMS' })
  const gateway = 'https://sms.example.com/send?to={to}&text={text}'
  expect((await save({ Gateway: gateway })).text).toContain('The settings are saved.')
  expect([await stored('sms_url'), await stored('sms_body')]).toEqual([gateway, ''])
  expect((await save({ Gateway: '' })).text).toContain('The settings are saved.')
  expect(await stored('sms_url')).toBe('')
  await latchkey.services.settings.change({ sms_url: null })
})

test('a section is saved, and a setting reset; nothing but what was changed is stored', async () => {
  const { browser, username } = await signedIn(latchkey)
  const saved = await browser.submit(
    await browser.open(url),
    { 'Creating an account': 'closed', 'Domains of email addresses': 'Example.com bücher.example' },
    { button: 'Save Accounts' },
  )
  expect(saved.text).toContain('The settings are saved.')
  expect(saved.text).toMatch(new RegExp(`Creating an account .* by ${username}. Default: open`))
  expect(await stored('email_domains')).toEqual(['example.com', 'xn--bcher-kva.example'])
  const { settings } = await latchkey.services.settings.list()
  expect(settings.filter(({ changed }) => changed).map(({ name }) => name)).toEqual([
    'registration',
    'email_domains',
  ])
  const same = await browser.submit(saved, {}, { button: 'Save Accounts' })
  expect(same.text).toContain('Nothing was changed')

  const emptied = await browser.submit(
    await browser.open(url),
    { 'Domains of email addresses': '' },
    { button: 'Save Accounts' },
  )
  expect(emptied.text).toContain('The settings are saved.')
  expect(await stored('email_domains')).toEqual([])
  const reset = await browser.submit(emptied, {}, { button: 'Reset Creating an account' })
  expect(reset.text).toContain('has its default again')
  expect(await stored('registration')).toBe('open')
  await browser.submit(reset, {}, { button: 'Reset Domains of email addresses' })
})

test('what is wrong stands beside its field, with what was typed, and nothing is stored', async () => {
  const { browser } = await signedIn(latchkey)
  const typed = {
    'Wrong passwords that lock an account': '1e3',
    'Words that passwords may not consist of': 'ab',
  }
  const refused = await browser.submit(await browser.open(url), typed, { button: 'Save Passwords' })
  expect(refused.status).toBe(422)
  expect(refused.text).toContain('must be a whole number from 1 to 100, for example 5')
  expect(refused.text).toContain('must be words of 3 characters or more')
  const values = Object.fromEntries(
    refused.forms.flatMap(({ fields }) => fields.map((f) => [f.name, f.value])),
  )
  expect(values).toMatchObject({ lockout_failures: '1e3', password_words: 'ab' })
  expect(await stored('lockout_failures')).toBe(5)
})

test('a form of a state that has passed is not stored; what was typed and what is stored are both shown', async () => {
  const { browser } = await signedIn(latchkey)
  const page = await browser.open(url)
  await latchkey.services.settings.change({ password_min_length: 20 })
  const typed = { 'Characters of a password, at least': '30' }
  const refused = await browser.submit(page, typed, { button: 'Save Passwords' })
  expect(refused.status).toBe(409)
  expect(refused.text).toContain('Somebody has changed the settings since you opened this form')
  expect(refused.text).toMatch(/Stored now: .*at least 20/)
  expect(await stored('password_min_length')).toBe(20)
  const again = await browser.submit(refused, {}, { button: 'Save Passwords' })
  expect(again.text).toContain('are saved')
  expect(await stored('password_min_length')).toBe(30)
  expect((await browser.submit(page, typed, { button: 'Save Passwords' })).status).toBe(409)
  await latchkey.services.settings.change({ password_min_length: null })
})

test('auditors see them, and no form', async () => {
  const { browser } = await signedIn(latchkey, 'auditor')
  const page = await browser.open(url)
  expect(page.status).toBe(200)
  expect(page.text).toContain('Creating an account')
  expect(page.forms.filter(({ action }) => action.startsWith('/admin/settings'))).toEqual([])
})

test('the log shows a change with before and after', async () => {
  const { browser } = await signedIn(latchkey)
  await browser.submit(
    await browser.open(url),
    { 'Asking before a sign-out': 'always' },
    { button: 'Save Sessions and tokens' },
  )
  const log = await browser.open(`${latchkey.issuer}/admin/audit`)
  expect(log.text).toContain('changed the settings')
})
