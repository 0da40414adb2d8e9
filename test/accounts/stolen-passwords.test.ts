import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BreachSettings, createBreaches } from '../../src/accounts/passwords/breaches/breaches.ts'
import { createGuardedFetch } from '../../src/http/outgoing/guarded-fetch.ts'
import { NO_PRIVATE_HOSTS, parsePrivateHosts } from '../../src/http/outgoing/private-hosts.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

const STOLEN = 'velvet-canoe-harbour-71'
const OTHER = 'glass-otter-72-harbour'
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex').toUpperCase()

/** Passwords that are looked up, with what was logged of it. */
function looking(settings: Partial<BreachSettings>, fetcher: typeof fetch = fetch) {
  const log: { fields: object; message: string }[] = []
  const path = join(temporaryFolder(), 'stolen-passwords.bin')
  const breaches = createBreaches({
    events: () => {},
    settings: { breachCheck: 'off', breachApiUrl: 'http://127.0.0.1:9/range/', ...settings },
    path,
    fetch: fetcher,
    log: { warn: (fields, message) => log.push({ fields, message }) },
  })
  const lines = (text: string) => breaches.importList(Readable.from([Buffer.from(text)]))
  return { ...breaches, lines, log, path, folder: join(path, '..') }
}

describe('a list on this server', () => {
  test.each([1, 2, 511, 512, 513, 1025, 5000])(
    'of %i hashes has each of them, and no other',
    async (count) => {
      const list = looking({ breachCheck: 'file' })
      const hashes = Array.from({ length: count }, (_, n) => sha1(`stolen ${n}`))
      expect(await list.lines(hashes.map((hash, n) => `${hash}:${n + 1}`).join('\n'))).toEqual({
        read: count,
        count,
        size: 16 + 8 * count,
        path: list.path,
      })
      const missed: string[] = []
      for (let n = 0; n < count; n++) if (!(await list.has(`stolen ${n}`))) missed.push(`stolen ${n}`)
      for (let n = 0; n < 200; n++) if (await list.has(`mine ${n}`)) missed.push(`mine ${n}`)
      expect(missed).toEqual([])
    },
  )

  test('is the same of lines in any order, case and form; twice is once, and what was seen 0 times is left out', async () => {
    const [list, other] = [looking({ breachCheck: 'file' }), looking({ breachCheck: 'file' })]
    const hashes = Array.from({ length: 3000 }, (_, n) => sha1(`stolen ${n}`)).sort()
    await list.lines(hashes.map((hash) => `${hash}:5`).join('\r\n'))
    const mixed = [...hashes].reverse().flatMap((hash, n) => [n % 2 ? hash.toLowerCase() : `${hash}:9`, ''])
    const text = [...mixed, ...hashes.slice(0, 50), `${sha1(OTHER)}:0`].join('\n')
    // In pieces that end anywhere.
    const pieces = Array.from({ length: Math.ceil(text.length / 777) }, (_, n) =>
      text.slice(n * 777, (n + 1) * 777),
    )
    await other.importList(Readable.from(pieces.map((piece) => Buffer.from(piece))))
    expect(readFileSync(other.path).equals(readFileSync(list.path))).toBe(true)
    expect(await other.has(OTHER)).toBe(false)
  })

  test('is made of a file, too, and takes the place of the one before without a restart', async () => {
    const list = looking({ breachCheck: 'file' })
    await list.lines(sha1(OTHER))
    expect([await list.has(OTHER), await list.has(STOLEN)]).toEqual([true, false])
    const file = join(list.folder, 'pwned.txt')
    writeFileSync(file, `${sha1(STOLEN)}:12\n`)
    await list.importList(file)
    expect([await list.has(OTHER), await list.has(STOLEN)]).toEqual([false, true])
    expect(await list.examine()).toEqual({ status: 'ok', message: `1 in ${list.path}` })
    expect(list.log).toEqual([])
  })

  test.each([
    ['a password in place of a hash', `${sha1('one')}:1\nhunter2 is here\n`, /^Line 2 must be a SHA-1 hash/],
    ['NTLM hashes', `${sha1('one').slice(0, 32)}:1\n`, /^Line 1 .*NTLM.*SHA-1/],
    ['a count that is none', `${sha1('one')}:many\n`, /^Line 1 /],
    ['one endless line', 'A'.repeat(5000), /^Line 1 /],
    ['nothing', '\n\n', /no hash/],
    ['what was seen 0 times alone', `${sha1('one')}:0`, /no hash/],
  ])(
    'is not made of %s: the line is named, not what it says, and the list of before stays',
    async (_, text, message) => {
      const list = looking({ breachCheck: 'file' })
      await list.lines(sha1(STOLEN))
      const refused = list.lines(text)
      await expect(refused).rejects.toMatchObject({
        code: 'import_unreadable',
        publicMessage: expect.stringMatching(message),
      })
      await expect(refused).rejects.not.toMatchObject({ publicMessage: expect.stringMatching(/hunter2/) })
      expect(await list.has(STOLEN)).toBe(true)
      expect(readdirSync(list.folder)).toEqual(['stolen-passwords.bin'])
    },
  )

  test.each([
    ['there is none', () => undefined, /^there is no /],
    ['it is not whole', (path: string) => truncateSync(path, 20), /is not whole$/],
    ['it is another file', (path: string) => writeFileSync(path, 'x'.repeat(40)), /is no list of stolen/],
    ['it is empty', (path: string) => truncateSync(path, 0), /is no list of stolen/],
  ])('keeps nobody from a new password while %s: the log and the doctor say so', async (_, spoil, reason) => {
    const list = looking({ breachCheck: 'file' })
    if (!reason.test('there is no ')) await list.lines(sha1(STOLEN))
    spoil(list.path)
    expect(await list.has(STOLEN)).toBe(false)
    expect(list.log).toEqual([
      {
        fields: { breach_check: 'file', reason: expect.stringMatching(reason) },
        message: expect.stringContaining('not looked up'),
      },
    ])
    await expect(list.examine()).rejects.toThrow(reason)
  })
})

describe('a range service', () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void
  let answer: Answer
  let asked: IncomingMessage[] = []
  let server: Server
  let url: string
  const rest = (password: string) => sha1(password).slice(5)
  const text =
    (body: string, status = 200): Answer =>
    (_, response) =>
      response.writeHead(status, { 'content-type': 'text/plain' }).end(body)
  /** Whether a password is taken for stolen, and what the log says. */
  async function look(password: string, how: Answer, fetcher?: typeof fetch) {
    answer = how
    asked = []
    const { has, log } = looking({ breachCheck: 'api', breachApiUrl: url }, fetcher)
    return { stolen: await has(password), log }
  }
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request)
      answer(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test('is told 5 characters of the hash and no more, and asked for padding', async () => {
    const answered = text(`${'0'.repeat(35)}:1\r\n${rest(STOLEN)}:42\r\n${'F'.repeat(35)}:0\r\n`)
    expect(await look(STOLEN, answered)).toEqual({ stolen: true, log: [] })
    const [request, ...others] = asked
    expect(others).toEqual([])
    expect([request?.method, request?.url]).toEqual(['GET', `/range/${sha1(STOLEN).slice(0, 5)}`])
    expect(request?.headers).toMatchObject({ 'add-padding': 'true', 'user-agent': 'Latchkey' })
    const said = [request?.url, ...(request?.rawHeaders ?? [])].join('\n').toUpperCase()
    expect(said).not.toContain(rest(STOLEN).slice(0, 4))
    expect(request?.headers).not.toHaveProperty('cookie')
  })

  test('a password that it does not have, and one that was padded, count as not stolen', async () => {
    expect(await look(STOLEN, text(`${rest(OTHER)}:42`))).toEqual({ stolen: false, log: [] })
    expect(await look(STOLEN, text(`${rest(STOLEN)}:0`))).toEqual({ stolen: false, log: [] })
    expect(await look(STOLEN, text(''))).toEqual({ stolen: false, log: [] })
  })

  test('lower case is an answer, too', async () => {
    expect((await look(STOLEN, text(`${rest(STOLEN).toLowerCase()}:2`))).stolen).toBe(true)
  })

  test.each<[string, Answer, RegExp]>([
    ['an error', text('', 503), /status 503/],
    ['too many requests', text('', 429), /status 429/],
    ['a page', text('<html>Welcome to the hotel</html>'), /no list of hashes/],
    ['no end', text(`${'0'.repeat(35)}:1\n`.repeat(20_000)), /longer than/],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      /status 302|redirect/i,
    ],
    ['a connection that ends', (request) => request.socket.destroy(), /./],
    ['nothing for two seconds', () => undefined, /time/i],
  ])(
    'that answers with %s keeps nobody from a new password; the log says so without the password',
    async (_, how, reason) => {
      const fetcher = createGuardedFetch('http://localhost:3000', NO_PRIVATE_HOSTS)
      const { stolen, log } = await look(STOLEN, how, fetcher)
      expect(stolen).toBe(false)
      expect(log).toEqual([
        {
          fields: { breach_check: 'api', reason: expect.stringMatching(reason) },
          message: expect.stringContaining('not looked up'),
        },
      ])
      const said = JSON.stringify(log).toUpperCase()
      expect(said).not.toContain(STOLEN.toUpperCase())
      expect(said).not.toContain(sha1(STOLEN).slice(0, 5))
      expect(asked.map((each) => each.url)).toEqual([`/range/${sha1(STOLEN).slice(0, 5)}`])
    },
  )

  test('inside the network of a public server is asked only where the operator has named it', async () => {
    const answered = text(`${rest(STOLEN)}:42`)
    const guarded = createGuardedFetch('https://id.example', NO_PRIVATE_HOSTS)
    const refused = await look(STOLEN, answered, guarded)
    expect(refused).toMatchObject({
      stolen: false,
      log: [{ fields: { reason: '127.0.0.1 is not a public address' } }],
    })
    expect(asked).toEqual([])
    const named = createGuardedFetch(
      'https://id.example',
      parsePrivateHosts(['127.0.0.0/8']) ?? NO_PRIVATE_HOSTS,
    )
    expect(await look(STOLEN, answered, named)).toEqual({ stolen: true, log: [] })
  })

  test('is asked by the doctor, about no password', async () => {
    answer = text(`${'1'.repeat(35)}:4`)
    asked = []
    const { examine } = looking({ breachCheck: 'api', breachApiUrl: url })
    expect(await examine()).toEqual({ status: 'ok', message: `${new URL(url).host} answers` })
    expect(asked.map((each) => each.url)).toEqual(['/range/00000'])
    answer = text('', 500)
    await expect(examine()).rejects.toThrow(/^127\.0\.0\.1:\d+ cannot be asked: .*status 500$/)
  })

  describe('of a whole server', () => {
    let latchkey: Latchkey
    beforeAll(async () => {
      latchkey = await startLatchkey({ env: { BREACH_CHECK: 'api', BREACH_API_URL: url } })
    })
    afterAll(() => latchkey.stop())

    test('keeps stolen passwords out of accounts, at every door, and says what to do', async () => {
      answer = text(`${rest(STOLEN)}:42`)
      const sentence = /published list of stolen passwords.*change it wherever else you use it/
      const { accounts } = latchkey.services
      const fields = { username: 'robin', email: 'robin@example.com', password: STOLEN }
      await expect(accounts.register(fields)).rejects.toMatchObject({
        errors: { password: [expect.stringMatching(sentence)] },
      })
      await expect(accounts.createByAdmin(fields)).rejects.toMatchObject({
        errors: { password: [expect.stringMatching(sentence)] },
      })
      const user = await latchkey.createUser('wren')
      await expect(
        accounts.changePassword({ accountId: user.id, currentPassword: OTHER, newPassword: STOLEN }),
      ).rejects.toMatchObject({ errors: { newPassword: [expect.stringMatching(sentence)] } })
      const browser = createHttpBrowser()
      const page = await browser.open(`${latchkey.issuer}/register`)
      const again = await browser.submit(page, {
        Username: 'robin',
        Email: 'robin@example.com',
        Password: STOLEN,
      })
      expect(again.text).toMatch(sentence)
      const answered = await latchkey.app.inject({
        method: 'POST',
        url: '/api/auth/register',
        payload: fields,
      })
      expect(answered.statusCode).toBe(422)
      expect(answered.json()).toMatchObject({ errors: { password: [expect.stringMatching(sentence)] } })
      // Ids of requests are hexadecimal, too, and random.
      const said = latchkey.log.join('\n').replaceAll(UUID, '').toUpperCase()
      expect(said).not.toContain(sha1(STOLEN).slice(0, 5))
    })

    test('is not asked about passwords that are refused anyway', async () => {
      asked = []
      const fields = { username: 'robin', email: 'robin@example.com', password: 'Summer2026!!!!!!' }
      await expect(latchkey.services.accounts.register(fields)).rejects.toMatchObject({ status: 422 })
      expect(asked).toEqual([])
    })
  })
})

test('nothing is asked and nothing is read while the check is off, as it is by default', async () => {
  const fetcher = (() => Promise.reject(new Error('asked'))) as typeof fetch
  const { examine, has, log } = looking({}, fetcher)
  expect([await has(STOLEN), log]).toEqual([false, []])
  expect(await examine()).toEqual({ status: 'ok', message: 'not looked up (breach_check is off)' })
})
