import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Device, registerDevice } from '../device/device-client.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { codeFor, fill, follow, heading, newcomer, press, register, signIn, text } from './steps.ts'

let e2e: E2eFixture
let device: Device
beforeAll(async () => {
  e2e = await openE2eFixture()
  device = await registerDevice(e2e.latchkey)
})
afterAll(() => e2e?.close())

/** Pictures to look at, when a folder is named. */
const SHOTS = process.env.DEVICE_SHOTS
const phone = { viewport: { width: 390, height: 844 } }

test.each(['on', 'off'])(
  'a phone: from the link on the TV to “Go back to your device” (JavaScript %s)',
  async (scripts) => {
    const user = await e2e.latchkey.createUser()
    const asked = await device.ask()
    const page = await e2e.tab({ ...phone, javaScriptEnabled: scripts === 'on' })
    const shot = async (name: string) => {
      if (SHOTS) await page.screenshot({ path: `${SHOTS}/${scripts}-${name}.png`, fullPage: true })
    }
    await page.goto(asked.verification_uri_complete)
    await heading(page, 'Sign in on a device')
    expect(await page.getByLabel('Code').inputValue()).toBe(asked.user_code)
    await shot('link')
    await press(page, 'Continue')
    await signIn(page, user.username)
    await heading(page, 'Sign in on the other device?')
    const asks = await text(page)
    for (const part of ['Living room TV', 'Is this device in front of you?', 'just now', user.username])
      expect(asks).toContain(part)
    await shot('confirm')
    await press(page, 'Allow')
    await heading(page, 'Go back to your device')
    await shot('done')
    await page.reload()
    await heading(page, 'Go back to your device')
    expect((await device.poll(asked.device_code)).status).toBe(200)
    // Back leads to no form that could be sent twice.
    await page.goBack()
    expect(await text(page)).not.toContain('ERR_')
    expect(page.complaints).toEqual([])
  },
)

test('somebody new types the code, is mistaken once, registers, and ends at the device', async () => {
  const asked = await device.ask()
  const page = await e2e.tab(phone)
  const shot = async (name: string) => {
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true })
  }
  await page.goto(asked.verification_uri)
  await shot('code')
  await fill(page, 'Code', 'BCDF-GHJK')
  await press(page, 'Continue')
  expect(await text(page)).toContain('There is no such code')
  expect(await page.getByLabel('Code').inputValue()).toBe('BCDF-GHJK')
  await shot('wrong')
  await fill(page, 'Code', asked.user_code.toLowerCase().replace('-', ' '))
  await press(page, 'Continue')
  await follow(page, 'Create account')
  const person = newcomer()
  await register(page, person)
  await fill(page, 'Verification code', await codeFor(e2e.latchkey, person))
  await press(page, 'Verify')
  await heading(page, 'Sign in on the other device?')
  await press(page, 'Deny')
  await heading(page, 'The device was refused')
  await shot('denied')
  expect((await device.poll(asked.device_code)).json.error).toBe('access_denied')
  await page.goto(`${e2e.latchkey.issuer}/account`)
  expect(page.complaints).toEqual([])
})
