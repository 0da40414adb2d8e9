import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { engines, PASSWORD } from '../../support/latchkey.ts'
import { codeIn } from '../../support/mailbox.ts'
import { type FederationFixture, openFederation } from '../federation-fixture.ts'
import { createSignInSteps, primaryAddress, type SignInSteps } from '../sign-in-steps.ts'

describe.each(engines)('what a provider says about a person, on %s', (engine) => {
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
  const accounts = () => federation.latchkey.services.accounts

  test('a name with markup is text on every page', async () => {
    const login = '<script>alert(1)</script>'
    steps.onGitHub(login, {
      name: '"><img src=x onerror=alert(1)> </title><script>alert(1)</script>',
      avatar_url: 'javascript:alert(1)',
      ...primaryAddress('"<script>alert(1)</script>"@example.com'),
    })
    const browser = federation.browser()
    const asks = await steps.byGitHub(browser, login)
    expect(asks.text).toContain('Almost there')
    expect(asks.body).not.toMatch(/<script>alert|<img src=x/)
    // An address that nobody can be written at is asked for.
    const verify = await browser.submit(
      asks,
      { Username: `markup-${engine}`, Email: `markup-${engine}@example.com` },
      { button: 'Create account' },
    )
    const code = codeIn(await federation.latchkey.mailTo(`markup-${engine}@example.com`))
    const account = await browser.submit(verify, { 'Verification code': code }, { button: 'Verify' })
    expect(account.url.pathname).toBe('/account')
    expect(account.body).toContain('&lt;script&gt;')
    expect(account.body).not.toMatch(/<script>alert|<img src=x|javascript:/)
    expect((await accounts().find(`markup-${engine}`))?.picture).toBeNull()
  })

  test.each([
    ['NUL', 'a\0b'],
    ['a lone surrogate', '\uD800'],
    ['text that runs backwards', '\u202Eecarg'],
    ['more than any name', 'x'.repeat(100_000)],
    ['more than a name may have', 'x'.repeat(101)],
  ])('a name with %s is left out, and keeps nobody out', async (what, name) => {
    const login = `odd-${what.replaceAll(/\W/g, '')}`.slice(0, 32)
    steps.onGitHub(login, { name: `${name} ${name}` })
    const browser = federation.browser()
    await steps.byGitHub(browser, login)
    expect(await steps.signedInAs(browser)).toBe(login)
    expect(await accounts().find(login)).toMatchObject({ givenName: null, familyName: null })
  })

  test.each([
    ['NUL', 'a\0b'],
    ['a line break', 'a\nb'],
    ['a hundred thousand characters', 'x'.repeat(100_000)],
  ])('a login with %s counts as none', async (what, login) => {
    const button = `nameless-${what.replaceAll(/\W/g, '').toLowerCase()}`.slice(0, 28)
    Object.assign(steps.onGitHub(button), { login })
    const asks = await steps.byGitHub(federation.browser(), button)
    expect([asks.status, asks.text]).toEqual([200, expect.stringContaining('Almost there')])
    expect(asks.forms[0]?.fields.find(({ name }) => name === 'username')?.value).toBe(button)
  })

  test('a verified address in capitals finds the account, and the name that waits for it', async () => {
    await accounts().register({ username: 'shouter', email: 'shouter@example.com', password: PASSWORD })
    steps.onGitHub('shouter', primaryAddress('SHOUTER@Example.COM'))
    const browser = federation.browser()
    await steps.byGitHub(browser, 'shouter')
    expect(await steps.signedInAs(browser)).toBe('shouter')
  })

  test('what it says in an error is one tame line of the log', async () => {
    const browser = federation.browser()
    const callback = await steps.capture(browser, 'octocat')
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set(
      'error_description',
      'x\r\n{"level":60}\u001b[31m gho_0123456789abcdefghijklmnop',
    )
    await browser.open(callback)
    const { cause } = federation.said('federation.failed').at(-1) ?? {}
    expect(cause).toMatch(/^the provider answered access_denied/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(cause).not.toMatch(/[\u0000-\u001f]|gho_/)
  })
})
