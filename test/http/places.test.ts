import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addressInWords, createPlaces } from '../../src/http/places.ts'
import { inLocale } from '../../src/shared/locales/texts.ts'
import { afterThisFile } from '../support/cleanup.ts'
import { makeFolder } from '../support/folder.ts'
import { engines, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { mmdb } from '../support/mmdb.ts'

const PARIS = { city: { names: { en: 'Paris', fr: 'Paris' } }, country: { names: { en: 'France' } } }
const FLORENCE = {
  city: { names: { en: 'Florence', de: 'Florenz' } },
  country: { names: { en: 'Italy', de: 'Italien' } },
}
const FRANCE = { country: { names: { en: 'France' } } }

function folder(): string {
  const made = makeFolder('places')
  afterThisFile(() => rmSync(made, { recursive: true, force: true }))
  return made
}

function opened(file: string | undefined) {
  let now = 0
  const warned: object[] = []
  const places = createPlaces({
    file,
    clock: () => now,
    log: { warn: (fields: object) => void warned.push(fields) },
  })
  const later = (ms: number) => {
    now += ms
  }
  return { places, warned, later }
}

test('an address has the place that the file says, or words for what is inside, or none', async () => {
  const file = join(folder(), 'places.mmdb')
  writeFileSync(file, mmdb({ '203.0.113.0/24': PARIS, '198.51.100.0/25': FRANCE }))
  const { places } = opened(file)
  expect(await places.nameOf('203.0.113.77')).toBe('Paris, France')
  expect(await places.nameOf('::ffff:203.0.113.77')).toBe('Paris, France')
  expect(await places.nameOf('198.51.100.5')).toBe('France')
  for (const address of ['198.51.100.200', '2001:db8::1', 'unknown', ''])
    expect(await places.nameOf(address), address).toBeUndefined()
  for (const address of ['10.1.2.3', '192.168.1.1', '172.31.0.1', 'fd00::1', 'fe80::1', '::ffff:10.0.0.1'])
    expect(await places.nameOf(address), address).toBe('a private network')
  for (const address of ['127.0.0.1', '::1'])
    expect(await places.nameOf(address)).toBe('the computer of this server')
  expect(addressInWords('203.0.113.77', 'Paris, France')).toBe('203.0.113.77 (Paris, France)')
  expect(addressInWords('203.0.113.77', undefined)).toBe('203.0.113.77')
})

test('a place has the name of the language, where the file says it', async () => {
  const file = join(folder(), 'places.mmdb')
  writeFileSync(file, mmdb({ '203.0.113.0/24': FLORENCE, '198.51.100.0/25': FRANCE }))
  const { places } = opened(file)
  const inGerman = (address: string) => inLocale('de', () => places.nameOf(address))
  expect(await inGerman('203.0.113.77')).toBe('Florenz, Italien')
  expect(await inGerman('198.51.100.5')).toBe('France')
  expect(await inGerman('10.1.2.3')).toBe('ein privates Netz')
  expect(await places.nameOf('203.0.113.77')).toBe('Florence, Italy')
})

test('without a file nothing is known of addresses outside', async () => {
  expect(await opened(undefined).places.nameOf('203.0.113.77')).toBeUndefined()
})

test('a file that was replaced counts within a minute, and one that cannot be read is a warning', async () => {
  const file = join(folder(), 'places.mmdb')
  writeFileSync(file, mmdb({ '203.0.113.0/24': FRANCE }))
  const { places, warned, later } = opened(file)
  expect(await places.nameOf('203.0.113.1')).toBe('France')
  writeFileSync(file, mmdb({ '203.0.113.0/24': PARIS }))
  utimesSync(file, 1, 1)
  expect(await places.nameOf('203.0.113.1')).toBe('France')
  later(60_000)
  expect(await places.nameOf('203.0.113.1')).toBe('Paris, France')
  writeFileSync(file, 'no database')
  utimesSync(file, 2, 2)
  later(60_000)
  expect(await places.nameOf('203.0.113.1')).toBe('Paris, France')
  expect(warned).toHaveLength(1)
  const missing = opened(`${file}.missing`)
  expect(await missing.places.nameOf('203.0.113.1')).toBeUndefined()
  expect(missing.warned).toHaveLength(1)
})

test.each(engines)(
  'people see it with their devices, and in the message about a new one, on %s',
  async (engine) => {
    const file = join(folder(), 'places.mmdb')
    writeFileSync(file, mmdb({ '203.0.113.0/24': PARIS }))
    const latchkey = await startLatchkey({
      engine,
      env: { GEOIP_FILE: file, TRUST_PROXY: 'loopback', NEW_DEVICE_MAILS: 'on' },
    })
    try {
      const user = await latchkey.createUser()
      const signIn = (address: string) =>
        fetch(`${latchkey.issuer}/api/auth/session/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
          body: JSON.stringify({ username: user.username, password: PASSWORD }),
        })
      expect((await signIn('198.51.100.7')).status).toBe(200)
      await latchkey.services.mailer.idle()
      const second = await signIn('203.0.113.9')
      const cookie = second.headers
        .getSetCookie()
        .map((each) => each.split(';', 1)[0])
        .join('; ')
      expect((await latchkey.mailTo(user.email)).text).toContain(
        'Network address: 203.0.113.9 (Paris, France)',
      )
      const page = await fetch(`${latchkey.issuer}/account/sessions`, { headers: { cookie } })
      expect(await page.text()).toContain('from 203.0.113.9 (Paris, France)')
    } finally {
      await latchkey.stop()
    }
  },
)
