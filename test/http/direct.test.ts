import { Agent, get } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { DirectAnswer } from '../../src/http/direct.ts'
import { currentAuditContext } from '../../src/shared/audit-context.ts'
import { AppError } from '../../src/shared/errors.ts'
import { limits } from '../../src/shared/limits.ts'
import { eventually } from '../support/eventually.ts'
import { buildHttpApp } from './http-app.ts'

const [perAddress] = limits.openRegistration
const headers = ['content-type', 'text/plain']
const SECURE = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

let address: string
let app: FastifyInstance
let lines: string[]
let context: ReturnType<typeof currentAuditContext>
let written: boolean
beforeEach(async () => {
  lines = []
  written = false
  context = undefined
  app = await buildHttpApp({
    log: (line) => lines.push(line),
    trustProxy: ['127.0.0.1'],
    async direct(request) {
      context = currentAuditContext()
      if (request.url.includes('known')) return { status: 304, headers, body: 'directly' }
      if (request.url.includes('refused')) throw new AppError('refused', 403, 'No.')
      if (request.url.includes('unavailable')) throw new AppError('unavailable', 503, 'Later.')
      if (request.url.includes('broken')) throw new Error('SELECT secret FROM accounts')
      if (request.url.includes('audited'))
        context?.settling.push(
          Promise.resolve().then(() => {
            written = true
          }),
        )
      if (request.url.includes('unwritable')) context?.settling.push(Promise.reject(new Error('full')))
      return request.url.includes('route') ? undefined : { headers, body: 'directly' }
    },
  })
  address = await app.listen({ port: 0, host: '127.0.0.1' })
})
afterEach(() => app.close())

/** By way of the server: what comes by ‘inject’ is Fastify's from the beginning. */
async function ask(path: string, given: Record<string, string> = {}, at = address) {
  const answer = await fetch(`${at}${path}`, { headers: given })
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() }
}

/** What was logged of requests, whose lines are written once their answers are out: a client may have them before. */
const logged = async (requests: number): Promise<Record<string, unknown>[]> =>
  (await eventually(() => {
    const all = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')
    return all.length >= requests && all
  })) || []

test('has the headers, the id and the log line of every answer to a program', async () => {
  const answer = await ask('/direct?state=hush', { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' })
  expect([answer.status, answer.body]).toEqual([200, 'directly'])
  expect(answer.headers).toMatchObject({ ...SECURE, 'content-type': 'text/plain', 'content-length': '8' })
  expect(await logged(1)).toMatchObject([
    {
      msg: 'request',
      req: { method: 'GET', path: '/direct', query: ['state'], ip: '198.51.100.7' },
      status: 200,
      request_id: answer.headers['x-request-id'],
    },
  ])
  expect(context).toMatchObject({ address: '198.51.100.7', requestId: answer.headers['x-request-id'] })
})

test('what the caller has already is not sent again', async () => {
  const { status, body, headers } = await ask('/direct?known')
  expect([status, body, headers['content-length']]).toEqual([304, '', undefined])
})

test('what is not answered goes on to its route, as if it had not been asked', async () => {
  const answer = await ask('/direct?route')
  expect(JSON.parse(answer.body)).toEqual({ by: 'route' })
  expect(await logged(1)).toMatchObject([{ request_id: answer.headers['x-request-id'] }])
  expect(context).toMatchObject({ requestId: answer.headers['x-request-id'] })
})

test('each request counts once, whichever way it is answered, and one too many is refused by its route', async () => {
  for (let n = 1; n <= perAddress.max; n++) {
    const answer = await ask(n % 2 ? '/direct' : '/direct?route')
    expect([answer.status, Number(answer.headers['ratelimit-remaining'])]).toEqual([200, perAddress.max - n])
    expect(answer.headers).toMatchObject({
      'ratelimit-limit': `${perAddress.max}`,
      'ratelimit-reset': expect.anything(),
    })
  }
  const refused = await ask('/direct')
  expect([refused.status, refused.headers['x-frame-options']]).toEqual([429, 'DENY'])
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect((await ask('/direct', { 'x-forwarded-for': '198.51.100.1' })).status).toBe(200)
})

describe('where browsers are sent', () => {
  const accept = { accept: 'text/html' }

  test('an answer has the headers of pages', async () => {
    const page = await app.inject({ url: '/login', headers: accept })
    const { headers: led, body } = await ask('/led')
    expect(body).toBe('directly')
    const { 'content-type': _t, 'content-length': _l, 'cache-control': _c, ...all } = page.headers
    for (const name of ['set-cookie', 'x-request-id', 'date', 'connection', 'vary', 'content-language'])
      delete all[name]
    expect(led).toMatchObject(all)
    expect(led['permissions-policy']).toBeDefined()
  })

  test('one too many is counted once, and refused by a page in the language of the person', async () => {
    for (let n = 1; n <= perAddress.max; n++) {
      const answer = await ask(n % 2 ? '/led' : '/led?route')
      expect([answer.status, Number(answer.headers['ratelimit-remaining'])]).toEqual([
        200,
        perAddress.max - n,
      ])
    }
    const refused = await ask('/led', { ...accept, 'accept-language': 'de' })
    expect([refused.status, refused.headers['x-frame-options']]).toEqual([429, 'DENY'])
    expect(refused.body).toContain('lang="de"')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('without its audit entries there is no answer', async () => {
    const answer = await ask('/led?unwritable', accept)
    expect([answer.status, answer.body.includes('directly')]).toEqual([500, false])
    expect(answer.headers['x-frame-options']).toBe('DENY')
  })
})

describe.each(['/direct', '/led'])('of %s', (path) => {
  test('what fails is left to the route, and logged', async () => {
    expect(JSON.parse((await ask(`${path}?broken`)).body)).toEqual({ by: 'route' })
    const warned = lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= 40)
    expect(warned).toMatchObject([{ level: 40, err: { message: expect.stringContaining('SELECT') } }])
  })

  test.each(['refused', 'unavailable'])('what is %s is left to the route, which tells it', async (how) => {
    expect(JSON.parse((await ask(`${path}?${how}`)).body)).toEqual({ by: 'route' })
    expect(lines.filter((line) => JSON.parse(line).level >= 40)).toEqual([])
  })
})

test('audit entries are on disk before the answer leaves; without them there is none', async () => {
  await ask('/direct?audited')
  expect(written).toBe(true)
  const { status, headers, body } = await ask('/direct?unwritable')
  expect([status, JSON.parse(body)]).toMatchObject([500, { error: 'server_error' }])
  expect(headers).toMatchObject({ ...SECURE, 'x-request-id': expect.any(String) })
})

test('a request whose client is gone is logged as that', async () => {
  const { promise: asked, resolve: arrived } = Promise.withResolvers<void>()
  const { promise: gone, resolve: goOn } = Promise.withResolvers<void>()
  const waiting = await buildHttpApp({
    log: (line) => lines.push(line),
    async direct({ raw }) {
      raw.socket.once('close', () => goOn())
      arrived()
      await gone
      return { headers, body: 'directly' }
    },
  })
  const at = await waiting.listen({ port: 0, host: '127.0.0.1' })
  const leaving = new AbortController()
  const answer = fetch(`${at}/direct`, { signal: leaving.signal })
  await asked
  leaving.abort()
  await expect(answer).rejects.toThrow()
  await eventually(() => lines.some((line) => JSON.parse(line).msg === 'request aborted by the client'))
  await waiting.close()
})

test.each(['/direct', '/login'])(
  'nothing is done for %s on a connection that is lost, which is logged',
  async (path) => {
    // So does Node tell of requests that were pipelined on one that was reset.
    app.server.prependListener('request', ({ socket }) => socket.destroy())
    await expect(ask(path)).rejects.toThrow()
    await eventually(() => lines.some((line) => JSON.parse(line).msg === 'request aborted by the client'))
    expect(lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= 40)).toEqual([])
    expect(context).toBeUndefined()
  },
)

test('metrics are told of an answer, by its route', async () => {
  const told: unknown[] = []
  const counting = await buildHttpApp({
    answered: (answer) => told.push(answer),
    direct: async ({ url }) => (url.includes('route') ? undefined : { headers, body: 'directly' }),
  })
  const at = await counting.listen({ port: 0, host: '127.0.0.1' })
  await ask('/direct?x=1', {}, at)
  await ask('/direct?route', {}, at)
  await counting.close()
  const one = { method: 'GET', route: '/direct', status: 200, milliseconds: expect.any(Number) }
  expect(told).toEqual([one, one])
})

test('both ways are measured from the request on: what was done before Fastify had it counts', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const told: number[] = []
  const slow = await buildHttpApp({
    log: (line) => lines.push(line),
    answered: ({ milliseconds }) => told.push(milliseconds),
    refreshed: async () => void vi.advanceTimersByTime(1000),
    async direct({ url }) {
      vi.advanceTimersByTime(500)
      return url.includes('route') ? undefined : { headers, body: 'directly' }
    },
  })
  try {
    const at = await slow.listen({ port: 0, host: '127.0.0.1' })
    for (const path of ['/direct', '/direct?route', '/login']) await ask(path, {}, at)
    expect((await logged(3)).map(({ duration_ms }) => duration_ms)).toEqual([1500, 1500, 0])
    expect(told).toEqual([1500, 1500, 0])
  } finally {
    vi.useRealTimers()
    await slow.close()
  }
})

describe.each([
  ['nobody', false, '127.0.0.1'],
  ['addresses', ['127.0.0.1', '198.51.100.0/24'], '203.0.113.9'],
  ['addresses of others', ['192.0.2.1'], '127.0.0.1'],
  ['one hop', 1, '198.51.100.7'],
  ['two hops', 2, '203.0.113.9'],
  ['more hops than there are', 9, '192.0.2.66'],
] as const)('trusting %s', (_whom, trustProxy, forwarded) => {
  test.each([
    ['no X-Forwarded-For', {}, '127.0.0.1'],
    ['one', { 'x-forwarded-for': '192.0.2.66, 203.0.113.9, 198.51.100.7' }, forwarded],
  ] as const)('with %s, both ways log the same of a request', async (_what, given, ip) => {
    const trusting = await buildHttpApp({
      log: (line) => lines.push(line),
      trustProxy,
      direct: async ({ url }) => (url.includes('route') ? undefined : { headers, body: 'directly' }),
    })
    const at = await trusting.listen({ port: 0, host: '127.0.0.1' })
    for (const way of ['directly', 'route']) await ask(`/direct?state=${way}`, given, at)
    const alike = (await logged(2)).map(({ time: _t, request_id: _i, duration_ms: _d, ...line }) => line)
    expect(alike[0]).toMatchObject({ req: { path: '/direct', query: ['state'], ip }, status: 200 })
    expect(alike[1]).toEqual(alike[0])
    await trusting.close()
  })
})

test('no handler is asked before settings are fresh', async () => {
  const { promise: fresh, resolve: release } = Promise.withResolvers<void>()
  const happened: string[] = []
  const { promise: waits, resolve: waiting } = Promise.withResolvers<void>()
  const stale = await buildHttpApp({
    refreshed() {
      waiting()
      return fresh.then(() => void happened.push('fresh'))
    },
    async direct() {
      happened.push('asked')
      return { headers, body: 'directly' }
    },
  })
  const answer = ask('/direct', {}, await stale.listen({ port: 0, host: '127.0.0.1' }))
  await waits
  release()
  expect((await answer).body).toBe('directly')
  expect(happened.slice(0, 2)).toEqual(['fresh', 'asked'])
  await stale.close()
})

test.each([
  ['a header that cannot be sent', ['x-broken', 'two\nlines']],
  ['a header without a value', ['x-broken']],
])('%s ends the connection and is logged: no request hangs', async (_what, broken) => {
  const failing = await buildHttpApp({
    log: (line) => lines.push(line),
    direct: async () => ({ headers: broken, body: '' }),
  })
  const address = await failing.listen({ port: 0, host: '127.0.0.1' })
  await expect(fetch(`${address}/direct`)).rejects.toThrow('fetch failed')
  expect(lines.join()).toContain('an answer could not be written')
  await failing.close()
})

/** A server whose fast path has a request until the server closes. `asked`: it has one */
async function answersWhenItCloses(answer: DirectAnswer | undefined) {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  const { promise: closing, resolve: goOn } = Promise.withResolvers<void>()
  const ending = await buildHttpApp({
    async direct() {
      ask()
      await closing
      return answer
    },
  })
  ending.addHook('preClose', async () => goOn())
  return { ending, address: await ending.listen({ port: 0, host: '127.0.0.1' }), asked }
}

test('an answer while the server closes ends its connection', async () => {
  const { ending, address, asked } = await answersWhenItCloses({ headers, body: 'directly' })
  const agent = new Agent({ keepAlive: true })
  const ended = new Promise<boolean>((resolve, reject) => {
    get(`${address}/direct`, { agent }, (response) => {
      response.resume()
      response.socket.once('close', () => resolve(true))
    }).once('error', reject)
  })
  await asked
  await ending.close()
  expect(await ended).toBe(true)
  agent.destroy()
})

test('what was taken before the server closes, and is left to its route then, is answered by it', async () => {
  const { ending, address, asked } = await answersWhenItCloses(undefined)
  const answer = fetch(`${address}/direct`)
  await asked
  const closed = ending.close()
  const { status, headers: had } = await answer
  expect([status, had.get('connection'), had.get('x-frame-options')]).toEqual([200, 'close', 'DENY'])
  await closed
})

test.each([
  ['signIn', 'identifier'],
  ['groupMember', null],
] as const)('a path under a limit that counts by account too is none: %s', async (name, field) => {
  await expect(buildHttpApp({ directLimit: (limit) => limit(name, field) })).rejects.toThrow(
    `the limit ${name} counts by account too`,
  )
})

test.each([
  ['two', (app: FastifyInstance) => app.server.on('request', () => undefined)],
  ['no', (app: FastifyInstance) => app.server.removeAllListeners('request')],
])('a server with %s listeners of requests is not taken over', async (_how, made) => {
  await expect(buildHttpApp({ made: (app) => void made(app) })).rejects.toThrow(
    'listeners of requests, not one',
  )
})
