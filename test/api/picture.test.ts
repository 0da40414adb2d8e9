import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { person } from '../accounts/pages/person.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { photoWithPlace, png, pngChunk } from '../support/pictures.ts'
import { bearer, createApi } from './support.ts'

describe.each(engines)('a picture by the JSON API, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())

  async function signedIn() {
    const who = await person(latchkey)
    const api = createApi(latchkey.issuer)
    const headers = bearer((await api.login(who.username)).json.access_token)
    const upload = (bytes: Buffer | string) =>
      api.call('PUT', '/me/picture', {
        headers,
        body: { picture: typeof bytes === 'string' ? bytes : bytes.toString('base64') },
      })
    return { who, api, headers, upload }
  }

  test('is uploaded, cleaned, served, and removed', async () => {
    const { who, api, headers, upload } = await signedIn()
    const saved = await upload(photoWithPlace())
    expect(saved.status).toBe(200)
    const address = String(saved.json.picture)
    expect(address).toMatch(new RegExp(`^${latchkey.issuer}/pictures/[\\w-]{22}$`))
    const served = Buffer.from(await (await fetch(address)).arrayBuffer())
    expect(served.length).toBeGreaterThan(250_000)
    expect(served.includes('Exif')).toBe(false)
    expect((await api.call('DELETE', '/me/picture', { headers })).status).toBe(204)
    expect((await fetch(address)).status).toBe(404)
    expect((await latchkey.services.accounts.byId(who.id))?.picture).toBeNull()
  })

  test('the largest is taken; what is larger, or none, is refused by its field', async () => {
    const { api, headers, upload } = await signedIn()
    const of = (length: number) =>
      png({ extra: [pngChunk('iCCP', Buffer.alloc(length - png().length - 12, 7))] })
    expect((await upload(of(512 * 1024))).status).toBe(200)
    for (const [bytes, words] of [
      [of(512 * 1024 + 1), 'at most 512 KiB'],
      [of(539_000), 'at most 512 KiB'],
      [Buffer.from('<svg/>'), 'PNG, JPEG or WebP'],
      [png().subarray(0, -4), 'damaged'],
      ['no base64!', 'base64'],
      ['', 'Choose a picture'],
    ] as const) {
      const refused = await upload(bytes)
      expect([refused.status, refused.json.code], words).toEqual([422, 'invalid_fields'])
      expect(String((refused.json.errors as { picture: unknown }).picture)).toContain(words)
    }
    const huge = await api.call('PUT', '/me/picture', { headers, body: { picture: 'A'.repeat(800_000) } })
    expect(huge.status).toBe(413)
    expect((await api.call('PUT', '/me/picture', { body: { picture: 'AAAA' } })).status).toBe(401)
  })
})
