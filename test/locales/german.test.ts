/** What a person who reads German comes to read: the main pages, and what they say when something is wrong. No sentence of it is English. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { catalogueOf } from '../../src/shared/locales/catalogue.ts'
import { type BrowserPage, createHttpBrowser, type FormValues, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'
import { englishOnly, saidOn } from './english.ts'

const ENGLISH = englishOnly(Object.values(catalogueOf('en')), Object.values(catalogueOf('de')))
const englishOn = (page: BrowserPage): string[] => saidOn(page, ENGLISH)

const HEADERS = { 'accept-language': 'de' }
const clock = movableClock()
let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey({ clock: clock.now, env: { NEW_DEVICE_MAILS: 'on' } })
})
afterAll(() => latchkey?.stop())

const newBrowser = () => createHttpBrowser({ headers: HEADERS })
const at = (path: string) => `${latchkey.issuer}${path}`

/** A page is German, is answered with this status, and says this. */
function isGerman(page: BrowserPage, status: number, said: string | RegExp): void {
  expect.soft(englishOn(page), page.url.href).toEqual([])
  expect.soft(page.status, page.text).toBe(status)
  expect.soft(page.text, page.url.href).toMatch(said)
}

/** Sends the form of a page that is posted to `action`. */
const send = (browser: HttpBrowser, page: BrowserPage, action: string, values: FormValues = {}) =>
  browser.submit(page, values, { form: (form) => new URL(form.action, page.url).pathname === action })

async function signedIn(username: string, more: { role?: 'admin' } = {}) {
  const { accounts } = latchkey.services
  const email = `${username}@example.com`
  const account = await accounts.createByAdmin({
    username,
    email,
    password: PASSWORD,
    verified: true,
    ...more,
  })
  const browser = newBrowser()
  const page = await browser.open(at('/login'))
  await send(browser, page, '/login', { identifier: email, password: PASSWORD })
  return { browser, ...account }
}

test('the comparison finds English', async () => {
  const page = await createHttpBrowser().open(at('/login'))
  expect(englishOn(page)).toEqual(expect.arrayContaining(['Sign in', 'Email or username', 'Password']))
})

describe('signing up', () => {
  test('with what will not do', async () => {
    const browser = newBrowser()
    const page = await browser.open(at('/register'))
    isGerman(page, 200, 'Benutzername')
    const wrong: [FormValues, string][] = [
      [{ username: '', email: '', password: '' }, 'Bitte prüfen Sie diese Felder'],
      [{ username: 'a', email: 'a', password: 'a' }, 'Verwenden Sie mindestens 3 Zeichen'],
      [{ username: 'a@b', email: `${'a'.repeat(400)}@b.example`, password: ' '.repeat(20) }, 'zu lang'],
      [{ username: 'admin', email: 'a@b.example', password: 'passwort\t1234567' }, 'reserviert'],
      [{ username: 'ü'.repeat(9), email: 'a@b.example', password: 'password1' }, 'Buchstaben von a bis z'],
      [{ username: 'a'.repeat(40), email: 'a@b.example', password: 'x'.repeat(129) }, 'höchstens 32 Zeichen'],
    ]
    for (const [values, said] of wrong) isGerman(await browser.submit(page, values), 422, said)
  })

  test.each([
    'password12345678',
    'aaaaaaaaaaaaaaaa',
    'abcdefghijklmnop',
    'qwertyuiop123456',
    'letmeinletmein12',
    'tobeornottobe123',
    'lena lena lena 1',
    'sommersommer2024',
    'correct horse 12',
    'michael jennifer',
  ])('with the password %s', async (password) => {
    const browser = newBrowser()
    const page = await browser.open(at('/register'))
    isGerman(
      await browser.submit(page, { username: 'lena', email: 'lena@example.com', password }),
      422,
      /Passwort/,
    )
  })

  test('and confirming the address', async () => {
    const browser = newBrowser()
    const form = await browser.open(at('/register'))
    const page = await browser.submit(form, { username: 'karla', email: 'k@example.com', password: PASSWORD })
    isGerman(page, 200, 'k@example.com')
    isGerman(await send(browser, page, '/verify-email', { code: 'abc' }), 422, 'Geben Sie die 6 Ziffern')
    isGerman(await send(browser, page, '/verify-email', { code: '000000' }), 422, 'Dieser Code stimmt nicht')
    isGerman(await send(browser, page, '/verify-email/resend'), 200, 'Eine neue Nachricht ist unterwegs')
    isGerman(await send(browser, page, '/verify-email/address', { email: 'k' }), 422, 'wie name@example.com')
    const another = await send(browser, page, '/verify-email/address', { email: 'k2@example.com' })
    isGerman(another, 200, 'Eine Nachricht an k2@example.com ist unterwegs')
    const { link } = await latchkey.mailTo('k2@example.com')
    isGerman(await newBrowser().open(link), 200, 'Wählen Sie die Schaltfläche')
  })
})

describe('signing in', () => {
  test('with what is not right', async () => {
    const { email } = await latchkey.createUser()
    const browser = newBrowser()
    const page = await browser.open(at('/login'))
    isGerman(page, 200, 'Anmelden')
    const submit = (values: FormValues) => send(browser, page, '/login', values)
    isGerman(await submit({ identifier: '', password: '' }), 422, 'Bitte prüfen Sie diese Felder')
    isGerman(await submit({ identifier: 'x'.repeat(400), password: 'x'.repeat(2000) }), 422, 'zu lang')
    for (let wrong = 0; wrong < 12; wrong++)
      isGerman(await submit({ identifier: email, password: 'falsch' }), 401, 'stimmt nicht')
    // Locked by now: the right password is refused in the same words.
    isGerman(await submit({ identifier: email, password: PASSWORD }), 401, 'stimmt nicht')
  })

  test.each([
    ['/login?ended=1', 200, 'inzwischen abgemeldet'],
    ['/login?everywhere=1', 200, 'überall abgemeldet'],
    ['/login?kept=1', 200, 'bleibt bestehen'],
    ['/', 200, 'Ein Konto für Ihre Apps'],
    ['/nowhere', 404, 'Unter dieser Adresse gibt es nichts'],
    ['/forgot-password', 200, 'Passwort vergessen'],
    ['/reset-password?token=x', 410, 'Dieser Link gilt nicht mehr'],
    ['/invitation?token=x', 410, 'Einladung'],
    ['/verify-email?token=x', 410, 'Dieser Link oder Code wurde schon verwendet'],
    ['/verify-email', 400, 'Öffnen Sie den Link in der Nachricht'],
    ['/setup?token=x', 410, 'Dieser Link wurde schon verwendet'],
    ['/login/not-me?token=x', 410, 'Dieser Link gilt nicht mehr'],
    ['/login/recover/stop?token=x', 410, 'Wiederherstellung'],
    ['/login/finish/x', 410, 'Dieser Schritt wurde schon abgeschlossen'],
    ['/login/link/x', 410, 'Dieser Schritt wurde schon abgeschlossen'],
    ['/interaction/x', 400, 'Anmeldung'],
    ['/logout/success', 200, 'abgemeldet'],
    ['/device', 200, 'Code'],
  ])('%s', async (path, status, said) => {
    isGerman(await newBrowser().open(at(path)), status, said)
  })

  test('by a form that lacks its fields', async () => {
    const browser = newBrowser()
    const request = browser.prepare(await browser.open(at('/login')), {}, { button: 'Anmelden' })
    const body = request.body as URLSearchParams
    for (const name of ['identifier', 'password']) body.delete(name)
    const page = await browser.visit(request)
    isGerman(page, 422, 'Geben Sie Ihr Passwort ein')
    expect(page.text).not.toContain('Invalid')
  })

  test('after a sign-in in English by what is no known device', async () => {
    const { email } = await latchkey.createUser()
    const login = (agent: string) =>
      fetch(at('/api/auth/login'), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'accept-language': 'en', 'user-agent': agent },
        body: JSON.stringify({ username: email, password: PASSWORD }),
      })
    // The first sign-in is not told of.
    expect((await login('one/1')).status).toBe(200)
    expect((await login('-')).status).toBe(200)
    const { link } = await latchkey.mailTo(email)
    const page = await newBrowser().open(link)
    isGerman(page, 200, 'Unbekanntes Gerät')
    expect(page.text).toMatch(/\d\d\.\d\d\.20\d\d, \d\d:\d\d UTC/)
  })

  test('with a second factor', async () => {
    const { email, id } = await latchkey.createUser()
    const factor = await withAuthenticatorApp(latchkey, id, clock)
    const browser = newBrowser()
    const form = await browser.open(at('/login'))
    const page = await send(browser, form, '/login', { identifier: email, password: PASSWORD })
    isGerman(page, 200, 'Authenticator-App')
    const verify = (code: string) => send(browser, page, '/login/verify', { code })
    isGerman(await verify(''), 422, 'Geben Sie den Code ein')
    isGerman(await verify(factor.wrongCode()), 401, 'Der Code stimmt nicht')
    isGerman(await browser.open(at('/login/recover')), 200, 'Wiederherstellung')
    const account = await verify(factor.code())
    isGerman(account, 200, 'Ihr Konto')
    for (const path of ['', '/recovery-codes', '/app-passwords'])
      isGerman(await browser.open(at(`/account/security${path}`)), 200, 'Sicherheit')
    const passwords = await browser.open(at('/account/security/app-passwords'))
    isGerman(await send(browser, passwords, '/account/security/app-passwords', { name: '' }), 422, 'Namen')
    isGerman(
      await send(browser, passwords, '/account/security/app-passwords', { name: 'Sicherung' }),
      200,
      'Sicherung',
    )
    const [app] = (await latchkey.services.factors.list(id)).factors
    const removal = await browser.open(at(`/account/security/factors/${app?.id}/remove`))
    isGerman(removal, 200, 'die Authenticator-App')
    const codes = await browser.open(at('/account/security/recovery-codes'))
    isGerman(await send(browser, codes, '/account/security/recovery-codes'), 200, 'Das sind Ihre neuen Codes')
  })

  test('at a device, by codes that are none', async () => {
    const browser = newBrowser()
    const page = await browser.open(at('/device'))
    for (const [user_code, said] of [
      ['', 'Geben Sie den Code ein'],
      ['BCDF-GHJK', 'Diesen Code gibt es nicht'],
      ['0000-OOOO', 'kein O und keine Null'],
    ] as const)
      isGerman(await browser.submit(page, { user_code }), 422, said)
  })
})

describe('the account', () => {
  let browser: HttpBrowser
  beforeAll(async () => {
    ;({ browser } = await signedIn('paula'))
  })

  test.each([
    ['/account', ['profile', 'invited', 'phone', 'phone_signs_in', 'phone_taken', 'email', 'email_verified']],
    [
      '/account',
      ['email_same', 'email_resent', 'email_cancelled', 'email_none', 'username', 'username_same'],
    ],
    ['/account', ['picture', 'picture_removed', 'recovery_stopped', 'recovery_over']],
    [
      '/account/security',
      ['password', 'passkey', 'passkey_renamed', 'app', 'phone', 'phone_gone', 'app_gone'],
    ],
    [
      '/account/security',
      ['factor_removed', 'browser', 'browsers', 'linked', 'unlinked', 'unlinked_address'],
    ],
    ['/account/sessions', ['session', 'session_address', 'sessions']],
    ['/account/apps', ['part', 'part_gone', 'app']],
    ['/account/groups', ['left']],
    ['/account/organizations', ['joined', 'left']],
    ['/account/data', ['']],
    ['/account/data/delete', ['']],
    ['/account/security/passkeys/new', ['']],
  ])('%s, after %j', async (path, done) => {
    const plain = await browser.open(at(path))
    isGerman(plain, 200, 'Abmelden')
    for (const word of done.filter(Boolean)) {
      const page = await browser.open(at(`${path}?done=${word}`))
      isGerman(page, 200, 'Abmelden')
      expect(page.text, `the notice ${word}`).not.toBe(plain.text)
    }
  })

  test('with a profile that will not do', async () => {
    const page = await browser.open(at('/account'))
    const values = {
      given_name: 'x'.repeat(200),
      website: 'nirgends',
      birthdate: 'gestern',
      zoneinfo: 'Mond',
      locale: '!',
      phone_number: '12',
      'address.country': 'x'.repeat(200),
    }
    const wrong = await send(browser, page, '/account/profile', values)
    isGerman(wrong, 422, 'Schreiben Sie die Nummer mit ihrer Landesvorwahl')
    isGerman(await send(browser, page, '/account/email', { email: 'x' }), 422, 'wie name@example.com')
    isGerman(await send(browser, page, '/account/username', { username: 'x' }), 422, 'mindestens 3 Zeichen')
    const address = '/account/picture/address'
    isGerman(await send(browser, page, address, { picture_url: 'x' }), 422, 'https-Adresse')
    const asked = await send(browser, page, '/account/email', { email: 'paula2@example.com' })
    isGerman(asked, 200, 'Wir haben eine Nachricht an die neue Adresse gesendet')
    const codes = '/account/email/verify'
    isGerman(await send(browser, asked, codes, { code: '000000' }), 422, 'Dieser Code stimmt nicht')
    isGerman(await send(browser, asked, '/account/email/cancel'), 200, 'Die Änderung ist abgebrochen')
  })

  test('with a password that will not do', async () => {
    const page = await browser.open(at('/account/security'))
    const change = (current_password: string, new_password: string) =>
      send(browser, page, '/account/password', { current_password, new_password })
    isGerman(await change('falsch', PASSWORD), 422, 'nicht Ihr jetziges Passwort')
    isGerman(await change(PASSWORD, 'kurz'), 422, 'Dieses Passwort hat 4 von mindestens')
    const app = await send(browser, page, '/account/security/app')
    isGerman(app, 200, 'sechs Ziffern')
    isGerman(await send(browser, app, app.url.pathname, { code: 'x' }), 401, 'Der Code stimmt nicht')
  })

  test('that is not to be found, or was signed in to too long ago', async () => {
    isGerman(await browser.open(at('/confirm/x')), 410, 'schon geschehen')
    const page = await browser.open(at('/account/sessions'))
    clock.later(7_200_000)
    const again = await send(browser, page, '/account/sessions/end-all')
    isGerman(again, 200, 'Anmeldung als paula')
    const confirm = await send(browser, again, '/login', { identifier: 'paula', password: PASSWORD })
    isGerman(confirm, 200, 'Gleich geschieht: sich überall abmelden')
  })
})

test('of too many attempts a person is told in German', async () => {
  const limited = await startLatchkey({ env: { RATE_LIMIT: 'on' } })
  try {
    const browser = newBrowser()
    const page = await browser.open(`${limited.issuer}/login`)
    let refused = page
    for (let attempt = 0; attempt < 40 && refused.status !== 429; attempt++)
      refused = await send(browser, page, '/login', { identifier: 'niemand', password: 'falsch' })
    isGerman(refused, 429, /Zu viele Versuche\. Bitte warten Sie \d+ (Sekunden|Minuten)/)
  } finally {
    await limited.stop()
  }
})

test('a form that cannot be read, or comes from elsewhere, is refused in German', async () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(at('/login'), {
      method: 'POST',
      redirect: 'manual',
      headers: {
        ...HEADERS,
        accept: 'text/html',
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      body,
    })
  const elsewhere = await post('a=b', { origin: 'https://evil.example' })
  expect(await elsewhere.text()).toContain('von einer anderen Website')
  for (const body of [
    'a=1&a=2',
    'a=%ff',
    'a=%00',
    Array.from({ length: 101 }, (_, n) => `${n}=`).join('&'),
  ]) {
    const answer = await post(body)
    const cookie = answer.headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ')
    const shown =
      answer.status === 303
        ? await fetch(at('/login'), { headers: { ...HEADERS, accept: 'text/html', cookie } })
        : answer
    expect(await shown.text(), body.slice(0, 20)).toContain('Dieses Formular lässt sich nicht lesen')
  }
})
