import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Device, registerDevice } from '../device/device-client.ts'
import { scan } from '../support/scan.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { heading, press, signIn } from './steps.ts'

let e2e: E2eFixture
let device: Device
beforeAll(async () => {
  e2e = await openE2eFixture()
  device = await registerDevice(e2e.latchkey)
})
afterAll(() => e2e?.close())

/** Pictures to look at, when a folder is named. */
const SHOTS = process.env.DEVICE_SHOTS
const OFFER = 'Continue on your phone'

const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } }
test.each(
  (['light', 'dark'] as const).flatMap((colorScheme) =>
    (['phone', 'desktop'] as const).map((size) => ({ colorScheme, size })),
  ),
)('a code is scanned from the page of the link, $colorScheme, $size', async ({ colorScheme, size }) => {
  const asked = await device.ask()
  const page = await e2e.tab({ viewport: sizes[size], colorScheme, javaScriptEnabled: size === 'desktop' })
  await page.goto(asked.verification_uri_complete)
  const offer = page.locator('details', { hasText: OFFER })
  // Out of the way of whoever holds the phone already.
  expect(await offer.getByRole('img').isVisible()).toBe(false)
  await offer.locator('summary').press('Enter')
  const code = offer.getByRole('img')
  await code.waitFor()
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/qr-${colorScheme}-${size}.png`, fullPage: true })
  expect(await scan(code)).toBe(asked.verification_uri_complete)
  const { host } = new URL(e2e.latchkey.issuer)
  expect(await code.locator('title').textContent()).toBe(
    `QR image: opens ${host}/device with ${asked.user_code} filled in`,
  )
  expect(await offer.textContent()).toContain(`Or open ${host}/device on it and enter ${asked.user_code}`)
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  expect(page.complaints).toEqual([])
})

test('what was scanned goes on at the phone, by the same questions; the computer has done nothing', async () => {
  const asked = await device.ask()
  const computer = await e2e.tab()
  await computer.goto(asked.verification_uri_complete)
  await computer.getByText(OFFER).click()
  const scanned = String(await scan(computer.getByRole('img', { name: 'QR image' })))
  const user = await e2e.latchkey.createUser()
  const phone = await e2e.tab({ viewport: sizes.phone })
  await phone.goto(scanned)
  await press(phone, 'Continue')
  await signIn(phone, user.username)
  await heading(phone, 'Sign in on the other device?')
  expect((await device.poll(asked.device_code)).json.error).toBe('authorization_pending')
  await press(phone, 'Allow')
  await heading(phone, 'Go back to your device')
  expect((await device.poll(asked.device_code)).status).toBe(200)
})
