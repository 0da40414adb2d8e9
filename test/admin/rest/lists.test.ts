import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { machine, type Rest } from './support.ts'

const CLIENTS = 10_000
const PEOPLE = 100_000

/** Numbers from 0, in the database itself. */
const numbers = {
  sqlite: (count: number) =>
    `(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1}) SELECT i FROM n)`,
  postgresql: (count: number) => `(SELECT generate_series(0, ${count - 1}) AS i) AS n`,
}
/** A moment for each: ten of them share one. */
const moment = {
  sqlite: "strftime('%Y-%m-%dT%H:%M:%S.000+00:00', 1600000000 + i / 10, 'unixepoch')",
  postgresql: "TO_TIMESTAMP(1600000000 + i / 10) AT TIME ZONE 'UTC'",
}
const padded = {
  sqlite: (digits: number) => `printf('%0${digits}d', i)`,
  postgresql: (digits: number) => `LPAD(CAST(i AS TEXT), ${digits}, '0')`,
}

describe.each(engines)('with 10,000 clients and 100,000 users on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  let queries = 0

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, background: false })
    rest = (await machine(latchkey)).rest
    const { prisma, reads } = latchkey.services.db
    const metadata = JSON.stringify({
      client_name: 'NAME',
      redirect_uris: ['https://app.example/callback'],
      post_logout_redirect_uris: [],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'web',
      id_token_signed_response_alg: 'RS256',
    })
    const number = padded[engine](6)
    const flag = engine === 'sqlite' ? '0' : 'FALSE'
    await prisma.$executeRawUnsafe(
      `INSERT INTO clients (id, name, metadata, first_party, created_at, updated_at)
       SELECT 'lk_' || ${number}, 'App ' || ${number}, REPLACE('${metadata}', 'NAME', 'App ' || ${number}), ${flag},
              ${moment[engine]}, ${moment[engine]} FROM ${numbers[engine](CLIENTS)}`,
    )
    await prisma.$executeRawUnsafe(
      `INSERT INTO accounts (id, username, display_username, email, auth_valid_after, created_at, updated_at)
       SELECT 'person-' || ${number}, 'person' || ${number}, 'Person' || ${number}, 'p' || ${number} || '@example.com',
              ${moment[engine]}, ${moment[engine]}, ${moment[engine]} FROM ${numbers[engine](PEOPLE)}`,
    )
    const { all } = reads
    reads.all = (...call) => {
      // The server does other things in between: its audit log, providers.
      const beside = /disabled_at IS NULL ORDER|audit/.test(call[0])
      if (/ORDER BY (s\.|a\.|t\.)?(created_at|id|rowid)\b/.test(call[0]) && !beside) queries++
      return all(...call) as never
    }
    for (const model of [prisma.client, prisma.account]) {
      const { findMany } = model as unknown as { findMany: (...call: unknown[]) => unknown }
      Object.assign(model, {
        findMany(...call: unknown[]) {
          queries++
          return findMany.apply(model, call)
        },
      })
    }
  })
  afterAll(() => latchkey.stop())

  async function page(path: string) {
    queries = 0
    const answer = await rest.get(path)
    expect(answer.status, answer.text).toBe(200)
    const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    return {
      items: answer.json.items ?? [],
      queries,
      next: next?.replace(`${latchkey.issuer}/api/admin`, ''),
      cursor: answer.json.next_cursor,
    }
  }

  async function walk(first: string, id: string): Promise<string[]> {
    const found: string[] = []
    for (let path: string | undefined = first; path !== undefined; ) {
      const { items, next, cursor } = await page(path)
      expect(next === undefined).toBe(cursor === undefined)
      found.push(...items.map((item) => String(item[id])))
      path = next
    }
    return found
  }

  test('every client is on exactly one page, newest first', async () => {
    const found = await walk('/clients?limit=100', 'client_id')
    const bulk = found.filter((id) => /^lk_\d{6}$/.test(id))
    expect(found).toHaveLength(CLIENTS + 1)
    expect(bulk).toEqual([...bulk].sort().reverse())
    expect(new Set(bulk).size).toBe(CLIENTS)
  })

  test('a page costs the same few queries, the first, one in the middle and one that is searched', async () => {
    for (const [path, most] of [
      ['/clients', 1],
      ['/clients?search=app%20000', 1],
      ['/users', 2],
      // The very name, the newest accounts, the index of trigrams, the accounts.
      ['/users?search=person05&limit=100', 4],
      ['/users?role=admin', 2],
    ] as const) {
      const first = await page(path)
      expect(first.queries, path).toBeLessThanOrEqual(most)
      if (first.next === undefined) continue
      const second = await page(first.next)
      expect(second.queries, first.next).toBeLessThanOrEqual(first.queries)
      const both = [...first.items, ...second.items].map((item) => item.client_id ?? item.id)
      expect(new Set(both).size, path).toBe(both.length)
    }
  })

  test('a search finds what is at the far end, and % and _ stand for themselves', async () => {
    expect((await page('/users?search=PERSON000007')).items).toMatchObject([{ id: 'person-000007' }])
    expect((await page('/users?search=p000007@example.com')).items).toMatchObject([{ id: 'person-000007' }])
    expect((await page('/users?search=person-000007')).items).toMatchObject([{ id: 'person-000007' }])
    expect((await page('/clients?search=app%20000007')).items).toMatchObject([{ client_id: 'lk_000007' }])
    for (const text of ['%25', '_', '%2500000', 'person_00007', '!'])
      expect((await page(`/users?search=${text}`)).items, text).toEqual([])
    expect(await walk('/users?search=person0123&limit=7', 'id')).toEqual(
      Array.from({ length: 100 }, (_, i) => `person-0123${String(99 - i).padStart(2, '0')}`),
    )
  })

  test('the next page goes on where the last one ended, whatever was deleted or added in between', async () => {
    const first = await page('/users?search=person0456&limit=10')
    const last = first.items.at(-1)
    expect(await rest.delete(`/users/${last?.id}`)).toMatchObject({ status: 204 })
    await rest.post('/users', { username: `person0456-${engine}`, email: 'late@example.com' })
    const second = await page(first.next ?? '')
    expect(second.items[0]).toMatchObject({ id: 'person-045689' })
  })
})
