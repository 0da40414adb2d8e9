import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

const DAY = 86_400_000

// By password, passkey and provider: test/accounts/sign-in.test.ts and those beside it.
describe.each(engines)('the last sign-in on %s', (engine) => {
  let latchkey: Latchkey
  let passed = 0
  const now = () => Date.now() + passed
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: now })
  })
  afterAll(() => latchkey?.stop())

  const lastSignIn = async (id: string) => (await latchkey.services.accounts.byId(id))?.lastSignInAt

  test('is that by the link of an invitation', async () => {
    const email = 'invited@example.com'
    const { id } = await latchkey.services.accounts.createByAdmin({ username: 'invited', email })
    const browser = createHttpBrowser()
    const page = await browser.open((await latchkey.mailTo(email)).link)
    expect(await lastSignIn(id)).toBeNull()
    const before = now()
    await browser.submit(page, { Password: PASSWORD }, { button: 'Accept invitation' })
    expect(await lastSignIn(id)).toBeGreaterThanOrEqual(before)
  })

  test('is that by the link to a new password', async () => {
    const user = await latchkey.createUser()
    await latchkey.services.accounts.authenticate({ identifier: user.email, password: PASSWORD })
    passed += DAY
    const browser = createHttpBrowser()
    const page = await browser.open(`${latchkey.issuer}/forgot-password`)
    await browser.submit(page, { Email: user.email }, { button: 'Send reset link' })
    const before = now()
    const reset = await browser.open((await latchkey.mailTo(user.email)).link)
    expect(await lastSignIn(user.id)).toBeLessThan(before)
    await browser.submit(reset, { 'New password': 'velvet piano under 9 moons' })
    expect((await browser.open(`${latchkey.issuer}/account`)).text).toContain(user.username)
    expect(await lastSignIn(user.id)).toBeGreaterThanOrEqual(before)
  })

  test('no session starts by a link to a new password when the account is disabled meanwhile', async () => {
    const { accounts } = latchkey.services
    const user = await latchkey.createUser()
    const browser = createHttpBrowser()
    const page = await browser.open(`${latchkey.issuer}/forgot-password`)
    await browser.submit(page, { Email: user.email }, { button: 'Send reset link' })
    const reset = await browser.open((await latchkey.mailTo(user.email)).link)
    const { recordSignIn } = accounts.verification
    const recording = vi.spyOn(accounts.verification, 'recordSignIn').mockImplementationOnce(async (of) => {
      await accounts.disable(user.id)
      return recordSignIn(of)
    })
    const refused = await browser.submit(reset, { 'New password': 'velvet piano under 9 moons' })
    recording.mockRestore()
    expect([refused.status, await latchkey.services.accounts.byId(user.id)]).toMatchObject([
      410,
      { disabledAt: expect.any(Number) },
    ])
  })

  test('is that of an account that an invitation to an organization made', async () => {
    const { organizations, accounts } = latchkey.services
    const email = 'crew@acme.example'
    const { id } = await organizations.create({ name: 'Acme' })
    await organizations.invitations.create(id, { email, roles: ['member'] })
    const browser = createHttpBrowser()
    const page = await browser.open((await latchkey.mailTo(email)).link)
    await browser.submit(
      page,
      { Username: 'crew', Password: PASSWORD },
      { button: 'Create account and join' },
    )
    expect((await accounts.find(email))?.lastSignInAt).toEqual(expect.any(Number))
  })
})
