import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { basic, bearer, createApi } from '../../api/support.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'
import { type Person, person } from './person.ts'

const NUMBER = '+442079460123'
const OTHER = '+44 20 7946 0124'

describe.each(engines)('a verified phone number, on %s', (engine) => {
  let latchkey: Latchkey
  let ahead = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + ahead })
  })
  afterAll(() => latchkey?.stop())

  const accounts = () => latchkey.services.accounts
  async function verified(): Promise<Person> {
    const who = await person(latchkey)
    await accounts().updateByAdmin(who.id, { phoneNumber: NUMBER, phoneVerified: true })
    return who
  }
  const phoneOf = async ({ id }: Person) => {
    const account = await accounts().byId(id)
    return { number: account?.phoneNumber, verified: account?.phoneVerified }
  }
  const kept = { number: NUMBER, verified: true }
  const save = async (who: Person, number: string, minutes: number) => {
    const page = await who.browser.open(`${latchkey.issuer}/account`)
    ahead = minutes * 60_000
    const done = await who.browser.submit(page, { 'Phone number': number }, { button: 'Save profile' })
    ahead = 0
    return done
  }
  /** The newest mail about a number, once all that was sent is there. */
  const mailed = async (who: Person) => {
    const mail = await latchkey.mailTo(who.email)
    return { subject: mail.subject, text: mail.text }
  }

  test.each(['', OTHER])('is not taken away on the profile page by an old sign-in (%j)', async (number) => {
    const who = await verified()
    expect((await save(who, number, 16)).text).toContain('Sign in again')
    expect(await phoneOf(who)).toEqual(kept)
    // What does not touch it asks for nothing.
    expect((await save(who, NUMBER, 16)).text).toContain('Your profile is saved.')
    expect((await save(who, number, 0)).text).toContain('Your profile is saved.')
    expect(await phoneOf(who)).toMatchObject({ verified: false })
    const mail = await mailed(who)
    expect(mail.subject).toContain('A phone number was removed')
    expect(mail.text).toContain('…123')
    expect(mail.text).not.toContain(NUMBER)
  })

  test.each([null, OTHER])(
    'is not taken away by JSON without a fresh sign-in or the password (%j)',
    async (phone_number) => {
      const who = await verified()
      const api = createApi(latchkey.issuer)
      const { access_token } = (await api.login(who.username)).json
      const patch = (body: object, headers = bearer(access_token)) =>
        api.call('PATCH', '/me', { body, headers })
      ahead = 16 * 60_000
      expect(await patch({ phone_number })).toMatchObject({
        status: 422,
        json: { errors: { current_password: expect.anything() } },
      })
      expect((await patch({ phone_number, current_password: 'wrong' })).status).toBe(422)
      expect(
        (await patch({ phone_number, current_password: PASSWORD }, basic(who.email, PASSWORD))).status,
      ).toBe(403)
      expect(await phoneOf(who)).toEqual(kept)
      expect((await patch({ phone_number: NUMBER, nickname: 'Ada' })).status).toBe(200)
      expect(await phoneOf(who)).toEqual(kept)
      expect((await patch({ phone_number, current_password: PASSWORD })).status).toBe(200)
      ahead = 0
      expect(await phoneOf(who)).toMatchObject({ verified: false })
      expect((await mailed(who)).subject).toContain('A phone number was removed')
    },
  )

  test('is taken away by the token of a fresh sign-in, as on the profile page', async () => {
    const who = await verified()
    const api = createApi(latchkey.issuer)
    const { access_token } = (await api.login(who.username)).json
    const body = { phone_number: null }
    expect(await api.call('PATCH', '/me', { body, headers: bearer(access_token) })).toMatchObject({
      status: 200,
    })
    expect(await phoneOf(who)).toMatchObject({ verified: false })
  })

  test('that an administrator takes away is told to its owner, and one that was never verified is not', async () => {
    const who = await verified()
    await accounts().updateByAdmin(who.id, { phoneVerified: false })
    expect((await mailed(who)).subject).toContain('A phone number was removed')
    const { mailer } = latchkey.services
    const before = await latchkey.mailTo(who.email)
    await accounts().updateByAdmin(who.id, { phoneNumber: OTHER })
    await accounts().updateProfile(who.id, { phoneNumber: null })
    await mailer.idle()
    expect(await latchkey.mailTo(who.email)).toEqual(before)
  })

  test('that is verified at this moment is not taken away by an old sign-in either', async () => {
    for (let round = 0; round < 20; round++) {
      const who = await person(latchkey)
      await accounts().updateByAdmin(who.id, { phoneNumber: NUMBER })
      await Promise.allSettled([
        accounts().updateProfile(who.id, { phoneNumber: null }),
        accounts().updateByAdmin(who.id, { phoneNumber: NUMBER, phoneVerified: true }),
      ])
      // Taken away before, and there again; or refused.
      expect(await phoneOf(who)).toEqual(kept)
    }
  })
})
