import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { AppError } from '../../src/shared/errors.ts'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const QUARTER = 900_000
const SECRET = 'secret-of-upstream-4417'

describe.each(engines)('an act that waits for a fresh sign-in, on %s', (engine) => {
  let latchkey: Latchkey
  let shift = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + shift })
  })
  afterEach(() => {
    shift = 0
  })
  afterAll(() => latchkey?.stop())

  /** Somebody whose sign-in is too old adds a provider. */
  async function interrupted(id: string) {
    const admin = await signedIn(latchkey)
    const form = await admin.browser.open(`${latchkey.issuer}/admin/providers/new?kind=oidc`)
    shift = QUARTER
    const login = await admin.browser.submit(
      form,
      {
        ID: id,
        Name: 'Corp',
        Issuer: 'http://127.0.0.1:9',
        'Client ID': 'latchkey',
        'Client secret': SECRET,
      },
      { button: 'Add provider' },
    )
    shift = 0
    expect(login.url.pathname).toBe('/login')
    const confirm = new URL(login.url.searchParams.get('return_to') ?? '', latchkey.issuer)
    return { ...admin, login, confirm }
  }
  const signIn = (browser: HttpBrowser, page: BrowserPage, identifier: string) =>
    browser.signIn(page, { identifier, password: PASSWORD })
  const providers = async () => (await latchkey.services.providers.list()).map(({ id }) => id)

  test('is shown in words without its secrets, and done with them', async () => {
    const { browser, username, login } = await interrupted('one')
    expect(await providers()).not.toContain('one')
    const confirm = await signIn(browser, login, username)
    expect(confirm.text).toContain('You are about to add a sign-in provider')
    expect(confirm.text).toContain('Corp')
    expect(confirm.body).not.toContain(SECRET)
    const rows = await latchkey.services.artifacts.listByAccount('KeptForm', username)
    expect(JSON.stringify(rows)).not.toContain(SECRET)
    const done = await browser.submit(confirm, {}, { button: 'Go on' })
    expect(done.text).toContain('The provider is on')
    expect(await providers()).toContain('one')

    // What a page sends of what it showed is for the comparison, not for people.
    const page = await browser.open(`${latchkey.issuer}/admin/providers/one/remove`)
    shift = QUARTER
    const again = await browser.submit(page, {}, { button: 'Remove provider' })
    shift = 0
    const removal = await signIn(browser, again, username)
    expect(removal.text).toContain('You are about to remove a sign-in provider')
    expect(removal.text).not.toContain('[[')
    const removed = await browser.submit(removal, {}, { button: 'Go on' })
    expect(removed.text).toContain('The provider is removed')
  })

  test('is done once, however many buttons are pressed at once', async () => {
    const { browser, username, login, confirm } = await interrupted('two')
    await signIn(browser, login, username)
    const pages = await Promise.all([1, 2, 3, 4].map(() => browser.open(confirm)))
    const answers = await Promise.all(
      pages.map((page) => browser.send(browser.prepare(page, {}, { button: 'Go on' }))),
    )
    const locations = answers.map(({ headers }) => headers.get('location'))
    expect(locations.filter((each) => each === '/admin/providers/two?done=added')).toHaveLength(1)
    expect((await browser.open(confirm)).status).toBe(410)
  })

  test('is nobody else’s: another person, or the same one in another browser', async () => {
    const { browser, username, login, confirm } = await interrupted('three')
    const other = await signedIn(latchkey)
    const same = createHttpBrowser()
    await signIn(same, await same.open(`${latchkey.issuer}/login`), username)
    for (const stranger of [other.browser, same]) {
      const refused = await stranger.open(confirm)
      expect(refused.status).toBe(410)
      expect(refused.text).toContain(
        stranger === same ? 'in this browser' : 'with another account than the one that began this',
      )
      const page = await stranger.open(`${latchkey.issuer}/admin/providers/new?kind=oidc`)
      const forged = stranger.prepare(page, {}, { button: 'Add provider' })
      forged.body?.set('resume', confirm.pathname.split('/').at(-1) ?? '')
      expect((await stranger.visit(forged)).status).toBe(410)
    }
    // Another person signs in on the page that asks the first one to.
    const wrong = await signIn(browser, login, other.username)
    expect(wrong.status).toBe(403)
    expect(wrong.text).toContain('That is another account.')
    expect(await providers()).not.toContain('three')
  })

  test('is for its own form alone, with the token of the browser', async () => {
    const { browser, username, login } = await interrupted('four')
    const confirm = await signIn(browser, login, username)
    const sent = browser.prepare(confirm, {}, { button: 'Go on' })
    const { user } = { user: await latchkey.createUser() }
    const elsewhere = { ...sent, url: new URL(`${latchkey.issuer}/admin/users/${user.id}/delete`) }
    expect((await browser.visit(elsewhere)).status).toBe(410)
    const bare = { ...sent, body: new URLSearchParams({ resume: sent.body?.get('resume') ?? '' }) }
    expect((await browser.visit(bare)).status).toBe(403)
    expect(await latchkey.services.accounts.byId(user.id)).toBeDefined()
    expect(await providers()).not.toContain('four')
  })

  test('ends after a quarter of an hour, and asks again for a sign-in that is fresh', async () => {
    const { browser, username, login, confirm } = await interrupted('five')
    const page = await signIn(browser, login, username)
    shift = QUARTER - 60_000
    expect((await browser.open(confirm)).status).toBe(200)
    shift = 2 * QUARTER
    expect((await browser.visit(browser.prepare(page, {}, { button: 'Go on' }))).status).not.toBe(200)
    expect((await browser.open(confirm)).status).toBe(410)
    expect(await providers()).not.toContain('five')
  })

  test('is refused when the role was taken away in between', async () => {
    const { browser, username, id, login } = await interrupted('six')
    await signedIn(latchkey)
    const confirm = await signIn(browser, login, username)
    await latchkey.services.accounts.setRole(id, 'user')
    await browser.visit(browser.prepare(confirm, {}, { button: 'Go on' }))
    expect(await providers()).not.toContain('six')
  })

  test.each(['at once', 'after'] as const)(
    'is answered alike to a button that is pressed twice (%s)',
    async (when) => {
      const id = `twice-${when.replace(' ', '-')}`
      const { browser, username, login } = await interrupted(id)
      const sent = browser.prepare(await signIn(browser, login, username), {}, { button: 'Go on' })
      const first = browser.send(sent)
      if (when === 'after') await first
      const locations = [await browser.send(sent), await first].map(({ headers }) => headers.get('location'))
      expect(locations).toEqual(Array(2).fill(`/admin/providers/${id}?done=added`))
    },
  )

  test.each([503, 500])('is kept when it fails with %d, and offered again', async (status) => {
    const id = `failing-${status}`
    const { browser, username, login, confirm } = await interrupted(id)
    const page = await signIn(browser, login, username)
    const busy = status === 500 ? new Error('driver') : new AppError('busy', status, 'Busy. Try again.')
    const add = vi.spyOn(latchkey.services.providers, 'add').mockRejectedValueOnce(busy)
    const failed = await browser.submit(page, {}, { button: 'Go on' })
    expect(add).toHaveBeenCalledOnce()
    add.mockRestore()
    expect(failed.status).toBe(status)
    const again = await browser.follow(failed, 'Back to the form')
    expect(again.text).toContain('You are about to add a sign-in provider')
    expect((await browser.submit(again, {}, { button: 'Go on' })).text).toContain('The provider is on')
    for (const { href } of [confirm, again.url]) expect((await browser.open(href)).status).toBe(410)
  })

  test('is offered again, with the reason above it, when it is refused for now', async () => {
    const { browser, username } = await signedIn(latchkey, 'user')
    const account = await browser.open(`${latchkey.issuer}/account`)
    shift = QUARTER
    const login = await browser.submit(
      account,
      { 'New email': `${username}@new.example` },
      { button: 'Change email' },
    )
    shift = 0
    const busy = new AppError('too_many_mails', 429, 'Enough messages for now.')
    vi.spyOn(latchkey.services.accounts, 'changeEmail').mockRejectedValueOnce(busy)
    const refused = await browser.submit(await signIn(browser, login, username), {}, { button: 'Go on' })
    vi.restoreAllMocks()
    expect(refused).toMatchObject({ status: 429 })
    expect(refused.text).toContain('Enough messages for now.')
    const done = await browser.submit(refused, {}, { button: 'Go on' })
    expect(done.text).toContain(`${username}@new.example`)
    expect(done.url.pathname).toBe('/account')
  })

  test('is done with when its form is wrong', async () => {
    const { browser, username, login, confirm } = await interrupted('Not An ID')
    const page = await signIn(browser, login, username)
    expect((await browser.submit(page, {}, { button: 'Go on' })).status).toBe(422)
    expect((await browser.open(confirm)).status).toBe(410)
  })
})
