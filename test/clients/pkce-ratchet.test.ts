import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Clients, createClients } from '../../src/clients/clients.ts'
import type { ClientEvent } from '../../src/clients/events.ts'
import { engines, type OpenedDatabase, openOn } from './engines.ts'

const web = { client_name: 'Shop', redirect_uris: ['https://app.example/cb'] }

describe.each(engines)('PKCE that a client always uses is required, on %s', (engine) => {
  let db: OpenedDatabase
  let one: Clients
  let other: Clients
  let now = Date.UTC(2026, 10, 20)
  let events: ClientEvent[] = []
  const failures: unknown[] = []

  beforeAll(async () => {
    db = await openOn(engine, () => now)
    const second = await db.second()
    const on = (database: Pick<OpenedDatabase, 'prisma' | 'reads' | 'writes'>) =>
      createClients({
        db: database,
        clock: () => now++,
        events: (event) => void events.push(event),
        artifacts: { revokeByClient: async () => 0 },
        failed: (error) => void failures.push(error),
      })
    one = on(db)
    other = on(second)
  })
  afterAll(async () => {
    await db.close()
    expect(failures).toEqual([])
  })
  beforeEach(() => {
    events = []
  })

  async function sign(id: string, times: number, used = true, by: Clients = one) {
    for (let time = 0; time < times; time++) {
      by.notePkce(id, used)
      await by.idle()
    }
  }
  const create = async () => (await one.create(web)).client_id
  const ruleOf = async (id: string) => {
    const { pkce, pkce_raised: raised } = await one.get(id)
    return [pkce, raised === true]
  }
  const acts = () => events.map(({ type }) => type).filter((type) => type.startsWith('client.pkce'))

  test('after ten sign-ins, not after nine; an act of the server, with before and after', async () => {
    const id = await create()
    const { version } = await one.get(id)
    await sign(id, 9)
    expect(await ruleOf(id)).toEqual(['auto', false])
    // Whoever edits the client in between edits the version that it is.
    expect((await one.get(id)).version).toBe(version)
    await sign(id, 1)
    expect(await ruleOf(id)).toEqual(['required', true])
    expect(events.at(-1)).toMatchObject({
      type: 'client.pkce_raised',
      client_id: id,
      before: { pkce: 'auto' },
      after: { pkce: 'required' },
    })
    expect((await one.findForProtocol(id))?.pkce).toBe('required')
  })

  test('counted by all processes together, and raised once, however many come at once', async () => {
    const id = await create()
    await sign(id, 4, true, one)
    await sign(id, 4, true, other)
    expect(await ruleOf(id)).toEqual(['auto', false])
    for (let time = 0; time < 10; time++) for (const by of [one, other]) by.notePkce(id, true)
    await Promise.all([one.idle(), other.idle()])
    expect(await ruleOf(id)).toEqual(['required', true])
    expect(acts()).toEqual(['client.pkce_raised'])
  })

  test('never once it has gone without, before or in between, in whichever process', async () => {
    for (const before of [0, 9]) {
      const id = await create()
      await sign(id, before)
      await sign(id, 1, false, other)
      await sign(id, 20)
      expect(await ruleOf(id)).toEqual(['auto', false])
    }
    expect(acts()).toEqual([])
  })

  test('one that was without and on its way at the tenth takes it back', async () => {
    const id = await create()
    await sign(id, 10)
    await sign(id, 1, false, other)
    expect(await ruleOf(id)).toEqual(['auto', false])
    expect(acts()).toEqual(['client.pkce_raised', 'client.pkce_lowered'])
    await sign(id, 20)
    expect(await ruleOf(id)).toEqual(['auto', false])
  })

  test('what an administrator takes back holds; what they choose is not taken for the ratchet', async () => {
    const id = await create()
    await sign(id, 10)
    await one.update(id, { client_name: 'Shop 2' })
    expect(await ruleOf(id)).toEqual(['required', true])
    await one.update(id, { pkce: 'auto' })
    await sign(id, 20)
    await sign(id, 20, true, other)
    expect(await ruleOf(id)).toEqual(['auto', false])
    await one.update(id, { pkce: 'required' })
    expect(await ruleOf(id)).toEqual(['required', false])
  })

  test('the console’s try-outs are no sign-ins of the client', async () => {
    const id = await create()
    await one.lendSecret(id, () => sign(id, 20))
    expect(await ruleOf(id)).toEqual(['auto', false])
    await sign(id, 10)
    expect(await ruleOf(id)).toEqual(['required', true])
  })

  test('costs ten statements in the life of a client, and one in each process once it is settled', async () => {
    const id = await create()
    await sign(id, 1, false)
    let queries = 0
    const get: typeof db.writes.get = (...given) => {
      queries++
      return db.writes.get(...given)
    }
    const fresh = createClients({
      db: { ...db, writes: { ...db.writes, get } },
      clock: () => now,
      events: () => {},
      artifacts: { revokeByClient: async () => 0 },
    })
    await sign(id, 20, true, fresh)
    expect(queries).toBe(1)
    await sign(id, 20, false, fresh)
    expect(queries).toBe(2)
  })
})
