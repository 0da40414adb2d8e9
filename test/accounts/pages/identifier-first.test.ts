import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FederationFixture, openFederation } from '../../federation/federation-fixture.ts'
import {
  createSecurityFixture,
  redirectUri,
  type SecurityFixture,
  type TestClient,
} from '../../security/attacker.ts'
import { type BrowserPage, createHttpBrowser } from '../../support/flow.ts'
import { engines, PASSWORD } from '../../support/latchkey.ts'
import { settled } from '../../support/settled.ts'
import { statementsOf } from '../../support/statements.ts'

describe.each(engines)('identifier_first, on %s', (engine) => {
  let federation: FederationFixture
  let fixture: SecurityFixture
  let client: TestClient
  let organization: string
  const values = new Set<string>()
  beforeAll(async () => {
    federation = await openFederation({
      engine,
      env: { IDENTIFIER_FIRST: 'on' },
      lookUpTxt: async () => ({ values: [...values] }),
      background: false,
    })
    fixture = createSecurityFixture(federation.latchkey)
    client = await fixture.client({ client_name: 'Harbour Notes' })
    const { organizations, providers } = federation.latchkey.services
    organization = (await organizations.create({ name: 'Corp', slug: 'corp' })).id
    values.add((await organizations.domains.add(organization, 'corp.example')).record.value)
    await organizations.domains.verify(organization, 'corp.example')
    await providers.update('okta', { organization: 'corp' })
  })
  afterAll(() => federation?.stop())

  const login = () => `${fixture.issuer}/login`
  const form = (page: BrowserPage) =>
    page.forms.find(({ fields }) => fields.some((each) => each.name === 'identifier'))
  const fields = (page: BrowserPage) => form(page)?.fields.map(({ name }) => name)
  const name = (page: BrowserPage) => form(page)?.fields.find((each) => each.name === 'identifier')?.value
  const browser = () => createHttpBrowser({ stopAt: [redirectUri] })
  async function named(identifier: string, url = login(), tab = browser()) {
    const page = await tab.submit(await tab.open(url), { identifier }, { button: 'Continue' })
    return { tab, page }
  }
  const enter = (tab: ReturnType<typeof browser>, page: BrowserPage, password = PASSWORD) =>
    tab.submit(page, { Password: password }, { button: 'Sign in' })

  test('the name, then the password, at the account page and for an app', async () => {
    const user = await federation.latchkey.createUser()
    const { tab, page } = await named(user.email)
    expect(page.status).toBe(200)
    expect(page.text).toContain(`Signing in as ${user.email}`)
    expect(fields(page)).toEqual(['csrf_token', 'identifier', 'password'])
    expect(page.url.href).not.toContain(encodeURIComponent(user.email))
    expect((await enter(tab, page)).url.pathname).toBe('/account')

    const app = await named(user.username, fixture.authorizeUrl(client))
    expect(app.page.text).toContain('Harbour Notes')
    const wrong = await enter(app.tab, app.page, 'not-the-password')
    expect(wrong.text).toContain(`Signing in as ${user.username}`)
    expect((await enter(app.tab, wrong)).url.searchParams.get('code')).toBeTruthy()
  })

  test('the first page asks for the name alone, and says what is wrong with it', async () => {
    const tab = browser()
    const first = await tab.open(login())
    expect(fields(first)).toEqual(['csrf_token', 'identifier'])
    for (const [typed, problem] of [
      ['  ', 'Enter your email or username.'],
      ['x'.repeat(321), 'too long'],
    ] as const) {
      const again = await tab.submit(first, { identifier: typed }, { button: 'Continue' })
      expect(again.status).toBe(422)
      expect(again.text).toContain(problem)
      expect(again.text).not.toContain('Enter your password')
      expect(fields(again)).toEqual(['csrf_token', 'identifier'])
    }
  })

  test('an unknown name gets the same page in the same statements, and the same refusal', async () => {
    const user = await federation.latchkey.createUser()
    const passkeyed = await federation.latchkey.createUser()
    await federation.latchkey.services.db.prisma.account.update({
      where: { id: passkeyed.id },
      data: { secondFactors: 'passkey' },
    })
    const look = async (identifier: string) => {
      const tab = browser()
      const first = await tab.open(login())
      let page = first
      await settled(federation.latchkey)
      const statements = await statementsOf(async () => {
        page = await tab.submit(first, { identifier }, { button: 'Continue' })
      })
      const plain = page.body
        .replaceAll(identifier, 'NAME')
        .replaceAll(/(csrf_token" value="|who=|challenge&quot;:&quot;|nonce=")[\w.+/=-]+/g, '$1')
      const refused = await enter(tab, page, 'not-the-password')
      const asked = statements.filter((each) => /accounts|identities|passkeys|factors|codes/.test(each))
      return { plain, asked, refused: [refused.status, refused.text.replaceAll(identifier, 'NAME')] }
    }
    const nobody = await look('nobody-here@example.com')
    expect(nobody.asked).toEqual([])
    expect(await look(user.email)).toEqual(nobody)
    expect(await look(passkeyed.email)).toEqual(nobody)
  })

  test('“Not you?” asks for the name again, also where the app has said one', async () => {
    const user = await federation.latchkey.createUser()
    const tab = browser()
    const page = await tab.open(fixture.authorizeUrl(client, { login_hint: user.email }))
    expect(name(page)).toBe(user.email)
    const first = await tab.follow(page, 'Not you?')
    expect(fields(first)).toEqual(['csrf_token', 'identifier'])
    expect(name(first)).toBe('')
    const second = await tab.submit(first, { identifier: user.username }, { button: 'Continue' })
    expect((await enter(tab, second)).left).toBe(true)
  })

  test('two tabs keep their names apart; a name of another server, or an old one, is asked for again', async () => {
    const [one, two] = [await federation.latchkey.createUser(), await federation.latchkey.createUser()]
    const { tab, page } = await named(one.email)
    const other = await named(two.email, login(), tab)
    const again = await tab.open(page.url)
    expect([name(again), name(other.page)]).toEqual([one.email, two.email])
    const forged = new URL(page.url)
    const sealed = forged.searchParams.get('who') ?? ''
    forged.searchParams.set('who', `${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`)
    expect(fields(await tab.open(forged))).toEqual(['csrf_token', 'identifier'])
  })

  test('who is signed in and signs in again is asked for what the account has', async () => {
    const user = await federation.latchkey.createUser()
    const { tab, page } = await named(user.email)
    await enter(tab, page)
    const again = await tab.open(fixture.authorizeUrl(client, { prompt: 'login' }))
    expect(again.text).toContain(`Signing in as ${user.username}`)
    expect(again.text).not.toMatch(/Continue with|passkey/)
    const another = await tab.follow(again, 'Not you?')
    expect(fields(another)).toEqual(['csrf_token', 'identifier'])
    expect((await enter(tab, again)).left).toBe(true)
  })

  test('an address of a verified domain is led to the provider of its organization', async () => {
    const { organizations } = federation.latchkey.services
    const offered = await named('ada@corp.example')
    expect(fields(offered.page)).toEqual(['csrf_token', 'identifier', 'password'])
    expect(offered.page.text).toContain('Continue with Okta')
    await organizations.update(organization, { provider_required: true })
    for (const url of [login(), fixture.authorizeUrl(client)]) {
      const { tab, page } = await named('ada@corp.example', url)
      expect(page.text).toContain('Sign in at Okta')
      expect(page.body).not.toContain('type="password"')
      expect(fields(await tab.follow(page, 'Back to the sign-in page'))).toEqual(['csrf_token', 'identifier'])
    }
    await organizations.update(organization, { provider_required: false })
  })
})
