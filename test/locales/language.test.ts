import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LOCALES } from '../../src/shared/locales/locales.ts'
import { signedIn } from '../admin/console.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

type Jar = Record<string, string>
const cookieHeader = (jar: Jar) =>
  Object.entries(jar)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')

async function page(url: string, headers: Record<string, string> = {}, jar: Jar = {}) {
  const answer = await latchkey.app.inject({
    url,
    headers: {
      accept: 'text/html',
      ...headers,
      ...(Object.keys(jar).length > 0 && { cookie: cookieHeader(jar) }),
    },
  })
  for (const { name, value } of answer.cookies) {
    if (value === '') delete jar[name]
    else jar[name] = value
  }
  return { ...answer, language: answer.headers['content-language'], body: answer.body }
}
const german = { 'accept-language': 'de-DE,de;q=0.9,en;q=0.5' }

describe('the language of a page', () => {
  test('follows Accept-Language, and says so', async () => {
    const { body, language } = await page('/login', german)
    expect(language).toBe('de')
    expect(body).toContain('<html lang="de" dir="ltr">')
    expect(body).toContain('>Anmelden</button>')
  })

  test('is English for who asks for none that there is', async () => {
    expect((await page('/login')).language).toBe('en')
    expect((await page('/login', { 'accept-language': 'xx, tlh;q=0.5' })).language).toBe('en')
  })

  test.each(LOCALES.map(({ tag }) => tag))('%s is on the page, with its direction', async (tag) => {
    const { body, language } = await page('/register', { 'accept-language': tag })
    expect(language).toBe(tag)
    expect(body).toContain(`<html lang="${tag}" dir="${tag === 'ar' ? 'rtl' : 'ltr'}">`)
    const title = JSON.parse(readFileSync(`locales/${tag}.json`, 'utf8'))['common.createAccount']
    expect(body).toContain(`<h1>${title}</h1>`)
  })

  test('is that of the person where the console turns them away, which speaks fewer', async () => {
    const { browser, id } = await signedIn(latchkey, 'user', { 'accept-language': 'ar' })
    const refused = await browser.open(`${latchkey.issuer}/admin`)
    expect([refused.status, refused.headers.get('content-language')]).toEqual([403, 'ar'])
    expect(refused.body).toContain('<html lang="ar" dir="rtl">')
    expect(refused.text).toContain(
      JSON.parse(readFileSync('locales/ar.json', 'utf8'))['error.notAdministrator'],
    )
    await latchkey.services.accounts.updateProfile(id, { locale: 'pl' })
    expect((await browser.open(`${latchkey.issuer}/admin/users`)).headers.get('content-language')).toBe('pl')
  })

  test('the cookie goes before Accept-Language; a broken one is none', async () => {
    expect((await page('/login', german, { locale: 'en' })).language).toBe('en')
    for (const locale of ['xx', '%00', '../../de', 'a'.repeat(4000)])
      expect((await page('/login', german, { locale })).language).toBe('de')
  })

  test('what programs are answered is English', async () => {
    const { body } = await latchkey.app.inject({ url: '/api/auth/me', headers: german })
    expect(JSON.parse(body).title).toBe('Unauthorized')
    expect(
      (await latchkey.app.inject({ url: '/api/auth/me', headers: german })).headers['content-language'],
    ).toBeUndefined()
  })

  test('an error says it in the language of the page, and in English to the log', async () => {
    const { body, statusCode, language } = await page('/nowhere', german)
    expect([statusCode, language]).toEqual([404, 'de'])
    expect(body).toContain('Unter dieser Adresse gibt es nichts. Prüfen Sie sie auf Tippfehler.')
    const logged = latchkey.log.findLast((line) => line.includes('request refused'))
    expect(JSON.parse(logged ?? '{}').reason).toBe(
      'There is nothing at this address. Check it for a typing mistake.',
    )
  })

  test('the console speaks English and German, and English to who asks for another', async () => {
    const spoken = async (headers: Record<string, string>) => (await page('/admin/nowhere', headers)).language
    expect(await spoken(german)).toBe('de')
    for (const { tag, console: speaks } of LOCALES)
      expect(await spoken({ 'accept-language': tag }), tag).toBe(speaks ? tag : 'en')
  })

  test('discovery names the languages (OIDC Discovery §3)', async () => {
    const { body } = await latchkey.app.inject('/.well-known/openid-configuration')
    expect(JSON.parse(body).ui_locales_supported).toEqual(expect.arrayContaining(['en', 'de']))
  })
})

describe('the switch at the foot', () => {
  const csrfOf = (body: string) => /name="([^"]*csrf[^"]*)" value="([^"]+)"/i.exec(body)?.slice(1) ?? []
  async function choose(jar: Jar, locale: string, returnTo: string) {
    const { body } = await page('/login', {}, jar)
    const [field = '', token = ''] = csrfOf(body)
    const answer = await latchkey.app.inject({
      method: 'POST',
      url: '/locale',
      headers: {
        origin: latchkey.issuer,
        cookie: cookieHeader(jar),
        'content-type': 'application/x-www-form-urlencoded',
      },
      payload: new URLSearchParams({ [field]: token, locale, return_to: returnTo }).toString(),
    })
    for (const { name, value } of answer.cookies) jar[name] = value
    return answer
  }

  test('is kept in this browser, and leads back to the page', async () => {
    const jar: Jar = {}
    const answer = await choose(jar, 'de', '/login?return_to=%2Faccount')
    expect(answer.statusCode).toBe(303)
    expect(answer.headers.location).toBe('/login?return_to=%2Faccount')
    expect((await page('/login', { 'accept-language': 'en' }, jar)).language).toBe('de')
  })

  test('leads nowhere off this site', async () => {
    for (const returnTo of ['https://evil.example/', '//evil.example', '/\\evil.example', '/.//evil.example'])
      expect((await choose({}, 'de', returnTo)).headers.location).toBe('/')
  })

  test('is a page of its own for what the protocol library sends, whose forms have no token of ours', async () => {
    const jar: Jar = {}
    for (const path of ['/authorize?client_id=nobody', '/logout/success']) {
      const { body } = await page(path, { accept: 'text/html', 'accept-language': 'fr' }, {})
      expect(body, path).toContain('href="/locale"')
      expect(body, path).toMatch(/Langue\s?: Français/)
      expect(body, path).not.toContain('action="/locale"')
    }
    const { body } = await page('/locale', { 'accept-language': 'fr' }, jar)
    expect(body).toContain('action="/locale"')
    expect(body.match(/action="\/locale"/g)).toHaveLength(1)
    expect(body).toContain('name="return_to" value="/locale"')
    const answer = await choose(jar, 'de', '/locale')
    expect(answer.headers.location).toBe('/locale')
    const chosen = await page('/locale', { 'accept-language': 'fr' }, jar)
    expect([chosen.language, /aria-current="true">([^<]+)</.exec(chosen.body)?.[1]]).toEqual([
      'de',
      'Deutsch',
    ])
    const again = await page('/authorize?client_id=nobody', { 'accept-language': 'fr' }, jar)
    expect(again.language).toBe('de')
  })

  test('takes no language that there is not, and no form of another site', async () => {
    const jar: Jar = {}
    await choose(jar, 'xx', '/login')
    expect(jar.locale).toBeUndefined()
    const stranger = await latchkey.app.inject({
      method: 'POST',
      url: '/locale',
      headers: { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'locale=de',
    })
    expect(stranger.statusCode).toBe(403)
    expect(stranger.headers['set-cookie'] ?? '').not.toContain('locale=de')
  })
})

describe('ui_locales (OIDC Core §3.1.2.1)', () => {
  async function begin(jar: Jar, parameters: Record<string, string>) {
    const { client_id, redirect_uri } = await latchkey.createClient({ token_endpoint_auth_method: 'none' })
    const query = new URLSearchParams({
      client_id,
      redirect_uri,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...parameters,
    })
    const { headers } = await page(`/authorize?${query}`, {}, jar)
    return String(headers.location)
  }

  test('is spoken on the pages of that request and those it leads by, before the browser’s choice', async () => {
    const jar: Jar = { locale: 'en' }
    const interaction = await begin(jar, { ui_locales: 'xx de-AT en' })
    expect((await page(interaction, {}, jar)).language).toBe('de')
    expect((await page('/register', {}, jar)).language).toBe('de')
    // The next request asks for none: the browser's choice again.
    const next = await begin(jar, {})
    expect((await page(next, {}, jar)).language).toBe('en')
    expect((await page('/register', {}, jar)).language).toBe('en')
  })

  test('what nobody speaks, or is no list of languages, is passed over', async () => {
    for (const ui_locales of ['xx tlh', '<script>', 'de'.repeat(2000)]) {
      const jar: Jar = {}
      const interaction = await begin(jar, { ui_locales })
      expect((await page(interaction, {}, jar)).language).toBe('en')
    }
  })
})
