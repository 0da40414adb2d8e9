import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { encode, get, raw } from '../../security/attacker.ts'
import { encode as encodeValue, nastyValues } from '../../security/payloads.ts'
import type { BrowserPage, HttpBrowser } from '../../support/flow.ts'
import { engines } from '../../support/latchkey.ts'
import { type FederationFixture, openFederation } from '../federation-fixture.ts'
import { createSignInSteps, primaryAddress, type SignInSteps } from '../sign-in-steps.ts'

const INSIDES = /node_modules|\.ts:\d+|SELECT |INSERT |UPDATE |prisma|TypeError|RangeError/i

describe.each(engines)('broken and hostile requests, on %s', (engine) => {
  let federation: FederationFixture
  let steps: SignInSteps
  beforeAll(async () => {
    federation = await openFederation({ engine })
    steps = createSignInSteps(federation)
  })
  afterAll(() => federation?.stop())
  afterEach(() => {
    // What was answered well but went wrong inside would be found here.
    expect(federation.latchkey.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  })

  describe('parameters of the callback', () => {
    const kinds: [string, (url: URL) => void][] = [
      ['state twice', (url) => url.searchParams.append('state', url.searchParams.get('state') ?? '')],
      ['state as array', (url) => url.searchParams.append('state[]', 'x')],
      ['code twice', (url) => url.searchParams.append('code', 'another')],
      ['iss twice', (url) => url.searchParams.append('iss', url.searchParams.get('iss') ?? '')],
      ['iss of nobody', (url) => url.searchParams.set('iss', 'https://evil.example')],
      ['no code', (url) => url.searchParams.delete('code')],
      ['code and error', (url) => url.searchParams.set('error', 'access_denied')],
      ['a token instead of a code', (url) => url.searchParams.set('access_token', 'x')],
      ['an id_token beside', (url) => url.searchParams.set('id_token', 'e30.e30.e30')],
      ['a JWT response beside', (url) => url.searchParams.set('response', 'e30.e30.e30')],
      ['NUL in the code', (url) => url.searchParams.set('code', 'a\0b')],
      ['a line break in the code', (url) => url.searchParams.set('code', 'a\r\nSet-Cookie: evil=1')],
    ]
    test.each(kinds)('%s: nobody is signed in that would not be, nothing breaks', async (what, change) => {
      steps.onGitHub(`tamper-${what.replaceAll(/\W/g, '-')}`)
      const browser = federation.browser()
      const callback = await steps.capture(browser, `tamper-${what.replaceAll(/\W/g, '-')}`)
      change(callback)
      const back = await browser.open(callback)
      expect([200, 400]).toContain(back.status)
      expect(back.body).not.toMatch(INSIDES)
      expect(back.headers.get('set-cookie') ?? '').not.toMatch(/evil[=.]/)
      // What the protocol ignores, or an array beside the state, leaves the right state and code as they were.
      const harmless = ['state as array', 'a token instead of a code', 'an id_token beside']
      if (!harmless.includes(what)) expect([what, await steps.signedInAs(browser)]).toEqual([what, undefined])
    })

    test('every nasty value of every parameter, in a browser that is under way', async () => {
      const browser = federation.browser()
      await steps.start(browser, 'GitHub')
      const cookie = browser.cookies.header(new URL(steps.at('/'))) ?? ''
      for (const name of ['state', 'code', 'iss', 'error', 'error_description', 'session_state'])
        for (const value of nastyValues) {
          const query = `state=x&${name}=${encodeValue(value)}`
          for (const accept of ['text/html', 'application/json']) {
            const answer = await raw(steps.at(`/api/auth/oauth/github/callback?${query}`), {
              headers: { cookie, accept },
            })
            expect([name, value.slice(0, 20), answer.status]).toEqual([
              name,
              value.slice(0, 20),
              accept === 'text/html' ? 303 : 400,
            ])
            if (accept === 'text/html')
              expect(answer.headers.location).toBe('/login?problem=expired&provider=github')
          }
        }
    })

    test('60 KB is too much for an address', async () => {
      const answer = await raw(steps.at('/api/auth/oauth/github/callback'), {
        path: `/api/auth/oauth/github/callback?state=${'x'.repeat(60_000)}`,
      })
      expect([414, 431]).toContain(answer.status)
    })

    test('a provider’s name that is none is neither shown nor logged', async () => {
      const marker = 'evil<script>alert(1)</script>'
      const path = `/api/auth/oauth/${encodeURIComponent(marker)}/callback?state=x`
      const answer = await get(steps.at(path), { accept: 'text/html' })
      expect([answer.status, answer.headers.get('location')]).toEqual([
        303,
        `/login?${encode({ problem: 'unavailable', provider: marker })}`,
      ])
      const page = await federation
        .browser()
        .open(new URL(answer.headers.get('location') ?? '', steps.at('/')))
      expect(page.body).not.toContain('alert(1)')
      expect(federation.latchkey.log.join('')).not.toContain('alert(1)')
    })
  })

  describe('forms', () => {
    async function sender(browser: HttpBrowser, page: BrowserPage) {
      const token = String(
        page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf_token')?.value,
      )
      async function ask(path: string, body?: string) {
        const url = new URL(steps.at(path))
        const cookie = browser.cookies.header(url) ?? ''
        const headers = { cookie, accept: 'text/html' }
        const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
        const answer = await raw(
          url.href,
          body === undefined ? { headers } : { method: 'POST', headers: form, body },
        )
        browser.cookies.store(url, answer.headers['set-cookie'] ?? [])
        return answer
      }
      return async (path: string, body: string) => {
        const answer = await ask(path, `csrf_token=${encodeURIComponent(token)}&${body}`)
        const to = answer.headers.location
        // A refusal leads to a page of ours, which has its status once. What leads elsewhere is returned as it is.
        return answer.status === 303 && to !== undefined && /^\/(?![/\\])/.test(to) ? ask(to) : answer
      }
    }

    test.each(['flow', 'return_to', 'again', 'ticket'])(
      '/login/:provider, every nasty %s: to the provider or refused, and never elsewhere',
      async (field) => {
        const browser = federation.browser()
        const send = await sender(browser, await browser.open(steps.at('/login')))
        const own = new URL(federation.github.url).origin
        for (const value of [...nastyValues, 'https://evil.example/', '//evil.example', '/\\evil.example']) {
          const answer = await send('/login/github', `${field}=${encodeValue(value)}`)
          expect([value.slice(0, 20), answer.status]).toEqual([
            value.slice(0, 20),
            expect.toBeOneOf([303, 400, 422]),
          ])
          expect(answer.text).not.toMatch(INSIDES)
          if (answer.status !== 303) continue
          const to = new URL(String(answer.headers.location))
          expect([to.origin, to.pathname]).toEqual([own, '/login/oauth/authorize'])
        }
        for (const body of [`${field}=a&${field}=b`, `${field}[]=a`, `${field}=${'x'.repeat(60_000)}`])
          expect([303, 400, 413]).toContain((await send('/login/github', body)).status)
      },
    )

    test('nor does it lead elsewhere once the person is back', async () => {
      steps.onGitHub('returner')
      for (const value of [
        'https://evil.example/',
        '//evil.example',
        '/\\evil.example',
        '/.//evil.example',
        '/%09/evil.example',
        'javascript:alert(1)',
        `${federation.latchkey.issuer}@evil.example/`,
      ]) {
        const browser = federation.browser()
        const request = browser.prepare(
          await browser.open(steps.at('/login')),
          {},
          { button: 'Continue with GitHub' },
        )
        request.body?.set('return_to', value)
        const page = await browser.open((await browser.send(request)).headers.get('location') ?? '')
        const back = browser.prepare(page, {}, { button: 'Continue as returner' })
        const callback = new URL((await browser.send(back)).headers.get('location') ?? '')
        const answer = await browser.send({ url: callback, method: 'GET' })
        const to = new URL(answer.headers.get('location') ?? '', callback)
        expect([value, to.origin]).toEqual([value, federation.latchkey.issuer])
        // The page for the problem of a second visit leads no further either.
        const again = await browser.send({ url: callback, method: 'GET' })
        expect(new URL(again.headers.get('location') ?? '', callback).origin).toBe(federation.latchkey.issuer)
      }
    })

    test.each([
      '/login/github',
      '/login/nobody',
      `/login/${'x'.repeat(90)}`,
      '/login/%00',
      '/login/__proto__',
      '/login/..%2fadmin',
    ])('POST %s is below 500', async (path) => {
      const browser = federation.browser()
      const send = await sender(browser, await browser.open(steps.at('/login')))
      expect((await send(path, 'return_to=/account')).status).toBeLessThan(500)
    })

    // Names that are none: a good one would be taken.
    test.each(['username', 'email'])('/login/finish, every nasty %s', async (field) => {
      steps.onGitHub(`form-${field}`, { emails: [] })
      const browser = federation.browser()
      const page = await steps.byGitHub(browser, `form-${field}`)
      const send = await sender(browser, page)
      const rest = field === 'username' ? 'email=form@example.com' : 'username=form'
      for (const value of nastyValues.filter((each) => !/^[a-z0-9][\w.-]{2,31}$/i.test(each))) {
        const answer = await send(page.url.pathname, `${rest}&${field}=${encodeValue(value)}`)
        expect([value.slice(0, 20), answer.status]).toEqual([
          value.slice(0, 20),
          expect.toBeOneOf([400, 409, 422]),
        ])
        expect(answer.text).not.toMatch(INSIDES)
        expect(answer.text).not.toContain('<script>alert')
      }
    })

    test('/login/link, every nasty password', async () => {
      const victim = await federation.latchkey.createUser()
      steps.onGitHub('form-link', primaryAddress(victim.email))
      const browser = federation.browser()
      const page = await steps.byGitHub(browser, 'form-link')
      const send = await sender(browser, page)
      for (const value of nastyValues) {
        const answer = await send(page.url.pathname, `password=${encodeValue(value)}`)
        expect([value.slice(0, 20), answer.status]).toEqual([
          value.slice(0, 20),
          expect.toBeOneOf([400, 401, 422]),
        ])
        expect(answer.text).not.toMatch(INSIDES)
      }
    })

    test.each(['', 'x', '__proto__', '%00', '..%2f', 'x'.repeat(99), 'x'.repeat(5000)])(
      'a ticket that is %.10s is over, or no address',
      async (ticket) => {
        for (const page of ['finish', 'link']) {
          const answer = await raw(steps.at('/'), {
            path: `/login/${page}/${ticket}`,
            headers: { accept: 'text/html' },
          })
          expect([400, 404, 410, 414]).toContain(answer.status)
        }
      },
    )
  })
})
