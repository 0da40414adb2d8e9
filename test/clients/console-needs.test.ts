import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Clients, createClients } from '../../src/clients/clients.ts'
import { createListingStore } from '../../src/clients/listing/store.ts'
import { hashSecret } from '../../src/clients/secrets.ts'
import { statementsOf } from '../support/statements.ts'
import { engines, type OpenedDatabase, openOn } from './engines.ts'

const HOUR = 3_600_000
const web = { client_name: 'Shop', redirect_uris: ['https://app.example/cb'] }
const conflict = expect.objectContaining({ code: 'version_conflict', status: 409 })

describe.each(engines)('what the console asks of clients on %s', (engine) => {
  let db: OpenedDatabase
  let clients: Clients
  let now = Date.UTC(2026, 10, 20)
  let writes = 0
  const failures: unknown[] = []

  beforeAll(async () => {
    db = await openOn(engine, () => now)
    const run: typeof db.writes.run = (...given) => {
      writes++
      return db.writes.run(...given)
    }
    clients = createClients({
      db: { ...db, writes: { ...db.writes, run } },
      clock: () => now,
      events: () => {},
      artifacts: { revokeByClient: async () => 0 },
      failed: (error) => failures.push(error),
    })
  })
  afterAll(() => db.close())

  describe('search', () => {
    const named = async (name: string, uri = 'https://app.example/cb') =>
      (await clients.create({ client_name: name, redirect_uris: [uri] })).client_id
    const found = async (search: string) => (await clients.list({ search })).items.map((c) => c.client_name)

    test('finds by a part of the name, in upper or lower case', async () => {
      await named('Harbour Notes')
      expect(await found('bour no')).toEqual(['Harbour Notes'])
      expect(await found('HARBOUR')).toEqual(['Harbour Notes'])
    })

    test('finds by id and by redirect URI', async () => {
      const id = await named('By id')
      await named('By address', 'https://lighthouse.example/signed-in')
      expect(await found(id)).toEqual(['By id'])
      expect(await found('lighthouse.example/signed')).toEqual(['By address'])
    })

    test('what else is in the metadata is not searched', async () => {
      expect(await found('client_secret_basic')).toEqual([])
      expect(await found('grant_types')).toEqual([])
    })

    test.each(['%', '_', '!', "'", '\\', '\u0000x'])('%j stands for itself', async (search) => {
      expect(await found(`zzz${search}`)).toEqual([])
    })

    test('those of an administrator who has some, in one statement for however many', async () => {
      const ids = [await named('First of mine'), await named('Second of mine')]
      const listing = createListingStore(db)
      const ways = {
        page: async (only: string[]) => (await clients.list({ only })).items.map((each) => each.client_id),
        list: async (only: string[]) =>
          (await listing.list({ only }, 'created', undefined, 10)).map(({ id }) => id),
      }
      for (const [name, way] of Object.entries(ways)) {
        const asked = new Set<string | undefined>()
        for (const only of [[], ids.slice(1), ids]) {
          const [first] = await statementsOf(async () => {
            expect((await way(only)).toSorted(), name).toEqual(only.toSorted())
          })
          asked.add(first)
        }
        expect([...asked], name).toHaveLength(1)
      }
    })

    test('goes on behind the page before, also within one millisecond', async () => {
      const ids = []
      for (let i = 0; i < 5; i++) ids.push(await named(`Paged ${i}`))
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await clients.list({ search: 'paged', limit: 2, cursor })
        seen.push(...page.items.map((each) => each.client_id))
        cursor = page.next_cursor
      } while (cursor !== undefined)
      expect(seen.toSorted()).toEqual(ids.toSorted())
      expect(new Set(seen).size).toBe(5)
    })
  })

  describe('a stale version', () => {
    test('is refused, and changes nothing', async () => {
      const { client_id: id, version } = await clients.create(web)
      const first = await clients.update(id, { client_name: 'First' }, { ifVersion: version })
      await expect(clients.update(id, { client_name: 'Second' }, { ifVersion: version })).rejects.toEqual(
        conflict,
      )
      await expect(clients.delete(id, { ifVersion: version })).rejects.toEqual(conflict)
      const stored = await clients.get(id)
      expect(stored.client_name).toBe('First')
      expect(stored.disabled).toBe(false)
      expect(stored.version).toBe(first.version)
    })

    test('every change makes another, also within one millisecond', async () => {
      const { client_id: id, version } = await clients.create(web)
      const versions = new Set([version])
      versions.add((await clients.update(id, { client_name: 'A' })).version)
      versions.add((await clients.update(id, { client_name: 'B' })).version)
      await clients.rotateSecret(id)
      versions.add((await clients.get(id)).version)
      await clients.disable(id)
      versions.add((await clients.get(id)).version)
      expect(versions.size).toBe(5)
    })

    test('of two edits at once from one version, one wins', async () => {
      const { client_id: id, version } = await clients.create(web)
      const edits = ['A', 'B', 'C'].map((name) =>
        clients.update(id, { client_name: name }, { ifVersion: version }),
      )
      const results = await Promise.allSettled(edits)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })
  })

  describe('the last use of a secret', () => {
    const lastUses = async (id: string) => (await clients.get(id)).secrets.map((each) => each.last_used_at)
    const uses = (id: string, secret = '') =>
      clients.secretMatches(id, [hashSecret('another'), hashSecret(secret)], secret)

    test('is that of the one that was used', async () => {
      const { client_id: id, client_secret: old } = await clients.create(web)
      await clients.rotateSecret(id)
      expect(uses(id, old)).toBe(true)
      await clients.idle()
      expect(await lastUses(id)).toEqual([null, now / 1000])
    })

    test('is written at most once an hour, and not for a wrong secret', async () => {
      const { client_id: id, client_secret: secret } = await clients.create(web)
      const started = now
      writes = 0
      for (let i = 0; i < 100; i++) uses(id, secret)
      expect(clients.secretMatches(id, [hashSecret('right')], 'wrong')).toBe(false)
      now += HOUR - 1
      uses(id, secret)
      await clients.idle()
      expect(writes).toBe(1)
      expect(await lastUses(id)).toEqual([started / 1000])
      now += 1
      uses(id, secret)
      await clients.idle()
      expect(writes).toBe(2)
      expect(await lastUses(id)).toEqual([now / 1000])
      expect(failures).toEqual([])
    })

    test('changes no version: an open form stays good', async () => {
      const { client_id: id, client_secret: secret, version } = await clients.create(web)
      uses(id, secret)
      await clients.idle()
      expect((await clients.get(id)).version).toBe(version)
    })
  })

  describe('removing one secret', () => {
    test('ends that one and leaves the other', async () => {
      const { client_id: id } = await clients.create(web)
      await clients.rotateSecret(id)
      const [newest, older] = (await clients.get(id)).secrets
      await clients.removeSecret(id, older?.id ?? '')
      expect((await clients.get(id)).secrets).toEqual([newest])
    })

    test('the only one stays', async () => {
      const { client_id: id, secrets } = await clients.create(web)
      await expect(clients.removeSecret(id, secrets[0]?.id ?? '')).rejects.toMatchObject({
        code: 'last_secret',
      })
    })

    test('a secret of another client is none of this one', async () => {
      const mine = await clients.create(web)
      const other = await clients.create(web)
      await clients.rotateSecret(other.client_id)
      const theirs = (await clients.get(other.client_id)).secrets
      for (const { id } of theirs)
        await expect(clients.removeSecret(mine.client_id, id)).rejects.toMatchObject({
          code: 'secret_not_found',
        })
      expect((await clients.get(other.client_id)).secrets).toEqual(theirs)
    })
  })

  describe('a lent secret', () => {
    const valid = async (id: string, secret = '') =>
      (await clients.findForProtocol(id))?.secretHashes.includes(hashSecret(secret))

    test('works while the work goes on, and not after', async () => {
      const { client_id: id, client_secret: own } = await clients.create(web)
      const lent = await clients.lendSecret(id, async (secret) => {
        expect(await valid(id, secret)).toBe(true)
        return secret
      })
      expect(await valid(id, lent)).toBe(false)
      expect(await valid(id, own)).toBe(true)
    })

    test('is removed when the work fails, and ends by itself after a minute', async () => {
      const { client_id: id } = await clients.create(web)
      let lent: string | undefined
      const work = clients.lendSecret(id, async (secret) => {
        lent = secret
        now += 60_000
        expect(await valid(id, secret)).toBe(false)
        throw new Error('broken')
      })
      await expect(work).rejects.toThrow('broken')
      expect((await clients.get(id)).secrets).toHaveLength(1)
      expect(await valid(id, lent)).toBe(false)
    })

    test('of a client without secrets is none', async () => {
      const { client_id: id } = await clients.create({ ...web, token_endpoint_auth_method: 'none' })
      expect(await clients.lendSecret(id, async (secret) => secret)).toBeUndefined()
    })
  })
})
