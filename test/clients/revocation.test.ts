import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createClients } from '../../src/clients/clients.ts'
import { createArtifactStore } from '../../src/storage/artifacts/artifact-store.ts'
import type { ArtifactStore } from '../../src/storage/artifacts/store.ts'
import { engines, type OpenedDatabase, openOn } from './engines.ts'

const web = { client_name: 'Shop', redirect_uris: ['https://app.example/cb'] }
const SETTLED = 5_000

describe.each(engines)('ending what a client was issued on %s', (engine) => {
  let now = Date.UTC(2026, 10, 30)
  let db: OpenedDatabase
  let artifacts: ArtifactStore
  /** Batches until the process dies, or the database goes away. */
  let batches = Number.POSITIVE_INFINITY
  const failures: unknown[] = []

  beforeAll(async () => {
    db = await openOn(engine, () => now)
    artifacts = createArtifactStore(db.artifacts, { clock: () => now })
  })
  beforeEach(() => {
    batches = Number.POSITIVE_INFINITY
    failures.length = 0
  })
  afterAll(() => db.close())

  /** A process. */
  const start = () =>
    createClients({
      db,
      clock: () => now,
      events: () => {},
      failed: (error) => void failures.push(error),
      artifacts: {
        async revokeByClient(id, limit) {
          if (batches-- <= 0) throw new Error('the process was killed')
          return artifacts.revokeByClient(id, Number.isFinite(batches) ? 3 : limit)
        },
      },
    })

  async function issue(clientId: string): Promise<void> {
    for (let n = 0; n < 4; n++) {
      const grantId = `grant-${clientId}-${n}`
      await artifacts.upsert('Grant', grantId, { accountId: 'a', clientId }, 60)
      for (const model of ['AccessToken', 'RefreshToken', 'AuthorizationCode'])
        await artifacts.upsert(model, `${model}-${grantId}`, { accountId: 'a', clientId, grantId }, 60)
    }
    await artifacts.upsert('ClientCredentials', `machine-${clientId}`, { clientId }, 60)
    await artifacts.upsert('Consent', `consent-${clientId}`, { accountId: 'a', clientId }, undefined)
  }
  const left = async (clientId: string): Promise<number> => {
    const row = await db.artifacts.get<{ count: number }>(
      'SELECT COUNT(*) AS count FROM artifacts WHERE client_id = ?',
      [clientId],
    )
    return row?.count ?? 0
  }
  async function finish(clients: ReturnType<typeof start>): Promise<number> {
    let runs = 0
    while ((await clients.revokePending()) > 0) runs++
    return runs
  }
  const pending = () => db.prisma.clientRevocation.count()

  test('of most clients everything is gone when the call returns', async () => {
    const clients = start()
    const { client_id: id } = await clients.create(web)
    await issue(id)
    expect(await left(id)).toBe(18)
    await clients.delete(id)
    expect(await left(id)).toBe(0)
    expect(failures).toEqual([])
  })

  test('removed while the process dies: the client is gone, and the next process ends the rest', async () => {
    const clients = start()
    const { client_id: id } = await clients.create(web)
    const { client_id: other } = await clients.create(web)
    await issue(id)
    await issue(other)
    batches = 2
    await clients.delete(id)
    expect(failures).toHaveLength(1)
    expect(await clients.findForProtocol(id)).toBeUndefined()
    await expect(clients.get(id)).rejects.toMatchObject({ code: 'client_not_found' })
    expect(await left(id)).toBeGreaterThan(5)

    batches = Number.POSITIVE_INFINITY
    const next = start()
    expect(await finish(next)).toBeGreaterThan(0)
    expect(await left(id)).toBe(0)
    expect(await left(other)).toBe(18)
  })

  test('a client is not enabled before everything that it was issued has ended', async () => {
    const clients = start()
    const { client_id: id } = await clients.create(web)
    await issue(id)
    batches = 1
    await clients.disable(id)
    expect(await clients.findForProtocol(id)).toBeUndefined()
    batches = 1
    await expect(clients.enable(id)).rejects.toThrow('killed')
    expect(await clients.get(id)).toMatchObject({ disabled: true })
    batches = Number.POSITIVE_INFINITY
    await clients.enable(id)
    expect(await left(id)).toBe(0)
    expect(await clients.get(id)).toMatchObject({ disabled: false })
    // What it is issued from now on is its own to keep.
    await issue(id)
    now += SETTLED
    await finish(clients)
    expect(await left(id)).toBe(18)
  })

  test('enabling one that is enabled ends nothing', async () => {
    const clients = start()
    const { client_id: id } = await clients.create(web)
    await issue(id)
    await clients.enable(id)
    expect(await left(id)).toBe(18)
  })

  test('what another process issued in the second in which it knew the client still is ended too', async () => {
    const clients = start()
    await finish(clients)
    const { client_id: id } = await clients.create(web)
    await clients.delete(id)
    await issue(id)
    expect(await finish(clients)).toBeGreaterThan(0)
    expect(await left(id)).toBe(0)
    expect(await pending()).toBeGreaterThan(0)
    now += SETTLED
    await finish(clients)
    expect(await pending()).toBe(0)
  })
})
