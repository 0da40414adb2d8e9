import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { raw } from '../../security/attacker.ts'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'

const PATHS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks']

let fast = true
let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey({ fastPaths: () => fast })
})
afterAll(() => latchkey.stop())

type Answer = Awaited<ReturnType<typeof raw>>

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  raw(`${latchkey.issuer}${path}`, { method, headers })

/** The same request, answered by the library. */
async function byLibrary(...request: Parameters<typeof ask>): Promise<Answer> {
  fast = false
  try {
    return await ask(...request)
  } finally {
    fast = true
  }
}

/** What has to be the same: nothing but what is of this one answer, and what the fast path adds. */
function comparable({ status, headers, text }: Answer) {
  const { date: _d, etag: _e, 'x-request-id': _i, 'cache-control': _c, vary, ...rest } = headers
  return { status, text, headers: rest, vary: String(vary).replace(', Accept-Encoding', '') }
}

describe.each(PATHS)('%s', (path) => {
  test('is what the library says, byte for byte, whoever asks', async () => {
    for (const headers of [
      {},
      { origin: 'https://spa.example' },
      { origin: 'null' },
      { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher' },
      { accept: 'text/html', authorization: 'Bearer nonsense', cookie: 'a=b' },
      { 'accept-encoding': 'deflate, identity;q=0.5, br;q=0' },
    ])
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE'])
        for (const query of ['', '?a=b'])
          expect(comparable(await ask(path + query, headers, method))).toEqual(
            comparable(await byLibrary(path + query, headers, method)),
          )
  })

  test('has a tag, an age and the encodings that the caller takes', async () => {
    const plain = await ask(path)
    expect(plain.headers).toMatchObject({
      'cache-control': 'public, max-age=60',
      etag: expect.stringMatching(/^"[\w-]{43}"$/),
      vary: 'Origin, Accept-Encoding',
    })
    for (const [sent, encoding] of [
      ['gzip, deflate, br', 'br'],
      ['GZIP;q=0.5', 'gzip'],
      ['br;q=0, gzip', 'gzip'],
    ] as const) {
      const response = await fetch(`${latchkey.issuer}${path}`, { headers: { 'accept-encoding': sent } })
      expect(response.headers.get('content-encoding')).toBe(encoding)
      expect(await response.text()).toBe(plain.text)
      const head = await ask(path, { 'accept-encoding': sent }, 'HEAD')
      expect(head.headers['content-length']).toBe(response.headers.get('content-length'))
      expect(head.headers.etag).toBe(response.headers.get('etag'))
      expect(head.headers.etag).not.toBe(plain.headers.etag)
    }
  })

  test('is not sent again to a caller that has it', async () => {
    const { headers } = await ask(path)
    const etag = String(headers.etag)
    for (const sent of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask(path, { 'if-none-match': sent })
      expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag])
      expect(again.headers).not.toHaveProperty('content-length')
    }
    expect((await ask(path, { 'if-none-match': '"other"' })).status).toBe(200)
  })
})

test('metadata follows the settings at once', async () => {
  const { settings } = latchkey.services
  const path = '/.well-known/openid-configuration'
  const tags = new Set<unknown>()
  for (const changes of [
    { dynamic_registration: 'open' },
    { client_metadata_documents: 'on' },
    { dynamic_registration: 'off', client_metadata_documents: 'off' },
  ]) {
    await settings.change(changes)
    const answer = await ask(path)
    tags.add(answer.headers.etag)
    expect(answer.text).toBe((await byLibrary(path)).text)
    expect(answer.text.includes('registration_endpoint')).toBe(changes.dynamic_registration !== 'off')
  }
  expect(tags.size).toBe(3)
})

test('nothing was answered twice', () => {
  expect(latchkey.log.filter((line) => JSON.parse(line).level >= 40)).toEqual([])
})

test('keys follow a rotation', async () => {
  const before = await ask('/jwks')
  await latchkey.services.keys.rotate()
  await expect.poll(async () => (await ask('/jwks')).text).not.toBe(before.text)
  expect((await ask('/jwks')).text).toBe((await byLibrary('/jwks')).text)
})
