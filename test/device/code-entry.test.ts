import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readUserCode, showUserCode } from '../../src/shared/device-code.ts'
import { type BrowserPage, createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { confirmPage, type Device, person, registerDevice } from './device-client.ts'

describe('a user code is read', () => {
  test.each([
    ['as it is shown', 'BCDF-GHJK'],
    ['in small letters', 'bcdf-ghjk'],
    ['without the dash', 'BCDFGHJK'],
    ['with spaces, dots and a long dash', ' b c d f \u2014 g.h.j k\n'],
    ['full-width, as some keyboards write', '\uFF22\uFF23\uFF24\uFF26\uFF0D\uFF27\uFF28\uFF2A\uFF2B'],
    ['with digits that look like its letters', '8CDF-6HJK'],
  ])('%s', (_how, typed) => {
    expect(readUserCode(typed)).toBe('BCDFGHJK')
  })

  test.each([
    ['one, and a capital i, as L', '1iIlIL11', 'LLLLLLLL'],
    ['two as Z, five as S, six as G, eight as B', '2z5s-6g8b', 'ZZSSGGBB'],
    ['a vowel that looks like a consonant', 'UuVv-uUvV', 'VVVVVVVV'],
    ['full-width digits', '\uFF11\uFF12\uFF15\uFF18-\uFF11\uFF12\uFF15\uFF18', 'LZSBLZSB'],
  ])('%s', (_how, typed, meant) => {
    expect(readUserCode(typed)).toBe(meant)
  })

  test('but not what could be two letters: O and zero, D or Q', () => {
    for (const typed of ['0CDF-GHJK', 'OCDF-GHJK', 'oCDF-GHJK']) expect(readUserCode(typed)).toBeUndefined()
    expect(readUserCode('QCDF-GHJK')).not.toBe(readUserCode('DCDF-GHJK'))
  })

  test.each([
    ['nothing', ''],
    ['too short', 'BCDF-GHJ'],
    ['too long', 'BCDF-GHJKL'],
    ['vowels', 'ABCD-EFGH'],
    ['another script', 'ВСDF-GHJK'],
    ['a name of every object', '__proto__'],
    ['another one', 'constructor'],
    ['half a character', '\uD83DBCDFGHJ'],
    ['a lot', 'B'.repeat(100_000)],
  ])('as none: %s', (_what, typed) => {
    expect(readUserCode(typed)).toBeUndefined()
  })

  test('and shown with its dash', () => expect(showUserCode('BCDFGHJK')).toBe('BCDF-GHJK'))
})

describe('the page of the code', () => {
  let latchkey: Latchkey
  let device: Device
  beforeAll(async () => {
    latchkey = await startLatchkey({
      env: { RATE_LIMIT: 'on', RATE_LIMIT_DEVICE_CODE: '12', RATE_LIMIT_DEVICE_CODE_PER_ACCOUNT: '4' },
    })
    device = await registerDevice(latchkey)
  })
  afterAll(() => latchkey.stop())
  const codeOn = (page: BrowserPage) =>
    page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'user_code')?.value
  const misses = async () =>
    (await latchkey.services.audit.list({ action: 'device.code_unknown' }, { limit: 100 })).items.length

  test('forgives what people type', async () => {
    const { user_code } = await device.ask()
    const page = await confirmPage(
      latchkey,
      await person(latchkey),
      ` ${user_code.toLowerCase().replace('-', ' ')} `,
    )
    expect(page.text).toContain('Sign in on the other device?')
  })

  test('the link of the device fills the code in, asks to compare it, and does nothing by itself', async () => {
    const asked = await device.ask()
    const browser = createHttpBrowser()
    const page = await browser.open(asked.verification_uri_complete)
    expect(page.text).toContain('Is this the code that your device shows?')
    expect(page.forms.map(({ fields }) => fields.find(({ name }) => name === 'user_code')?.value)).toEqual([
      asked.user_code,
    ])
    expect(page.body).not.toContain('<script>')
    expect((await device.poll(asked.device_code)).json.error).toBe('authorization_pending')
    // A person who is not signed in yet gets no session by looking.
    expect(await latchkey.services.artifacts.find('Session', 'x')).toBeUndefined()
    expect((await browser.submit(page, {}, { button: 'Continue' })).text).toContain('Sign in')
  })

  test('the ways on that it offers are the same for every code, whether there is one or not', async () => {
    const decided = await device.ask()
    const who = await person(latchkey)
    await who.browser.deny(await confirmPage(latchkey, who, decided.user_code))
    const offers = [(await device.ask()).user_code, decided.user_code, 'BCDF-GHJK'].map(async (code) => {
      const { status, body } = await createHttpBrowser().open(`${latchkey.issuer}/device?user_code=${code}`)
      // All but the code, its picture, and the token of the form.
      const same = body.replaceAll(code, 'CODE').replaceAll(/(?<= d="| value=")[^"]{20,}/g, '')
      expect(same).toContain('Continue on your phone')
      return [status, same]
    })
    const [waits, used, none] = await Promise.all(offers)
    expect([used, none]).toEqual([waits, waits])
    const without = await createHttpBrowser().open(`${latchkey.issuer}/device?user_code=ABCD-EFGH`)
    expect(without.text).not.toContain('Continue on your phone')
  })

  test.each([
    '<script>alert(1)</script>',
    'BCDF-GHJK"onfocus="x',
    "'; DROP TABLE artifacts",
    '%00',
    'ABCDEFGH',
  ])('a link with %s shows an empty field', async (sent) => {
    const page = await createHttpBrowser().open(
      `${latchkey.issuer}/device?user_code=${encodeURIComponent(sent)}&user_code=x&problem=__proto__`,
    )
    expect(page.status).toBe(200)
    expect(page.forms[0]?.fields.find(({ name }) => name === 'user_code')?.value).toBe('')
    expect(page.body.slice(0, page.body.indexOf('<footer'))).not.toContain(sent)
  })

  test('the page of the end says what came of it to the person who came to it, and not to one with a made-up link', async () => {
    for (const code of ['', 'x', 'a'.repeat(5000)])
      expect((await createHttpBrowser().open(`${latchkey.issuer}/device/done?of=${code}`)).url.pathname).toBe(
        '/device',
      )
  })

  test('a wrong code says so beside its field, shows what was typed, and is in the audit log', async () => {
    const before = await misses()
    const browser = createHttpBrowser()
    const page = await browser.submit(
      await browser.open(`${latchkey.issuer}/device`),
      { Code: 'wrong-one' },
      { button: 'Continue' },
    )
    expect(page.status).toBe(422)
    expect(page.text).toContain('There is no such code')
    expect(page.body).toContain('value="wrong-one"')
    expect(await misses()).toBe(before + 1)
    const zero = await browser.submit(page, { Code: 'BCDF-GHJ0' }, { button: 'Continue' })
    expect(zero.text).toContain('Codes have no O and no zero: look whether it is a D or a Q')
    expect(zero.body).toContain('value="BCDF-GHJ0"')
    expect(await misses()).toBe(before + 1)
    const empty = await browser.submit(page, { Code: ' ' }, { button: 'Continue' })
    expect(empty.text).toContain('Enter the code that your device shows')
    expect(await misses()).toBe(before + 1)
  })

  test('guesses are limited by account, and by address; right codes count for nothing', async () => {
    const who = await person(latchkey)
    const enter = (by: typeof who, code: string) => confirmPage(latchkey, by, code)
    for (let right = 0; right < 6; right++)
      expect((await enter(who, (await device.ask()).user_code)).text).toContain(
        'Sign in on the other device?',
      )
    for (let wrong = 0; wrong < 4; wrong++) expect((await enter(who, 'BBBB-BBBB')).status).toBe(422)
    const full = await device.ask()
    const limited = await enter(who, full.user_code)
    expect(limited.status).toBe(429)
    // Nothing is lost: the page says when to go on, with the code where it was typed.
    expect(limited.url.pathname).toBe('/device')
    expect(limited.text).toMatch(/Too many attempts\. Please wait \d+ (seconds|minutes) and try again/)
    expect(codeOn(limited)).toBe(full.user_code)
    // Another person at this address goes on, until there are too many of all.
    const other = await person(latchkey)
    expect((await enter(other, (await device.ask()).user_code)).text).toContain(
      'Sign in on the other device?',
    )
    const stranger = { ...other, browser: createHttpBrowser() }
    const statuses = []
    for (let wrong = 0; wrong < 12; wrong++) statuses.push((await enter(stranger, 'BBBB-BBBB')).status)
    expect(statuses.at(-1)).toBe(429)
    // Here the limit answers before the form is read.
    const page = await enter({ ...other, browser: createHttpBrowser() }, full.user_code)
    expect([page.status, page.url.pathname, codeOn(page)]).toEqual([429, '/device', full.user_code])
    expect(page.text).toMatch(/Please wait \d+ (seconds|minutes)/)
  })
})
