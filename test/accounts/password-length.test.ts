import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

/** What a password manager makes where it may make 8 characters. */
const EIGHT = 'u8dk2mzq'

describe.each([
  ['a password that signs in alone', { SECOND_FACTOR: 'optional' }, 15],
  ['a password of the length that the operator says', { PASSWORD_MIN_LENGTH: '12' }, 12],
  ['a password beside a required second factor', { SECOND_FACTOR: 'everyone' }, 8],
  [
    'a password beside a required second factor, of the length that the operator says',
    { SECOND_FACTOR: 'everyone', PASSWORD_MIN_LENGTH_WITH_SECOND_FACTOR: '10' },
    10,
  ],
])('%s', (_, env, length) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ env })
  })
  afterAll(() => latchkey.stop())
  const hint = new RegExp(`At least ${length} characters`)

  test(`has ${length} characters, and each page that asks for one says so`, async () => {
    const browser = createHttpBrowser()
    const page = await browser.open(`${latchkey.issuer}/register`)
    expect(page.text).toMatch(hint)
    const fields = { Username: 'robin', Email: 'robin@example.com' }
    const short = await browser.submit(page, { ...fields, Password: EIGHT.slice(0, 7) })
    expect(short.text).toMatch(new RegExp(`has 7 of at least ${length} characters`))
    const { accounts } = latchkey.services
    const registered = accounts.register({ username: 'wren', email: 'wren@example.com', password: EIGHT })
    if (length > 8) await expect(registered).rejects.toMatchObject({ status: 422 })
    else await registered

    const { email } = await latchkey.createUser('jay')
    await accounts.forgot(email)
    const { link } = await latchkey.mailTo(email)
    expect((await browser.open(link)).text).toMatch(hint)
    await accounts.createByAdmin({ username: 'owl', email: 'owl@example.com', role: 'user' })
    await latchkey.services.accounts.sendInvitation(String((await accounts.find('owl'))?.id))
    const invitation = await latchkey.mailTo('owl@example.com')
    expect((await browser.open(invitation.link)).text).toMatch(hint)
  })
})

test('administrators alone have 8 where a second factor is required of them alone', async () => {
  const latchkey = await startLatchkey({ env: { SECOND_FACTOR: 'admins' } })
  const { accounts } = latchkey.services
  const owner = { secondFactorRequired: false }
  expect(accounts.passwordMinLength({ ...owner, role: 'user' })).toBe(15)
  expect(accounts.passwordMinLength({ ...owner, role: 'admin' })).toBe(8)
  expect(accounts.passwordMinLength({ role: 'user', secondFactorRequired: true })).toBe(8)
  const person = { email: 'robin@example.com', password: EIGHT, verified: true }
  await expect(accounts.createByAdmin({ ...person, username: 'robin', role: 'user' })).rejects.toMatchObject({
    status: 422,
  })
  expect((await accounts.createByAdmin({ ...person, username: 'robin', role: 'admin' })).role).toBe('admin')
  await latchkey.stop()
})
