import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey?.stop())

async function administrator() {
  const user = await latchkey.createUser()
  await latchkey.services.accounts.setRole(user.id, 'admin')
  const browser = createHttpBrowser()
  await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
    identifier: user.username,
    password: PASSWORD,
  })
  return { user, browser }
}

test.each([
  ['/admin/users/new', { Email: 'late@example.com' }, 'Add user'],
  ['/account', { 'First name': 'Late' }, 'Save profile'],
] as const)(
  'a form of %s that is sent after signing out is lost with a word',
  async (path, typed, button) => {
    const { browser, user } = await administrator()
    const page = await browser.open(`${latchkey.issuer}${path}`)
    const form = browser.prepare(page, typed, { button })
    await latchkey.services.accounts.endSessions(user.id)
    const answer = await browser.visit(form)
    expect(answer.url.pathname).toBe('/login')
    expect(answer.text).toContain('You were signed out meanwhile, and nothing was done.')
    // It does not look like a success.
    expect(answer.body).toMatch(/<p class="alert" role="alert">You were signed out meanwhile/)
    const back = await browser.signIn(answer, { identifier: user.username, password: PASSWORD })
    expect(back.url.pathname).toBe(path)
  },
)
