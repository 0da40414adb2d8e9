import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressParts } from '../../../src/shared/profile/address.ts'
import { personalFields, profileFields } from '../../../src/shared/profile/fields.ts'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { type Person, person, press, signInAs } from './person.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

const accountOf = ({ id }: Person) => latchkey.services.accounts.byId(id)
const open = ({ browser }: Person) => browser.open(`${latchkey.issuer}/account`)

describe('the profile', () => {
  test('every attribute that a token can carry is filled in by the person', async () => {
    expect(personalFields).toEqual(profileFields)
    const who = await person(latchkey)
    // The picture has forms of its own (picture.test.ts).
    const typed = personalFields.filter(({ property }) => property !== 'picture')
    const fields = Object.fromEntries([
      ...typed.map(({ claim, example }) => [claim, example]),
      ...addressParts.map(({ part, example }) => [`address.${part}`, example]),
    ])
    const saved = await press(latchkey, who, '/account', 'Save profile', fields)
    expect(saved.text).toContain('Your profile is saved.')
    expect(await accountOf(who)).toMatchObject({
      ...Object.fromEntries(typed.map(({ property, example }) => [property, example])),
      address: Object.fromEntries(addressParts.map(({ part, example }) => [part, example])),
      phoneVerified: false,
    })
  })

  test('what is wrong stands beside its field, with what was typed, and nothing is saved', async () => {
    const who = await person(latchkey)
    const fields = { birthdate: '30 February', website: 'example.com', given_name: 'Ada' }
    const refused = await press(latchkey, who, '/account', 'Save profile', fields)
    expect(refused.status).toBe(422)
    for (const typed of Object.values(fields)) expect(refused.body).toContain(`value="${typed}"`)
    expect(refused.body).toContain('id="field-birthdate-error"')
    expect(refused.body).toContain('id="field-website-error"')
    expect(await accountOf(who)).toMatchObject({ givenName: null, website: null })
  })

  test('another phone number is not verified, and the page says which is', async () => {
    const who = await person(latchkey)
    const { accounts } = latchkey.services
    await accounts.updateByAdmin(who.id, { phoneNumber: '+442079460123', phoneVerified: true })
    expect((await open(who)).text).toContain('✓ Verified. Another number has to be verified anew.')
    await press(latchkey, who, '/account', 'Save profile', { 'First name': 'Ada' })
    expect((await accountOf(who))?.phoneVerified).toBe(true)
    await press(latchkey, who, '/account', 'Save profile', { 'Phone number': '+44 20 7946 0124' })
    expect(await accountOf(who)).toMatchObject({ phoneNumber: '+442079460124', phoneVerified: false })
    expect((await open(who)).text).not.toContain('✓ Verified. Another')
  })

  test('a part of the address that is emptied goes, and the last one takes the address with it', async () => {
    const who = await person(latchkey)
    const { accounts } = latchkey.services
    await accounts.updateByAdmin(who.id, { address: { country: 'France', locality: 'Lyon' } })
    await press(latchkey, who, '/account', 'Save profile', { City: '' })
    expect((await accountOf(who))?.address).toEqual({ country: 'France' })
    await press(latchkey, who, '/account', 'Save profile', { Country: '' })
    expect((await accountOf(who))?.address).toBeNull()
  })
})

describe('the address', () => {
  test('one that waits is never shown as the current one, and is sent again or cancelled', async () => {
    const who = await person(latchkey)
    const email = `next-${who.email}`
    const asked = await press(latchkey, who, '/account', 'Change email', { 'New email': email })
    expect(asked.text).toContain('We sent a message to the new address')
    expect(asked.text).toContain(`${who.email} ✓ Verified`)
    expect(asked.text).toContain(`${email} Not verified yet`)
    expect(asked.body).not.toContain(`value="${email}"`)
    const first = (await latchkey.mailTo(email)).link
    const resent = await press(latchkey, who, '/account', 'Resend the message')
    expect(resent.text).toContain('A new message is on its way.')
    expect((await latchkey.mailTo(email)).link.href).not.toBe(first.href)
    const cancelled = await press(latchkey, who, '/account', 'Cancel the change of address')
    expect(cancelled.text).toContain('The change is cancelled.')
    expect(await accountOf(who)).toMatchObject({ email: who.email, pendingEmail: null })
    expect((await who.browser.open(first.href)).status).toBe(410)
  })

  test('what another tab has cancelled or verified is not sent again', async () => {
    const who = await person(latchkey)
    await press(latchkey, who, '/account', 'Change email', { 'New email': `tab-${who.email}` })
    const [one, other] = [await open(who), await open(who)]
    await who.browser.submit(one, {}, { button: 'Cancel the change of address' })
    for (const button of ['Resend the message', 'Cancel the change of address'])
      expect((await who.browser.submit(other, {}, { button })).text).toContain(
        'No address is waiting to be verified.',
      )
  })

  test('the form of one person acts on nobody else’s address', async () => {
    const [who, other] = [await person(latchkey), await person(latchkey)]
    await press(latchkey, who, '/account', 'Change email', { 'New email': `mine-${who.email}` })
    const page = await open(who)
    const request = who.browser.prepare(page, {}, { button: 'Cancel the change of address' })
    await (await other.browser.send(request)).body?.cancel()
    expect((await accountOf(who))?.pendingEmail).toBe(`mine-${who.email}`)
  })

  test('five messages an hour, and the page says when there is more', async () => {
    const who = await person(latchkey)
    await press(latchkey, who, '/account', 'Change email', { 'New email': `many-${who.email}` })
    for (let n = 1; n < 5; n++) {
      await latchkey.services.mailer.idle()
      await press(latchkey, who, '/account', 'Resend the message')
    }
    await latchkey.services.mailer.idle()
    const refused = await press(latchkey, who, '/account', 'Resend the message')
    expect([refused.status, refused.url.pathname]).toEqual([429, '/account'])
    expect(refused.text).toContain('Enough messages for now.')
  })

  test('what is no address is said beside the field, and kept', async () => {
    const who = await person(latchkey)
    const refused = await press(latchkey, who, '/account', 'Change email', { 'New email': 'ada at home' })
    expect(refused.status).toBe(422)
    expect(refused.body).toContain('value="ada at home"')
    expect(refused.body).toContain('id="field-email-error"')
    const again = await signInAs(latchkey, who.username)
    expect((await again.open(`${latchkey.issuer}/account`)).text).toContain(who.email)
  })
})
