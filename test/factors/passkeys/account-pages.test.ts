import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createAuthenticator, givePasskey, passkeyOptions } from '../../support/authenticator.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'

const QUARTER = 16 * 60_000
const NEW = '/account/security/passkeys/new'

describe('the pages of passkeys', () => {
  let latchkey: Latchkey
  let ahead = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ clock: () => Date.now() + ahead })
  })
  afterEach(() => {
    ahead = 0
  })
  afterAll(() => latchkey.stop())

  async function signedIn() {
    const user = await latchkey.createUser()
    const browser = createHttpBrowser()
    await browser.signIn(await open(browser, '/login'), { identifier: user.username, password: PASSWORD })
    return { user, browser, authenticator: createAuthenticator(latchkey.issuer) }
  }
  const open = (browser: HttpBrowser, path: string) => browser.open(`${latchkey.issuer}${path}`)
  const send = (browser: HttpBrowser, page: BrowserPage, credential: object) =>
    browser.submit(
      page,
      { credential: JSON.stringify(credential) },
      { form: ({ fields }) => fields.some(({ name }) => name === 'credential') },
    )
  const listed = (user: { id: string }) => latchkey.services.factors.passkeys.list(user.id)

  /** Somebody who is signed in by their passkey. */
  async function owner() {
    const { user, authenticator } = await signedIn()
    const passkey = await givePasskey(latchkey, user, authenticator)
    const browser = createHttpBrowser()
    const page = await open(browser, '/login')
    await send(browser, page, authenticator.get(passkeyOptions(page)))
    return { user, browser, passkey }
  }

  test('what the browser made is added, and the session goes on, verified by it', async () => {
    const { user, browser, authenticator } = await signedIn()
    const page = await open(browser, NEW)
    const codes = await send(browser, page, authenticator.create(passkeyOptions(page)))
    expect(codes.body.match(/data-recovery-code/g)).toHaveLength(10)
    expect(await listed(user)).toHaveLength(1)
    const security = await open(browser, '/account/security')
    expect(security.url.pathname).toBe('/account/security')
    const [session] = await latchkey.services.artifacts.listByAccount('Session', user.id)
    expect(session?.payload).toMatchObject({ amr: ['pwd', 'hwk', 'user', 'mfa'] })
  })

  test('nothing is added by the options of another session, twice, or by what is no answer', async () => {
    const [one, other] = [await signedIn(), await signedIn()]
    const foreign = one.authenticator.create(passkeyOptions(await open(one.browser, NEW)))
    const refused = await send(other.browser, await open(other.browser, NEW), foreign)
    expect(refused.text).toContain('The passkey could not be added.')
    expect(await listed(other.user)).toEqual([])
    const page = await open(one.browser, NEW)
    const credential = one.authenticator.create(passkeyOptions(page))
    const request = one.browser.prepare(
      page,
      { credential: JSON.stringify(credential) },
      { form: ({ fields }) => fields.some(({ name }) => name === 'credential') },
    )
    await one.browser.send(request)
    await one.browser.send(request)
    expect(await listed(one.user)).toHaveLength(1)
    const odd = await send(other.browser, await open(other.browser, NEW), { id: 1 })
    expect(odd.text).toContain('The passkey could not be added.')
  })

  test('a sign-in of long ago adds, renames and removes nothing before it is done again', async () => {
    const { user, browser, authenticator } = await signedIn()
    ahead = QUARTER - 3 * 60_000
    const page = await open(browser, NEW)
    ahead = QUARTER
    const late = await send(browser, page, authenticator.create(passkeyOptions(page)))
    expect([late.url.pathname, late.url.searchParams.get('return_to')]).toEqual(['/login', NEW])
    expect((await open(browser, NEW)).url.pathname).toBe('/login')
    expect(await listed(user)).toEqual([])

    ahead = 0
    const { user: person, browser: theirs, passkey } = await owner()
    const rename = await open(theirs, `/account/security/passkeys/${passkey.id}/rename`)
    const remove = await open(theirs, `/account/security/factors/${passkey.id}/remove`)
    ahead = QUARTER
    const asked = await theirs.submit(rename, { Name: 'Mine' }, { button: 'Save name' })
    expect(asked.text).toContain('Sign in again')
    expect((await theirs.submit(remove, {}, { button: 'Remove' })).text).toContain('Sign in again')
    expect(await listed(person)).toMatchObject([{ name: passkey.name }])
  })

  test('the passkey of another account cannot be seen, renamed or removed', async () => {
    const [mine, other] = [await owner(), await owner()]
    for (const path of [
      `/account/security/passkeys/${other.passkey.id}/rename`,
      `/account/security/factors/${other.passkey.id}/remove`,
    ])
      expect((await open(mine.browser, path)).url.pathname).toBe('/account/security')
    const own = await open(mine.browser, `/account/security/passkeys/${mine.passkey.id}/rename`)
    const request = mine.browser.prepare(own, { Name: 'Taken over' }, { button: 'Save name' })
    request.url.pathname = `/account/security/passkeys/${other.passkey.id}/rename`
    await mine.browser.send(request)
    expect(await listed(other.user)).toMatchObject([{ name: other.passkey.name }])
  })

  test('a person who is not signed in is asked to', async () => {
    for (const path of [NEW, '/account/security/passkeys/offer', '/account/security/passkeys/1/rename'])
      expect((await open(createHttpBrowser(), path)).url.pathname).toBe('/login')
  })

  test.each(['https://evil.example', '//evil.example', '/\\evil.example'])(
    'the page that offers one leads to no other site: %s',
    async (address) => {
      const { browser } = await signedIn()
      const offer = await open(
        browser,
        `/account/security/passkeys/offer?return_to=${encodeURIComponent(address)}`,
      )
      expect(offer.text).toContain('Sign in faster next time')
      const next = await browser.submit(offer, {}, { button: 'Skip' })
      expect(next.url.href).toBe(`${latchkey.issuer}/account`)
    },
  )

  test('one is offered to a person once, and to nobody who has a second factor', async () => {
    const { browser } = await signedIn()
    const offer = '/account/security/passkeys/offer?return_to=/account/apps'
    expect((await open(browser, offer)).url.pathname).toContain('/offer')
    expect((await open(browser, offer)).url.pathname).toBe('/account/apps')
    expect((await open((await owner()).browser, offer)).url.pathname).toBe('/account/apps')
  })

  test('switched off, none is added, and those that there are can be removed', async () => {
    const { user, browser, passkey } = await owner()
    await latchkey.services.settings.change({ passkeys: 'off' })
    try {
      expect((await open(browser, NEW)).url.pathname).toBe('/account/security')
      const security = await open(browser, '/account/security')
      expect(security.text).not.toContain('Add a passkey')
      const remove = await open(browser, `/account/security/factors/${passkey.id}/remove`)
      await browser.submit(remove, {}, { button: 'Remove' })
      expect(await listed(user)).toEqual([])
      expect((await open(browser, '/account/security')).text).not.toContain('Passkeys')
    } finally {
      await latchkey.services.settings.change({ passkeys: null })
    }
  })
})
