import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { clock, passTime } from '../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  approve,
  confirmPage,
  type Device,
  deviceOf,
  type Person,
  person,
  registerDevice,
} from './device-client.ts'

/** Two servers, as two processes run them: one issuer, one database, one secret, a port each. */
describe.each(engines)('device codes at two servers on one %s database', (engine) => {
  let nodes: [Latchkey, Latchkey]
  /** How each of them is reached. */
  let at: { issuer: string }[]
  let devices: Device[]
  let people: Person[]
  const device = () => devices[0] as Device
  const other = () => devices[1] as Device

  beforeAll(async () => {
    const secret = { SECRET_KEY: 'r'.repeat(48) }
    const one = await startLatchkey({ engine, clock, env: secret })
    const { DATABASE_URL, DATA_DIR, ISSUER } = one.env
    const shared =
      engine === 'sqlite' ? { DATA_DIR: String(DATA_DIR) } : { DATABASE_URL: String(DATABASE_URL) }
    const two = await startLatchkey({ engine, clock, env: { ...secret, ...shared, ISSUER: String(ISSUER) } })
    nodes = [one, two]
    at = [{ issuer: one.issuer }, { issuer: `http://localhost:${two.env.PORT}` }]
    const first = await registerDevice(one)
    devices = [first, deviceOf(String(at[1]?.issuer), first.clientId, first.secret, first.config)]
    people = [await person(one), await person(one), await person(one)]
  })
  afterAll(async () => {
    await nodes[1].stop()
    await nodes[0].stop()
  })
  afterEach(() => void vi.useRealTimers())

  /** The consent page of each person, ready to be answered at one server or the other. */
  const ready = (code: string, who: Person[]) =>
    Promise.all(
      who.map(async (each, index) => {
        const page = await confirmPage({ issuer: nodes[0].issuer }, each, code)
        return (decision: 'Allow' | 'Deny') => {
          const request = each.browser.prepare(page, {}, { button: decision })
          const { host } = new URL(String(at[index % 2]?.issuer))
          const url = new URL(request.url)
          url.host = host
          return each.browser.visit({ ...request, url })
        }
      }),
    )

  test('three people allow one code at once: one of them signs the device in, the others are told', async () => {
    for (let round = 0; round < 3; round++) {
      const asked = await device().ask()
      const answers = await ready(asked.user_code, people)
      const pages = await Promise.all(answers.map((answer) => answer('Allow')))
      const won = pages.flatMap(({ text }, index) => (text.includes('Go back to your device') ? [index] : []))
      expect(won).toHaveLength(1)
      for (const [index, page] of pages.entries())
        if (index !== won[0]) expect(page.text).toContain('used already')
      const tokens = await device().poll(asked.device_code)
      expect(tokens.status).toBe(200)
      const claims = JSON.parse(
        Buffer.from(String(tokens.json.id_token).split('.')[1] ?? '', 'base64url').toString(),
      )
      expect(claims.sub).toBe(people[won[0] ?? 0]?.user.id)
    }
  })

  test('one allows, another denies, at once: the first decision is the only one', async () => {
    for (let round = 0; round < 3; round++) {
      const asked = await device().ask()
      const [allow, deny] = await ready(asked.user_code, people.slice(0, 2))
      const pages = await Promise.all([allow?.('Allow'), deny?.('Deny')])
      const texts = pages.map((page) => page?.text ?? '')
      const allowed = texts[0]?.includes('Go back to your device')
      expect(allowed).not.toBe(texts[1]?.includes('was refused'))
      const answer = await device().poll(asked.device_code)
      if (allowed) expect(answer.status).toBe(200)
      else expect(answer.json.error).toBe('access_denied')
    }
  })

  test('a decision that was made is not made again, also by a page that was open before', async () => {
    const asked = await device().ask()
    const [first, second] = await ready(asked.user_code, people.slice(0, 2))
    expect((await first?.('Deny'))?.text).toContain('was refused')
    expect((await second?.('Allow'))?.text).toContain('used already')
    expect((await device().poll(asked.device_code)).json.error).toBe('access_denied')
  })

  test('twenty polls at once after the approval redeem the code once', async () => {
    const asked = await device().ask()
    await approve({ issuer: nodes[0].issuer }, people[0] as Person, asked.user_code)
    const polls = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? device() : other()).poll(asked.device_code),
    )
    const answers = await Promise.all(polls)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status, json } of answers) if (status !== 200) expect(json.error).toBe('invalid_grant')
    // A poll that crosses another one, after a lost connection say, ends nothing.
    const got = answers.find(({ status }) => status === 200)
    expect((await other().refresh(got?.json.refresh_token)).status).toBe(200)
  })

  test('of polls at once at both servers one is in time, and the others hear slow_down', async () => {
    const asked = await device().ask()
    const polls = Array.from({ length: 10 }, (_, index) =>
      (index % 2 === 0 ? device() : other()).poll(asked.device_code),
    )
    const codes = (await Promise.all(polls)).map(({ json }) => json.error)
    expect(codes.filter((code) => code === 'authorization_pending')).toHaveLength(1)
    expect(codes.filter((code) => code === 'slow_down')).toHaveLength(9)
  })

  test('a device that keeps to the interval is never slowed down, however impatient it was before', async () => {
    passTime(0)
    const asked = await device().ask()
    expect((await device().poll(asked.device_code)).json.error).toBe('authorization_pending')
    // Early polls move nothing: the next one that is in time counts from the last one that was.
    for (let second = 1; second <= 3; second++) {
      passTime(1)
      expect((await other().poll(asked.device_code)).json.error).toBe('slow_down')
    }
    passTime(2)
    for (let poll = 0; poll < 5; poll++) {
      expect((await device().poll(asked.device_code)).json.error).toBe('authorization_pending')
      passTime(5)
    }
  })

  test('an impatient device gets its tokens all the same', async () => {
    passTime(0)
    const asked = await device().ask()
    await device().poll(asked.device_code)
    expect((await device().poll(asked.device_code)).json.error).toBe('slow_down')
    await approve({ issuer: nodes[0].issuer }, people[0] as Person, asked.user_code)
    expect((await device().poll(asked.device_code)).status).toBe(200)
  })

  test('a confirmation that was left frees the code, for its person and for others', async () => {
    const asked = await device().ask()
    await confirmPage({ issuer: nodes[0].issuer }, people[0] as Person, asked.user_code)
    await confirmPage({ issuer: nodes[0].issuer }, people[0] as Person, asked.user_code)
    const done = await approve({ issuer: nodes[0].issuer }, people[1] as Person, asked.user_code)
    expect(done.text).toContain('Go back to your device')
    expect((await device().poll(asked.device_code)).status).toBe(200)
  })

  test('a second use of a code ends what the first one got', async () => {
    const asked = await device().ask()
    await approve({ issuer: nodes[0].issuer }, people[0] as Person, asked.user_code)
    const got = await device().poll(asked.device_code)
    passTime(11)
    expect((await other().poll(asked.device_code)).json.error).toBe('invalid_grant')
    expect((await device().refresh(got.json.refresh_token)).json.error).toBe('invalid_grant')
  })

  test('a code that has expired says so, to the device and to the person', async () => {
    const asked = await device().ask()
    const [allow] = await ready(asked.user_code, people.slice(0, 1))
    passTime(901)
    expect((await device().poll(asked.device_code)).json.error).toBe('expired_token')
    expect((await allow?.('Allow'))?.text).toContain('too old')
    const page = await confirmPage({ issuer: nodes[0].issuer }, people[0] as Person, asked.user_code)
    expect(page.text).toContain('too old')
  })
})
