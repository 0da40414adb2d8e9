import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { TxtAnswer } from '../../src/organizations/domains/dns.ts'
import { person } from '../accounts/pages/person.ts'
import { signedIn } from '../admin/console.ts'
import { machine, type Rest } from '../admin/rest/support.ts'
import { createApi } from '../api/support.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

const DAY = 86_400_000

describe.each(engines)('domains of organizations, on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  let ahead = 0
  /** What DNS says, by the name. */
  const records = new Map<string, TxtAnswer>()
  const asked: string[] = []
  beforeAll(async () => {
    latchkey = await startLatchkey({
      engine,
      clock: () => Date.now() + ahead,
      lookUpTxt: async (name) => {
        asked.push(name)
        return records.get(name) ?? 'none'
      },
    })
    rest = (await machine(latchkey)).rest
  })
  afterAll(() => latchkey.stop())

  let made = 0
  const company = async () => (await latchkey.services.organizations.create({ name: `Domains ${++made}` })).id
  const domains = () => latchkey.services.organizations.domains
  const publish = ({ name, value }: { name: string; value: string }) =>
    void records.set(name, { values: ['v=spf1 -all', value] })
  const proven = async (id: string, domain: string) => {
    publish((await domains().add(id, domain)).record)
    return domains().verify(id, domain)
  }

  test('what is no domain of an organization is refused, and what is one is normalised', async () => {
    const id = await company()
    const wrong = [
      'localhost',
      'com',
      '',
      ' ',
      '127.0.0.1',
      '[::1]',
      '2130706433',
      'a@acme.example',
      '__proto__',
      '.acme.example',
    ]
    const odd = [
      '*.acme.example',
      'a..b.example',
      '-a.example',
      'a.example/x',
      'a b.example',
      'box.local',
      'x.home.arpa',
      'a\0.example',
    ]
    const long = [`${'a.'.repeat(150)}example`, `${'a'.repeat(64)}.example`, 'x'.repeat(5000)]
    for (const domain of [...wrong, ...odd, ...long, null, 7, ['acme.example'], { a: 1 }])
      await expect(domains().add(id, domain), JSON.stringify(domain)).rejects.toMatchObject({
        errors: { domain: [expect.stringContaining('like acme.example')] },
      })
    for (const domain of ['gmail.com', 'GMail.COM.', 'web.de'])
      await expect(domains().add(id, domain)).rejects.toMatchObject({
        errors: { domain: [expect.stringContaining('Anyone can have')] },
      })
    expect((await domains().add(id, ' ACME.Example. ')).domain).toBe('acme.example')
    expect((await domains().add(id, 'Bücher.example')).domain).toBe('xn--bcher-kva.example')
    // The Cyrillic а is another letter, and is shown as one.
    expect((await domains().add(id, 'аcme.example')).domain).toBe('xn--cme-5cd.example')
    await expect(domains().add(id, 'acme.EXAMPLE')).rejects.toMatchObject({ status: 409 })
    expect((await domains().list(id)).map(({ domain }) => domain)).toEqual([
      ...['acme.example', 'xn--bcher-kva.example', 'xn--cme-5cd.example'],
    ])
  })

  test('by REST a domain is added once, verified by its record, and removed; each answer says what is wrong', async () => {
    const id = await company()
    const path = `/organizations/${id}/domains`
    const key = { 'idempotency-key': `d${id}` }
    const added = await rest.post(path, { domain: 'Rest.example.' }, key)
    const record = added.json.record as { type: string; name: string; value: string }
    expect(added).toMatchObject({
      status: 201,
      json: { domain: 'rest.example', verified: false, checked_at: null },
    })
    expect((await rest.post(path, { domain: 'Rest.example.' }, key)).json).toEqual(added.json)
    expect(record).toMatchObject({ type: 'TXT', name: '_latchkey-challenge.rest.example' })
    expect(record.value).toMatch(/^latchkey-verification=[\w-]{24}$/)
    const verify = (domain = 'rest.example') => rest.post(`${path}/${domain}/verify`)
    expect(await verify()).toMatchObject({ status: 409, json: { code: 'domain_record_missing' } })
    records.set(record.name, {
      values: ['latchkey-verification=', `x${record.value}`, record.value.toUpperCase()],
    })
    expect(await verify()).toMatchObject({ status: 409, json: { code: 'domain_record_differs' } })
    records.set(record.name, 'unanswered')
    expect(await verify()).toMatchObject({ status: 503, json: { code: 'dns_unanswered' } })
    publish(record)
    expect(await verify('REST.example')).toMatchObject({
      status: 200,
      json: { verified: true, lost_at: null },
    })
    expect((await rest.get(path)).json.items).toMatchObject([{ domain: 'rest.example', verified: true }])
    for (const other of ['none.example', '__proto__', 'x'.repeat(300), '%00'])
      expect((await verify(other)).json.code, other).toBe('domain_not_found')
    expect(await rest.post(`/organizations/${await company()}/domains/rest.example/verify`)).toMatchObject({
      status: 404,
    })
    expect(await rest.post(path, { domain: 'localhost' })).toMatchObject({ status: 422 })
    expect(await rest.delete(`${path}/rest.example`)).toMatchObject({ status: 204 })
    expect(await rest.delete(`${path}/rest.example`)).toMatchObject({ status: 404 })
    const audit = (await rest.get('/audit?action=organization.domain&limit=100')).json.items ?? []
    expect(audit.slice(0, 3).map(({ action }) => action)).toEqual([
      ...['organization.domain_removed', 'organization.domain_verified', 'organization.domain_added'],
    ])
    expect(audit[1]).toMatchObject({ target_id: id, details: { domain: 'rest.example' } })
  })

  test('of several organizations that verify one at once, one has it; a removed one frees it', async () => {
    const ids = await Promise.all([1, 2, 3, 4].map(company))
    for (const id of ids) await domains().add(id, 'race.example')
    const values = await Promise.all(ids.map(async (id) => (await domains().list(id))[0]?.record.value ?? ''))
    records.set('_latchkey-challenge.race.example', { values })
    const done = await Promise.allSettled(ids.map((id) => domains().verify(id, 'race.example')))
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const each of done)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'domain_taken', status: 409 })
    const winner = done.findIndex(({ status }) => status === 'fulfilled')
    await latchkey.services.organizations.remove(String(ids[winner]))
    expect(await domains().verify(String(ids[(winner + 1) % 4]), 'race.example')).toMatchObject({
      verified: true,
    })
  })

  test('a record that is missing for a week loses the domain; silence of DNS does not, and one that comes back is as before', async () => {
    const id = await company()
    const { record } = await proven(id, 'grace.example')
    const state = async () => (await domains().list(id))[0]
    const daily = async () => {
      ahead += DAY + 1000
      asked.length = 0
      while ((await domains().recheck()) > 0);
    }
    await daily()
    expect(asked).toContain(record.name)
    expect(await state()).toMatchObject({ verified: true, lostAt: null })
    asked.length = 0
    await domains().recheck()
    expect(asked, 'once a day').toEqual([])

    records.set(record.name, 'none')
    await daily()
    expect(await state()).toMatchObject({ verified: true, lostAt: expect.any(Number) })
    publish(record)
    await daily()
    expect(await state()).toMatchObject({ lostAt: null })

    records.set(record.name, 'none')
    await daily()
    records.set(record.name, 'unanswered')
    for (let days = 0; days < 8; days++) await daily()
    expect(await state()).toMatchObject({ verified: true })
    records.set(record.name, { values: ['other'] })
    await daily()
    expect(await state()).toMatchObject({ verified: false, verifiedAt: null, lostAt: null })
    await latchkey.services.audit.idle()
    const lost = await latchkey.services.audit.list({ action: 'organization.domain_lost' }, { limit: 50 })
    expect(lost.items.filter((entry) => JSON.stringify(entry).includes(id))).toHaveLength(1)
    await daily()
    expect(asked, 'nobody looks for one that is not verified').not.toContain(record.name)
    publish(record)
    expect(await domains().verify(id, 'grace.example')).toMatchObject({ verified: true })
  })

  test('two processes look for a record once', async () => {
    const id = await company()
    const { record } = await proven(id, 'twice.example')
    ahead += DAY + 1000
    asked.length = 0
    await Promise.all([1, 2, 3].map(() => domains().recheck()))
    expect(asked.filter((name) => name === record.name)).toHaveLength(1)
  })

  test('administrators and managers do it on pages, and managers by JSON; nobody else does', async () => {
    // Sign-ins go by the time of the machine too.
    ahead = 0
    const { browser } = await signedIn(latchkey)
    const id = await company()
    const page = await browser.open(`${latchkey.issuer}/admin/organizations/${id}`)
    const wrong = await browser.submit(page, { 'Add a domain': '<b>localhost' }, { button: 'Add domain' })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('like acme.example')])
    const added = await browser.submit(wrong, { 'Add a domain': 'Console.example' }, { button: 'Add domain' })
    expect(added.text).toContain('_latchkey-challenge.console.example')
    const missing = await browser.submit(added, {}, { button: 'Verify console.example' })
    expect([missing.status, missing.text]).toEqual([409, expect.stringContaining('There is no TXT record')])
    const [one] = await domains().list(id)
    if (one) publish(one.record)
    const verified = await browser.submit(missing, {}, { button: 'Verify console.example' })
    expect(verified.text).toContain('The domain is verified')
    const asked = await browser.follow(verified, 'Remove … console.example')
    const removed = await browser.submit(asked, {}, { button: 'Remove domain' })
    expect(removed.text).toContain('The domain is removed')

    const manager = await person(latchkey)
    await latchkey.services.organizations.members.put(id, manager.id, ['admin'])
    const mine = await manager.browser.open(`${latchkey.issuer}/account/organizations/${id}`)
    const refused = await manager.browser.submit(mine, { 'Add a domain': 'x' }, { button: 'Add domain' })
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('like acme.example')])
    const theirs = await manager.browser.submit(
      refused,
      { 'Add a domain': 'mine.example' },
      { button: 'Add domain' },
    )
    const none = await manager.browser.submit(theirs, {}, { button: 'Verify mine.example' })
    expect([none.status, none.text]).toEqual([409, expect.stringContaining('There is no TXT record')])
    const api = createApi(latchkey.issuer)
    const login = async (username: string) => {
      const { json } = await api.post('/login', { username, password: PASSWORD })
      return { authorization: `Bearer ${String(json.access_token)}` }
    }
    const headers = await login(manager.username)
    const path = `/me/organizations/${id}/domains`
    const proof = { current_password: PASSWORD }
    const list = await api.call('GET', path, { headers })
    const items = (list.json as { items: { domain: string; record: { name: string; value: string } }[] })
      .items
    expect(items).toMatchObject([{ domain: 'mine.example', verified: false }])
    if (items[0]) publish(items[0].record)
    ahead = 16 * 60_000
    expect(await api.call('POST', `${path}/mine.example/verify`, { body: {}, headers })).toMatchObject({
      status: 422,
    })
    ahead = 0
    const done = await api.call('POST', `${path}/mine.example/verify`, { body: proof, headers })
    expect(done).toMatchObject({ status: 200, json: { verified: true } })
    expect(
      await api.call('POST', path, { body: { domain: 'api.example', ...proof }, headers }),
    ).toMatchObject({
      status: 201,
    })
    const outsider = await latchkey.createUser()
    await latchkey.services.organizations.members.put(id, outsider.id, ['member'])
    const other = await login(outsider.username)
    for (const [method, at, body] of [
      ['GET', path, undefined],
      ['POST', path, { domain: 'b.example', ...proof }],
      ['POST', `${path}/mine.example/verify`, proof],
      ['DELETE', `${path}/mine.example`, proof],
    ] as const)
      expect(await api.call(method, at, { ...(body && { body }), headers: other })).toMatchObject({
        status: 404,
      })
    expect(await api.call('DELETE', `${path}/mine.example`, { body: proof, headers })).toMatchObject({
      status: 204,
    })
    expect((await domains().list(id)).map(({ domain }) => domain)).toEqual(['api.example'])
  })

  test('a configuration file says them, leaves them alone where it does not, and drift is seen', async () => {
    const { configuration, organizations } = latchkey.services
    const file = (organization: object) => stringify({ version: 1, organizations: [organization] })
    const apply = (organization: object) => configuration.apply(file(organization), () => undefined)
    const changes = async (organization: object) =>
      (await configuration.plan(file(organization), () => undefined)).changes.map(({ action, fields }) => [
        action,
        ...fields.map(({ field }) => field),
      ])
    const described = { name: 'Written', slug: `written-${engine}`, domains: ['B.example.', 'a.example'] }
    expect((await apply(described)).failed).toBeUndefined()
    const { id } = await organizations.find(described.slug)
    const names = async () => (await domains().list(id)).map(({ domain }) => domain)
    expect(await names()).toEqual(['a.example', 'b.example'])
    expect(await changes(described)).toEqual([])
    const { domains: _, ...silent } = described
    expect(await changes(silent), 'managers add them too').toEqual([])
    expect(await configuration.export()).toContain('- a.example')
    await domains().add(id, 'c.example')
    expect(await changes(described)).toEqual([['update', 'domains']])
    expect((await configuration.drift())?.plan?.changes).toMatchObject([{ fields: [{ field: 'domains' }] }])
    await apply({ ...described, domains: ['c.example'] })
    expect(await names()).toEqual(['c.example'])
    await apply({ ...described, domains: [] })
    expect(await names()).toEqual([])
    expect(await changes({ ...described, domains: [] })).toEqual([])
    await expect(apply({ ...described, domains: ['gmail.com'] })).rejects.toThrow(/Anyone can have/)
    await expect(apply({ ...described, domains: 'a.example' })).rejects.toThrow(/like acme.example/)
  })
})
