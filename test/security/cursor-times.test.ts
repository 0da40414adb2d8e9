import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { machine, type Rest } from '../admin/rest/support.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

/** The last millisecond of the year 9999, and what follows it. */
const LAST = 253_402_300_799_999
const cursor = (...content: unknown[]) => Buffer.from(JSON.stringify(content)).toString('base64url')

describe.each(engines)('a time in a cursor, on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  let admin: Awaited<ReturnType<typeof signedIn>>
  let organization = ''
  let group = ''
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    rest = (await machine(latchkey)).rest
    admin = await signedIn(latchkey)
    const { access, organizations } = latchkey.services
    organization = (await organizations.create({ name: 'Harbour' })).id
    group = (await access.groups.create({ name: 'Deck' })).id
  })
  afterAll(() => latchkey?.stop())

  const lists = () => [
    '/users',
    '/clients',
    '/resources',
    '/rejections',
    `/organizations/${organization}/members`,
    `/organizations/${organization}/invitations`,
    `/groups/${group}/members`,
  ]

  test('of the REST API: behind the year 9999, which PostgreSQL cannot read, it is of no page', async () => {
    for (const list of lists()) {
      // Where a list can be sorted, the cursor holds by what.
      const order = list === '/rejections' ? ['-at'] : []
      for (const at of [LAST + 1, 8.64e15])
        expect(await rest.get(`${list}?cursor=${cursor(...order, at, 'x')}`), `${list} ${at}`).toMatchObject({
          status: 400,
          json: { code: 'invalid_page' },
        })
      for (const at of [0, LAST])
        expect((await rest.get(`${list}?cursor=${cursor(...order, at, 'x')}`)).status, `${list} ${at}`).toBe(
          200,
        )
    }
  })

  test('of sorted lists of the console', async () => {
    for (const [list, order] of [
      ['users', 'created'],
      ['users', 'signed_in'],
      ['users', '-signed_in'],
      ['clients', 'created'],
      ['clients', '-created'],
      ['rejections', 'at'],
      ['rejections', '-at'],
    ] as const) {
      const status = async (at: number) =>
        (
          await admin.browser.open(
            `${latchkey.issuer}/admin/${list}?sort=${order}&cursor=${cursor(order, at, 'x')}`,
          )
        ).status
      for (const at of [LAST + 1, 8.64e15]) expect(await status(at), `${list} ${order} ${at}`).toBe(400)
      for (const at of [0, LAST]) expect(await status(at), `${list} ${order} ${at}`).toBe(200)
    }
  })
})
