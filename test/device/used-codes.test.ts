import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { clock, passTime, post } from '../security/attacker.ts'
import { type BrowserPage, createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { approve, confirmPage, type Device, type Person, person, registerDevice } from './device-client.ts'

const API = 'https://books.example'
const HOUR = 3600

describe.each(engines)('a code that was used, on %s', (engine) => {
  let latchkey: Latchkey
  let device: Device
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock, env: { ACCESS_TOKEN_TTL: String(HOUR) } })
    device = await registerDevice(latchkey)
  })
  afterAll(() => latchkey.stop())
  afterEach(() => void vi.useRealTimers())

  const enter = (who: Person, code: string): Promise<BrowserPage> => confirmPage(latchkey, who, code)

  test('is remembered for as long as the tokens of an API live that it gave, longer than those of the server', async () => {
    const { resources, resourceCredentials } = latchkey.services
    await resources.add({
      identifier: API,
      name: 'Books',
      scope: 'books:read',
      access_token_ttl: 24 * HOUR,
      tokens: 'opaque',
    })
    const credential = await resourceCredentials.add(API)
    const active = async (token: unknown) => {
      const authorization = `Basic ${btoa(`${credential.client_id}:${credential.client_secret}`)}`
      const { json } = await post(
        `${latchkey.issuer}/introspect`,
        { token: String(token) },
        { authorization },
      )
      return json.active
    }
    // Without refresh tokens: those make the memory longer by themselves.
    const reader = await registerDevice(latchkey, {
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
      scope: 'openid books:read',
    })
    const who = await person(latchkey)
    const asked = await reader.ask({ scope: 'openid books:read', resource: API })
    await approve(latchkey, who, asked.user_code)
    const { json } = await reader.poll(asked.device_code)
    expect(await active(json.access_token)).toBe(true)
    passTime(20 * HOUR)
    await latchkey.services.artifacts.sweep(1000)
    expect(await active(json.access_token)).toBe(true)
    expect((await reader.poll(asked.device_code)).json.error).toBe('invalid_grant')
    expect(await active(json.access_token)).toBe(false)
  })

  test.each([
    ['Allow', 'allowed'],
    ['Deny', 'refused'],
  ] as const)('tells the person who decided what they decided (%s), and no other', async (button, words) => {
    const [who, other, nobody] = [await person(latchkey), await person(latchkey), createHttpBrowser()]
    const asked = await device.ask()
    const [page, tab] = [await enter(who, asked.user_code), await enter(who, asked.user_code)]
    const theirs = await enter(other, asked.user_code)
    await who.browser.submit(page, {}, { button })
    const said = new RegExp(`you ${words} Living room TV on \\d+ \\w+ \\d{4}.* at \\d\\d:\\d\\d UTC`)
    // In the form, again after the device has heard it, and in another tab that still asks.
    expect((await enter(who, asked.user_code)).text).toMatch(said)
    await device.poll(asked.device_code)
    expect((await enter(who, asked.user_code)).text).toMatch(said)
    const late = await who.browser.submit(tab, {}, { button: 'Allow' })
    expect(late.text).toMatch(said)
    passTime(1000)
    expect((await enter(who, asked.user_code)).text).toMatch(said)
    vi.useRealTimers()
    for (const strange of [
      await enter(other, asked.user_code),
      await other.browser.submit(theirs, {}, { button: 'Allow' }),
      await enter({ ...who, browser: nobody }, asked.user_code),
      // The address of the page that told them.
      await other.browser.open(late.url),
      await nobody.open(late.url),
    ]) {
      expect(strange.text).not.toContain('Living room TV')
      expect(strange.text).not.toContain(who.user.username)
      expect(strange.text).toMatch(/used already|Enter the code/)
    }
  })

  test('“Cancel” at the sign-in ends the flow and frees the code: nobody has said no', async () => {
    const who = await person(latchkey, false)
    const asked = await device.ask()
    const signIn = await who.browser.submit(
      await who.browser.open(asked.verification_uri_complete),
      {},
      { button: 'Continue' },
    )
    expect(signIn.text).toContain('A device asks to sign in to Living room TV')
    expect(signIn.text).not.toContain('return to Living room TV')
    const left = await who.browser.submit(signIn, {}, { form: ({ action }) => action.endsWith('/cancel') })
    expect(left.url.pathname).toBe('/device')
    expect(left.text).toContain('You cancelled, and nothing was done')
    expect((await device.poll(asked.device_code)).json.error).toBe('authorization_pending')
    const back = await who.browser.open(signIn.url)
    expect(back.text).toContain('the device was not signed in to Living room TV')
    // The code is there to be compared, in this browser alone, as long as nobody has decided.
    const codeOn = (page: BrowserPage) =>
      page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'user_code')?.value
    const again = await who.browser.follow(back, 'enter the code again')
    for (const page of [left, again]) {
      expect(page.text).toContain('Is this the code that your device shows?')
      expect(codeOn(page)).toBe(asked.user_code)
    }
    expect(codeOn(await createHttpBrowser().open(again.url))).toBe('')
    // The form of the flow that is over leads nowhere either.
    expect((await who.browser.signIn(signIn, { identifier: 'x', password: 'y' })).text).toContain(
      'You cancelled',
    )
    expect((await approve(latchkey, await person(latchkey), asked.user_code)).text).toContain(
      'Go back to your device',
    )
    expect(codeOn(await who.browser.open(again.url))).toBe('')
    expect((await device.poll(asked.device_code)).status).toBe(200)
  })
})
