import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, inject, test } from 'vitest'
import { limits } from '../../src/shared/limits.ts'
import { freshDatabase } from '../support/postgres.ts'
import { hasRedis, startRedis } from '../support/redis.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-shared-limits-'))
  closing.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Two processes behind a proxy that sends three of four requests to the first. */
async function twoServers(first: Record<string, string>, second: Record<string, string>) {
  const shared = { RATE_LIMIT: 'on', TRUST_PROXY: 'loopback', ISSUER: 'http://localhost:9999' }
  const servers: ServerProcess[] = []
  for (const settings of [first, second]) {
    const server = await startServer({ ...shared, ...settings })
    closing.push(() => server.kill())
    servers.push(server)
  }
  let turn = 0
  return async (path: string, from: string, headers: Record<string, string> = {}) => {
    const address = servers[turn++ % 4 === 3 ? 1 : 0]?.address
    const response = await fetch(`${address}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': from, ...headers },
      body: 'grant_type=client_credentials',
    })
    await response.body?.cancel()
    // Forms are answered by a redirect to their page, which shows what became of them.
    return response.status === 303 && response.headers.has('retry-after') ? 429 : response.status
  }
}

/** How many of these requests, of which some are sent side by side, got past the limit. */
async function passed(send: () => Promise<number>, count: number): Promise<number> {
  const statuses: number[] = []
  for (let n = 0; n < count; n += 8) statuses.push(...(await Promise.all(Array.from({ length: 8 }, send))))
  expect(new Set(statuses).has(429)).toBe(true)
  return statuses.filter((status) => status !== 429).length
}

test('two processes on one PostgreSQL, behind an uneven proxy: no more than the limit in sum', async () => {
  const env = { DATA_DIR: folder(), DATABASE_URL: await freshDatabase(inject('postgresUrl')) }
  const post = await twoServers(env, env)
  const basic = { authorization: `Basic ${btoa('nobody:wrong')}` }
  expect(await passed(() => post('/login', '203.0.113.1'), 72)).toBe(limits.signIn[0].max)
  expect(await passed(() => post('/register', '203.0.113.2'), 120)).toBe(limits.register[0].max)
  expect(await passed(() => post('/forgot-password', '203.0.113.3'), 72)).toBe(limits.mail[0].max)
  expect(await passed(() => post('/verify-email', '203.0.113.4'), 72)).toBe(limits.oneTimeToken[0].max)
  expect(await passed(() => post('/token', '203.0.113.5', basic), 72)).toBe(limits.failingClient[0].max)
})

test.skipIf(!hasRedis)(
  'two processes on one Redis, whatever their databases (needs redis-server)',
  async () => {
    const redis = await startRedis()
    closing.push(() => redis.stop())
    const post = await twoServers(
      { DATA_DIR: folder(), REDIS_URL: redis.url },
      { DATA_DIR: folder(), REDIS_URL: redis.url },
    )
    expect(await passed(() => post('/login', '203.0.113.1'), 72)).toBe(limits.signIn[0].max)
    await redis.stop()
    // Each counts for itself then, and nothing fails.
    expect(await passed(() => post('/login', '203.0.113.9'), 160)).toBe(2 * limits.signIn[0].max)
  },
  120_000,
)
