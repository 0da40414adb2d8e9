import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { person, type Rest } from '../admin/rest/support.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const OLD = { sms_url: 'https://old.example/?to={to}&text={text}', sms_headers: 'X-Sender: shop' }
const NEW = {
  sms_headers: 'Authorization: Bearer {secret}',
  sms_url: 'https://gateway.example/?to={to}&text={text}',
}

describe.each(engines)('the settings of a configuration file are one change, on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  beforeAll(async () => {
    const env = { SMS_SECRET: 'a-secret-of-the-gateway', SMS_HOST: 'gateway.example' }
    latchkey = await startLatchkey({ engine, env })
    rest = (await person(latchkey, 'admin')).rest
  })
  afterAll(() => latchkey.stop())

  const apply = (settings: object, prune = false) =>
    rest.post('/configuration/apply', {
      yaml: `version: 1\nsettings: ${JSON.stringify(settings)}\n${prune ? 'prune: {settings: true}\n' : ''}`,
    })
  const stored = async () => {
    const { version, settings } = await latchkey.services.settings.list()
    const named = settings.filter(({ name }) => /^sms_(url|headers)$|^reset_ttl$/.test(name))
    return { version: Number(version), ...Object.fromEntries(named.map(({ name, value }) => [name, value])) }
  }
  const entries = async () => {
    await latchkey.services.audit.idle()
    return (await latchkey.services.audit.list({ action: 'settings.updated' })).items.length
  }

  test('that are good together alone are applied, whichever comes first, in one step and with one entry', async () => {
    await latchkey.services.settings.change(OLD)
    const before = { ...(await stored()), entries: await entries() }
    expect((await apply(NEW)).json).toMatchObject({ status: 'applied' })
    expect(await stored()).toMatchObject({ ...NEW, version: before.version + 1 })
    expect(await entries()).toBe(before.entries + 1)
    // And back, with what the file takes back.
    await latchkey.services.settings.change({ reset_ttl: 600 })
    const { version } = await stored()
    expect((await apply(OLD, true)).json).toMatchObject({ status: 'applied' })
    expect(await stored()).toMatchObject({ ...OLD, version: version + 1 })
    expect(await stored()).not.toMatchObject({ reset_ttl: 600 })
  })

  test('of which one is wrong beside the others leave all as they were', async () => {
    await latchkey.services.settings.change(OLD)
    const before = await stored()
    const astray = { ...NEW, sms_url: 'https://elsewhere.example/?to={to}&text={text}', reset_ttl: 700 }
    const answer = await apply(astray)
    expect(answer.json.status).not.toBe('applied')
    expect(await stored()).toEqual(before)
  })
})
