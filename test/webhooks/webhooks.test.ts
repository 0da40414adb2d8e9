import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { OUTSIDE_TYPES } from '../../src/audit/outside/types.ts'
import { person, type Rest } from '../admin/rest/support.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

const DAY = 86_400_000

describe.each(engines)('webhooks on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  let receiver: Receiver
  let later = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + later })
    ;({ rest } = await person(latchkey, 'admin'))
  })
  beforeEach(async () => {
    later = 0
    receiver = await startReceiver()
    for (const { id } of await latchkey.services.webhooks.list()) await latchkey.services.webhooks.remove(id)
  })
  afterAll(() => latchkey?.stop())

  const create = async (events: string[], more: object = {}) => {
    const made = await rest.post('/webhooks', { url: receiver.url, events, ...more })
    expect(made.status, made.text).toBe(201)
    return made.json as { id: string; secret: string }
  }
  /** Everything that is due now was tried. */
  const settle = async () => {
    const { audit, queue, webhooks } = latchkey.services
    await audit.idle()
    await webhooks.dispatch.look()
    await queue.run()
  }
  const deliveriesOf = async (id: string) => (await rest.get(`/webhooks/${id}/deliveries`)).json.items ?? []

  test('a deletion is of the version that is meant, and of two that mean one, one is done', async () => {
    const path = `/webhooks/${(await create(['user.*'])).id}`
    const tag = async () => ({ 'if-match': String((await rest.get(path)).headers.get('etag')) })
    const before = await tag()
    await rest.patch(path, { description: 'Newer' })
    expect(await rest.delete(path, before)).toMatchObject({ status: 412 })
    const now = await tag()
    const both = await Promise.all([
      rest.delete(path, now),
      rest.patch(path, { description: 'Newest' }, now),
      rest.delete(path, now),
    ])
    expect(both.filter(({ status }) => status < 300)).toHaveLength(1)
    const { webhooks } = latchkey.services
    const [one] = await webhooks.list()
    const { id, version } = one ?? (await webhooks.create({ url: receiver.url, events: ['*'] }))
    await expect(webhooks.remove(id, { ifVersion: version + 1 })).rejects.toMatchObject({
      code: 'version_conflict',
    })
  })

  test('an event arrives signed, and the package of Standard Webhooks accepts it', async () => {
    const { id, secret } = await create(['user.*'])
    expect(secret).toMatch(/^whsec_/)
    const user = await latchkey.createUser()
    await settle()
    expect(receiver.types()).toEqual(['user.created'])
    const [got] = receiver.received
    const verified = new Webhook(secret).verify(got?.body ?? '', got?.headers ?? {})
    expect(verified).toMatchObject({
      id: got?.headers['webhook-id'],
      type: 'user.created',
      data: { action: 'account.created', user: { id: user.id, name: user.username } },
    })
    expect(() => new Webhook(secret).verify(`${got?.body} `, got?.headers ?? {})).toThrow()
    expect(() =>
      new Webhook(secret).verify(got?.body ?? '', { ...got?.headers, 'webhook-id': 'evt_other' }),
    ).toThrow()
    expect(JSON.stringify(got)).not.toContain(PASSWORD)
    expect(await deliveriesOf(id)).toMatchObject([
      { event_id: got?.event.id, type: 'user.created', status: 'delivered', tries: 1, response_status: 204 },
    ])
    // The secret is shown once.
    expect((await rest.get(`/webhooks/${id}`)).text + (await rest.get('/webhooks')).text).not.toContain(
      'whsec_',
    )
  })

  test('each is sent what it asked for, once, in the words of the contract', async () => {
    const other = await startReceiver()
    await create(['group.member_added', 'factor.added'])
    await create(['*'], { url: other.url })
    const user = await latchkey.createUser()
    const group = (await rest.post('/groups', { name: `Crew ${user.username}` })).json as { id: string }
    await rest.put(`/groups/${group.id}/members/${user.id}`)
    await rest.delete(`/groups/${group.id}/members/${user.id}`)
    await rest.post(`/users/${user.id}/disable`)
    await rest.delete(`/users/${user.id}`)
    await settle()
    await settle()
    expect(receiver.types()).toEqual(['group.member_added'])
    expect(receiver.received[0]?.event.data).toMatchObject({
      group: { id: group.id, name: `Crew ${user.username}` },
      user: { id: user.id },
      actor: { kind: 'account' },
    })
    const expected = [
      'user.created',
      'group.created',
      'group.member_added',
      'group.member_removed',
      'user.disabled',
      'user.deleted',
    ]
    // The order is not promised.
    expect(other.types().toSorted()).toEqual(expected.toSorted())
    expect(new Set(other.received.map(({ event }) => event.id)).size).toBe(expected.length)
  })

  test('of a change the names of its fields are sent, and no values', async () => {
    await create(['user.updated'])
    const user = await latchkey.createUser()
    const patched = await rest.patch(`/users/${user.id}`, { first_name: 'Countess Lovelace' })
    expect(patched.status, patched.text).toBe(200)
    await settle()
    expect(receiver.received[0]?.event.data).toMatchObject({ user: { id: user.id }, changed: ['given_name'] })
    expect(receiver.received[0]?.body).not.toContain('Lovelace')
  })

  test('what fails is tried again with the same id, and a new timestamp', async () => {
    const { id, secret } = await create(['user.created'])
    receiver.answer = { status: 500 }
    await latchkey.createUser()
    await settle()
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'waiting', tries: 1, response_status: 500 }])
    expect((await rest.get(`/webhooks/${id}`)).json.failing_since).not.toBeNull()
    receiver.answer = { status: 200, body: 'x'.repeat(1000) }
    later += 5_000
    await settle()
    expect(receiver.received).toHaveLength(2)
    const [first, second] = receiver.received
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.body).toBe(first?.body)
    expect(Number(second?.headers['webhook-timestamp'])).toBeGreaterThan(
      Number(first?.headers['webhook-timestamp']),
    )
    expect(() => new Webhook(secret).verify(first?.body ?? '', first?.headers ?? {})).not.toThrow()
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'delivered', tries: 2 }])
    expect((await rest.get(`/webhooks/${id}`)).json.failing_since).toBeNull()
  })

  test('a redirect is followed nowhere, and is a failure', async () => {
    const elsewhere = await startReceiver()
    const { id } = await create(['user.created'])
    receiver.answer = { status: 307, headers: { location: elsewhere.url } }
    await latchkey.createUser()
    await settle()
    expect(elsewhere.received).toEqual([])
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'waiting', response_status: 307 }])
  })

  test('after five days of failing it is disabled, administrators are told, and what it missed can be replayed', async () => {
    const other = await startReceiver()
    await create(['webhook.disabled'], { url: other.url })
    const { id } = await create(['user.created'])
    receiver.answer = { status: 503 }
    await latchkey.createUser()
    for (let day = 0; day <= 6; day++) {
      await settle()
      later += DAY
    }
    await settle()
    // The address of a receiver, which may be a secret of it, is nothing for the others.
    expect(other.received.map(({ event }) => event.data)).toMatchObject([
      { action: 'webhook.disabled', actor: { kind: 'server' }, webhook: { id } },
    ])
    expect(JSON.stringify(other.received)).not.toContain(receiver.url)
    // By the service: no token lives that long.
    const { accounts, webhooks } = latchkey.services
    expect(await webhooks.get(id)).toMatchObject({ disabled: { reason: 'failing' } })
    const admin = (await accounts.search({ role: 'admin' })).items[0]
    const mail = await latchkey.mailTo(admin?.email ?? '')
    expect(mail.subject).toContain('webhook')
    expect(mail.text).toContain(receiver.url)
    expect(mail.text).toContain(`/admin/webhooks/${id}`)
    const [missed] = (await webhooks.deliveries(id)).items
    const delivery = missed?.id ?? ''
    await expect(webhooks.replay(id, delivery)).rejects.toMatchObject({ code: 'webhook_disabled' })
    await expect(webhooks.test(id)).rejects.toMatchObject({ code: 'webhook_disabled' })

    later += 2 * DAY
    await settle()
    expect((await webhooks.deliveries(id)).items).toMatchObject([{ id: delivery, status: 'failed' }])
    const before = receiver.received.length
    await latchkey.createUser()
    await latchkey.services.audit.idle()
    receiver.answer = { status: 204 }
    expect(await webhooks.update(id, { disabled: false })).toMatchObject({ disabled: undefined })
    await settle()
    // What happened while it was disabled is not sent.
    expect(receiver.received).toHaveLength(before)
    await webhooks.replay(id, delivery)
    await settle()
    expect(receiver.received).toHaveLength(before + 1)
    expect(receiver.received.at(-1)?.event.id).toBe(missed?.event)
    expect((await webhooks.deliveries(id)).items).toMatchObject([{ id: delivery, status: 'delivered' }])
  })

  test('another address has not failed yet', async () => {
    const { id } = await create(['user.created'])
    receiver.answer = { status: 503 }
    await latchkey.createUser()
    await settle()
    const failing = async () => (await rest.get(`/webhooks/${id}`)).json.failing_since
    expect(await failing()).not.toBeNull()
    expect((await rest.patch(`/webhooks/${id}`, { description: 'Ours' })).status).toBe(200)
    expect(await failing()).not.toBeNull()
    expect((await rest.patch(`/webhooks/${id}`, { url: `${receiver.url}/new` })).status).toBe(200)
    expect(await failing()).toBeNull()
  })

  test('a secret that does not open is no failure of the receiver', async () => {
    const { id } = await create(['user.created'])
    await latchkey.services.db.prisma.webhook.update({ where: { id }, data: { secret: 'v1.broken' } })
    await latchkey.createUser()
    await settle()
    expect(receiver.received).toEqual([])
    expect((await rest.get(`/webhooks/${id}`)).json.failing_since).toBeNull()
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'waiting', tries: 1 }])
  })

  test('for a day after a new secret both sign', async () => {
    const { id, secret } = await create(['*'])
    const rotated = (await rest.post(`/webhooks/${id}/rotate-secret`)).json as { secret: string }
    expect(rotated.secret).not.toBe(secret)
    await settle()
    await latchkey.createUser()
    await settle()
    const { body = '', headers = {} } = receiver.received.at(-1) ?? {}
    for (const each of [secret, rotated.secret])
      expect(() => new Webhook(each).verify(body, headers)).not.toThrow()
    later += DAY + 1
    await latchkey.createUser()
    await settle()
    expect(receiver.received.at(-1)?.headers['webhook-signature']?.split(' ')).toHaveLength(1)
  })

  test('a test event is sent once, and an event again under its id', async () => {
    const { id } = await create(['session.ended'])
    const { delivery_id } = (await rest.post(`/webhooks/${id}/test`)).json
    await settle()
    expect(receiver.types()).toEqual(['webhook.test'])
    expect(await deliveriesOf(id)).toMatchObject([
      { id: delivery_id, type: 'webhook.test', status: 'delivered' },
    ])
    expect((await rest.post(`/webhooks/${id}/deliveries/${delivery_id}/replay`)).status).toBe(202)
    await settle()
    expect(receiver.received).toHaveLength(2)
    expect(receiver.received[1]?.event.id).toBe(receiver.received[0]?.event.id)
    receiver.answer = { status: 400 }
    await rest.post(`/webhooks/${id}/test`)
    await settle()
    expect((await deliveriesOf(id))[0]).toMatchObject({ status: 'failed', response_status: 400, tries: 1 })
    expect((await rest.get(`/webhooks/${id}`)).json.failing_since).toBeNull()
  })

  test('ids of others, and none, lead nowhere', async () => {
    const [one, two] = [await create(['user.created']), await create(['user.deleted'])]
    await latchkey.createUser()
    await settle()
    const [delivery] = await deliveriesOf(one.id)
    for (const path of [
      `/webhooks/${two.id}/deliveries/${delivery?.id}/replay`,
      `/webhooks/${one.id}/deliveries/nothing/replay`,
      `/webhooks/${'0'.repeat(36)}/test`,
      '/webhooks/nothing/rotate-secret',
    ])
      expect((await rest.post(path)).status, path).toBe(404)
    expect((await rest.get(`/webhooks/${one.id}/deliveries?cursor=%00`)).status).toBe(400)
    await rest.delete(`/webhooks/${one.id}`)
    expect((await rest.get(`/webhooks/${one.id}`)).status).toBe(404)
    expect(await latchkey.services.db.prisma.delivery.count({ where: { subject: one.id } })).toBe(0)
  })

  test('everything that is wrong is said at once', async () => {
    const bad = await rest.post('/webhooks', { url: 'ftp://x', events: ['user.flown'], color: 'red' })
    expect(bad.status).toBe(422)
    for (const [input, field] of [
      [{ url: 'https://user:pw@app.example/', events: ['*'] }, 'url'],
      [{ url: 'https://app.example/#x', events: ['*'] }, 'url'],
      [{ url: `https://app.example/${'x'.repeat(2000)}`, events: ['*'] }, 'url'],
      [{ url: 'https://app.example/', events: [] }, 'events'],
      [{ url: 'https://app.example/', events: ['user'] }, 'events'],
      [{ url: 'https://app.example/', events: ['*.created'] }, 'events'],
      [{ url: 'https://app.example/', events: 'user.*' }, 'events'],
      [{ url: 'https://app.example/', events: ['*'], disabled: 'no' }, 'disabled'],
      [{ url: 'https://app.example/', events: ['*'], description: 'a\u202eb' }, 'description'],
      [{ events: ['*'] }, 'url'],
    ] as const) {
      const answer = await rest.post('/webhooks', input)
      expect(answer.status, JSON.stringify(input)).toBe(422)
      expect(Object.keys(answer.json.errors as object), JSON.stringify(input)).toEqual([field])
    }
  })

  test('two that change it at once: the later one is told', async () => {
    const { id } = await create(['user.created'])
    const etag = (await rest.get(`/webhooks/${id}`)).headers.get('etag') ?? ''
    const change = (events: string[]) => rest.patch(`/webhooks/${id}`, { events }, { 'if-match': etag })
    expect((await change(['user.deleted'])).status).toBe(200)
    expect((await change(['*'])).status).toBe(412)
  })

  test('without webhooks an event costs no statement, and a second process finds what the first has written', async () => {
    const { webhooks, audit, db, queue } = latchkey.services
    await webhooks.dispatch.look()
    const asked = vi.spyOn(db.reads, 'all')
    await latchkey.createUser()
    await audit.idle()
    expect(asked.mock.calls.filter(([text]) => String(text).includes('webhooks'))).toEqual([])
    asked.mockRestore()
    // As a process would that wrote the events and died before it put them into the queue.
    const { id } = await create(['user.created'])
    const row = await db.prisma.webhook.findUniqueOrThrow({ where: { id } })
    await db.prisma.webhook.update({ where: { id }, data: { position: row.position - 1 } })
    await latchkey.createUser()
    await Promise.all([webhooks.dispatch.look(), webhooks.dispatch.look()])
    await queue.run()
    const ids = receiver.received.map(({ event }) => event.id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

test('the contract’s types are all there', () => {
  const promised = [
    ...['created', 'updated', 'disabled', 'enabled', 'deleted', 'signed_in', 'sign_in_failed'].map(
      (name) => `user.${name}`,
    ),
    ...['session.ended', 'factor.added', 'factor.removed', 'group.member_added', 'group.member_removed'],
    ...['client.created', 'client.updated', 'client.deleted', 'consent.granted', 'consent.revoked'],
  ]
  const types: string[] = [...OUTSIDE_TYPES.keys()]
  expect(promised.filter((type) => !types.includes(type))).toEqual([])
  expect(types.filter((type) => !/^[a-z]+\.[a-z_]+$/.test(type))).toEqual([])
})
