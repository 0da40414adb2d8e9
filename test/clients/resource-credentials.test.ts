import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createResourceCredentials } from '../../src/clients/resources/credentials.ts'
import { createResources } from '../../src/clients/resources/resources.ts'
import { isApiCredential } from '../../src/shared/api-credential-id.ts'
import type { Database } from '../../src/storage/database.ts'
import { engines, type OpenedDatabase, openOn } from './engines.ts'

describe.each(engines)('credentials of APIs on %s', (engine) => {
  const api = 'https://api.example'
  let now = Date.UTC(2026, 10, 29)
  const clock = () => now
  const events: unknown[] = []
  let db: OpenedDatabase
  const serviceOn = (database: Database) => {
    const resources = createResources({ db: database, clock, events: () => undefined })
    const failed = (error: unknown) => expect.unreachable(String(error))
    const told = (event: unknown) => void events.push(event)
    return {
      resources,
      credentials: createResourceCredentials({ db: database, clock, resources, events: told, failed }),
    }
  }
  beforeAll(async () => {
    db = await openOn(engine, clock)
    await serviceOn(db).resources.add({ identifier: api, scope: 'a' })
  })
  afterAll(() => db.close())

  test('two processes that make several at once make two', async () => {
    const both = [serviceOn(db), serviceOn(await db.second())]
    const made = await Promise.allSettled(
      [...both, ...both, ...both].map(({ credentials }) => credentials.add(api)),
    )
    const [first, second, ...more] = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    expect(more).toEqual([])
    for (const each of made)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'too_many_credentials' })
    expect(events).toHaveLength(2)
    expect(JSON.stringify(events)).not.toContain(first?.client_secret)

    const { credentials } = serviceOn(db)
    const found = await credentials.findForProtocol(String(second?.client_id))
    expect(found).toMatchObject({ resource: api, name: api })
    const hashes = [String(found?.secretHash)]
    expect(credentials.secretMatches(String(second?.client_id), hashes, String(second?.client_secret))).toBe(
      true,
    )
    expect(credentials.secretMatches(String(second?.client_id), hashes, String(first?.client_secret))).toBe(
      false,
    )
    await credentials.idle()
    const listed = await credentials.list(api)
    expect(listed.find(({ client_id: id }) => id === second?.client_id)).toHaveProperty('last_used_at')
    expect(listed.find(({ client_id: id }) => id === first?.client_id)).not.toHaveProperty('last_used_at')
    const stored = JSON.stringify(await db.prisma.resourceCredential.findMany())
    for (const each of [first, second]) expect(stored).not.toContain(each?.client_secret)
  })

  test('they end with their API, and a new one of the same identifier has none', async () => {
    const { credentials, resources } = serviceOn(db)
    const [{ client_id: id } = { client_id: '' }] = await credentials.list(api)
    await resources.remove(api)
    await resources.add({ identifier: api, scope: 'a' })
    expect(await credentials.list(api)).toEqual([])
    now += 2000
    expect(await credentials.findForProtocol(id)).toBeUndefined()
  })

  test.each([
    '',
    'api_',
    'lk_00000000000000000000000000000000',
    `api_${'0'.repeat(31)}`,
    '__proto__',
    'api_\0',
  ])('an id of another form is none, and asks the database nothing: %j', async (id) => {
    expect(isApiCredential(id)).toBe(false)
    const { credentials } = serviceOn(db)
    expect(await credentials.findForProtocol(id)).toBeUndefined()
    expect(await credentials.resourceOf(id)).toBeUndefined()
  })

  test('of an API that is not there nothing is made, listed or removed', async () => {
    const { credentials } = serviceOn(db)
    for (const unknown of ['https://none.example', '\0', '__proto__'])
      for (const act of [credentials.add, credentials.list, credentials.remove])
        await expect(act(unknown)).rejects.toMatchObject({ code: 'resource_not_found' })
    await expect(credentials.remove(api, 'api_\0')).rejects.toMatchObject({ code: 'credential_not_found' })
  })
})
