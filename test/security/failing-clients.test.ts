import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { limits } from '../../src/shared/limits.ts'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ASSERTION = `${btoa('{"alg":"RS256"}')}.${btoa('{"sub":"x"}')}.eA`
const [{ max }] = limits.failingClient

describe.each(engines)('clients that fail to authenticate, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, env: { RATE_LIMIT: 'on', TRUST_PROXY: 'loopback' } })
    await latchkey.services.resources.add(jobs)
  })
  afterAll(() => latchkey.stop())

  let hosts = 0
  const elsewhere = () => `198.51.100.${++hosts}`
  const call = (path: string, from: string, id: string, secret: string) =>
    fetch(`${latchkey.issuer}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`${id}:${secret}`)}`,
        'x-forwarded-for': from,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ ...jobGrant, token: 'x' }),
    })
  const machine = async () => {
    const client = await latchkey.createClient(jobClient)
    return { id: client.client_id, secret: client.client_secret ?? '' }
  }

  test('the credential of an API too; its right secret goes on', async () => {
    const identifier = 'https://books.example'
    await latchkey.services.resources.add({ identifier, scope: 'books:read' })
    const { client_id: id, client_secret: secret } =
      await latchkey.services.resourceCredentials.add(identifier)
    const from = elsewhere()
    for (let n = 0; n < max; n++) expect((await call('/introspect', from, id, 'wrong')).status).toBe(401)
    expect((await call('/introspect', from, id, 'wrong')).status).toBe(429)
    expect((await call('/introspect', from, id, secret)).status).toBe(200)
  })

  test('in a loop: refused by 429 after a while, and neither log nor refused requests go on growing', async () => {
    const { id, secret } = await machine()
    const from = elsewhere()
    const paths = ['/token', '/introspect', '/revoke', '/par']
    const statuses: number[] = []
    for (let n = 0; n < max; n++) statuses.push((await call(paths[n % 4] ?? '', from, id, 'wrong')).status)
    expect(new Set(statuses)).toEqual(new Set([401]))
    await latchkey.services.rejections.list({})
    const lines = latchkey.log.length
    const kept = await latchkey.services.db.prisma.rejection.count()
    for (let n = 0; n < 40; n++) {
      const refused = await call(paths[n % 4] ?? '', from, id, `wrong ${n}`)
      expect(refused.status).toBe(429)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(refused.headers.get('www-authenticate')).toBeNull()
      expect(await refused.json()).toEqual({
        error: 'temporarily_unavailable',
        error_description: expect.stringMatching(/fails to authenticate/),
      })
    }
    await latchkey.services.rejections.list({})
    expect(latchkey.log.slice(lines).filter((line) => !line.includes('"level":20'))).toEqual([])
    expect(await latchkey.services.db.prisma.rejection.count()).toBe(kept)

    // Nobody is kept out by it: neither who has the secret, behind the same address, nor others.
    expect((await call('/token', from, id, secret)).status).toBe(200)
    expect((await call('/token', elsewhere(), id, 'wrong')).status).toBe(401)
    const other = await machine()
    expect((await call('/token', from, other.id, 'wrong')).status).toBe(401)
    expect((await call('/token', from, other.id, other.secret)).status).toBe(200)
  })

  test('a new id each time is one client that is none', async () => {
    const from = elsewhere()
    const statuses: number[] = []
    for (let n = 0; n < max + 5; n++) statuses.push((await call('/token', from, `nobody-${n}`, 'x')).status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(max)
    expect(statuses.slice(max)).toEqual([429, 429, 429, 429, 429])
  })

  test.each([
    ['a header that cannot be read', { authorization: 'Basic !!!' }, {}],
    ['another scheme', { authorization: 'Bearer x' }, {}],
    ['two ways at once', { authorization: `Basic ${btoa('a:b')}` }, { client_id: 'a', client_secret: 'b' }],
    ['a wrong type of assertion', {}, { client_assertion: ASSERTION, client_assertion_type: 'urn:x' }],
    ['an assertion that is none', {}, { client_assertion: 'a.b.c', client_assertion_type: JWT_BEARER }],
    ['nothing at all', {}, {}],
  ])('%s counts as well, and its log ends', async (_what, headers, fields) => {
    const from = elsewhere()
    const paths = ['/token', '/introspect', '/revoke', '/par']
    const send = async (n: number) => {
      const response = await fetch(`${latchkey.issuer}${paths[n % 4]}`, {
        method: 'POST',
        headers: { ...headers, 'x-forwarded-for': from },
        body: new URLSearchParams({ ...jobGrant, token: 'x', ...fields }),
      })
      return response.status
    }
    for (let n = 0; n < max; n++) expect(await send(n)).toBe(400)
    const lines = latchkey.log.length
    for (let n = 0; n < 8; n++) expect(await send(n)).toBe(429)
    expect(latchkey.log.slice(lines).filter((line) => !line.includes('"level":20'))).toEqual([])
    // A client that authenticates from there goes on.
    const { id, secret } = await machine()
    expect((await call('/token', from, id, secret)).status).toBe(200)
  })

  test('two hundred failures at once: no more than the limit are answered as failures, and noted', async () => {
    const { id } = await machine()
    const from = elsewhere()
    const lines = latchkey.log.length
    const answers = await Promise.all(Array.from({ length: 200 }, () => call('/token', from, id, 'wrong')))
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(max)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(200 - max)
    expect(latchkey.log.slice(lines).filter((line) => line.includes('grant.error'))).toHaveLength(max)
  })

  test('right secrets count for nothing', async () => {
    const { id, secret } = await machine()
    const from = elsewhere()
    for (let n = 0; n < max + 5; n++) expect((await call('/token', from, id, secret)).status).toBe(200)
    expect((await call('/token', from, id, 'wrong')).status).toBe(401)
  })
})
