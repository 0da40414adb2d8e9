import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { type Desk, openDesk } from '../rejections/requests.ts'
import { clock, passTime } from '../security/attacker.ts'
import { approve, confirmPage, type Device, type Person, person, registerDevice } from './device-client.ts'

let desk: Desk
let device: Device
let who: Person

beforeAll(async () => {
  desk = await openDesk({ clock })
  device = await registerDevice(desk.latchkey)
  who = await person(desk.latchkey)
})
afterAll(() => desk.close())
afterEach(() => void vi.useRealTimers())

test('every refusal of the device flow is explained', async () => {
  const web = await registerDevice(desk.latchkey, {
    grant_types: ['authorization_code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  })
  const other = await registerDevice(desk.latchkey)
  expect(await desk.ruleOf(await web.askRaw())).toBe('device_not_registered')
  expect(await desk.ruleOf(await device.poll('no-such-code'))).toBe('device_code_gone')

  const asked = await device.ask()
  expect(await desk.ruleOf(await other.poll(asked.device_code))).toBe('device_code_of_another_client')
  await approve(desk.latchkey, who, asked.user_code)
  await device.poll(asked.device_code)
  expect(await desk.ruleOf(await device.poll(asked.device_code))).toBe('device_code_used')

  const refused = await device.ask()
  await who.browser.deny(await confirmPage(desk.latchkey, who, refused.user_code))
  expect(await desk.ruleOf(await device.poll(refused.device_code))).toBe('device_refused')

  const late = await device.ask()
  passTime(901)
  expect(await desk.ruleOf(await device.poll(late.device_code))).toBe('device_code_expired')
})

test('a device that waits fills neither the log nor the refused requests', async () => {
  const asked = await device.ask()
  const lines = desk.latchkey.log.length
  const pending = await device.poll(asked.device_code)
  const early = await device.poll(asked.device_code)
  expect([pending.json.error, early.json.error]).toEqual(['authorization_pending', 'slow_down'])
  expect(desk.latchkey.log.slice(lines).join('\n')).not.toContain('refused:')
  const { items } = await desk.latchkey.services.rejections.list({})
  expect(items.filter(({ error }) => /pending|slow_down/.test(error))).toEqual([])
})

test('the “no” of a person is told once, as often as the device asks', async () => {
  const asked = await device.ask()
  await who.browser.deny(await confirmPage(desk.latchkey, who, asked.user_code))
  const lines = desk.latchkey.log.length
  const { rejections } = desk.latchkey.services
  const kept = async () =>
    (await rejections.list({ clientId: device.clientId })).items.filter(
      ({ error }) => error === 'access_denied',
    )
  const before = (await kept()).length
  for (let poll = 0; poll < 4; poll++)
    expect((await device.poll(asked.device_code)).json.error).toBe('access_denied')
  expect((await kept()).length - before).toBe(1)
  expect(desk.latchkey.log.slice(lines).filter((line) => line.includes('refused:'))).toHaveLength(1)
})
