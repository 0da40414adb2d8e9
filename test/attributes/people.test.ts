import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ValidationError } from '../../src/shared/validation-error.ts'
import { signedIn } from '../admin/console.ts'
import { bearer, createApi } from '../api/support.ts'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

const refusedFieldsOf = (error: unknown) =>
  error instanceof ValidationError ? error.problems.map(({ field }) => field).sort() : String(error)

describe.each(engines)('values of attributes where people meet them, on %s', (engine) => {
  let latchkey: Latchkey
  let browser: HttpBrowser
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    browser = (await signedIn(latchkey)).browser
    const { attributes } = latchkey.services
    const own = { editable_by: 'user', visible_to: 'user' }
    await attributes.create({ name: 'secret_rank', label: 'Rank on board' })
    await attributes.create({ name: 'hired', label: 'Hired on', type: 'date', visible_to: 'user' })
    await attributes.create({ name: 'team', label: 'Team', type: 'one_of', options: ['red', 'blue'], ...own })
    await attributes.create({ name: 'skills', label: 'Skills', type: 'strings', ...own })
    await attributes.create({ name: 'remote', label: 'Works from home', type: 'boolean', ...own })
    await attributes.create({ name: 'size', label: 'Size', type: 'number', ...own })
  })
  afterAll(() => latchkey.stop())
  const at = (path: string, by = browser) => by.open(`${latchkey.issuer}${path}`)
  const stored = async (id: string) => (await latchkey.services.accounts.byId(id))?.attributes
  const saving = (page: BrowserPage, values: Record<string, string>, by = browser) =>
    by.submit(page, values, { button: 'Save attributes' })

  test('administrators enter them as they add a person, and a refusal keeps all that was typed', async () => {
    const email = 'newcomer@example.com'
    const page = await at('/admin/users/new')
    expect(page.text).toContain('Only administrators see it.')
    const typed = { Email: email, 'Rank on board': 'mate', 'Hired on': '2026-02-30', Skills: 'knots' }
    const refused = await browser.submit(page, typed, { button: 'Add user' })
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('Enter a date like 2026-01-31.')
    expect(refused.body).toContain('value="mate"')
    expect(await latchkey.services.accounts.find('newcomer')).toBeUndefined()
    const done = await browser.submit(
      refused,
      { 'Hired on': '2026-02-28', Team: 'red' },
      { button: 'Add user' },
    )
    const id = done.url.pathname.split('/').at(-1) ?? ''
    expect(await stored(id)).toEqual({
      ...{ secret_rank: ['mate'], hired: ['2026-02-28'], team: ['red'], skills: ['knots'] },
    })
  })

  test('what is wrong with them is told with all else that is wrong with a new person', async () => {
    const values = { Email: 'no address', 'Hired on': '2026-02-30', Size: 'big' }
    const { status, text } = await browser.submit(await at('/admin/users/new'), values, {
      button: 'Add user',
    })
    expect(status).toBe(422)
    for (const said of ['like name@example.com', 'Enter a date like 2026-01-31.', 'Enter a number'])
      expect(text).toContain(said)
  })

  test('what is wrong with them is told with all else that a change of a person gets wrong', async () => {
    const { accounts } = latchkey.services
    const { id } = await latchkey.createUser()
    const changing = (input: object) => accounts.updateByAdmin(id, input).then(String, refusedFieldsOf)
    const attributes = { hired: '2026-02-30', size: 'big' }
    const wrong = ['attributes.hired', 'attributes.size']
    expect(await changing({ birthdate: 'soon', attributes })).toEqual([...wrong, 'birthdate'])
    expect(await changing({ phoneVerified: true, attributes })).toEqual([...wrong, 'phoneVerified'])
    expect(await stored(id)).toEqual({})
  })

  test('administrators enter them on the page of a person, by their type, and read who sees them', async () => {
    const { accounts } = latchkey.services
    const { id } = await latchkey.createUser()
    const page = await at(`/admin/users/${id}`)
    expect(page.text).toContain('Only administrators see it.')
    expect(page.text).toContain('The person sees it, and does not change it.')
    const refused = await saving(page, { 'Rank on board': 'captain', 'Hired on': '2026-02-30', Size: 'big' })
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('Enter a date like 2026-01-31.')
    expect(refused.body).toContain('value="captain"')
    expect(await stored(id)).toEqual({})
    const done = await saving(refused, {
      ...{ 'Hired on': '2026-02-28', Size: '41.5', Team: 'blue', Skills: 'sailing\r\nknots\r\n' },
      'Works from home': 'false',
    })
    expect(done.text).toContain('Saved. Apps are told of it')
    expect(await stored(id)).toEqual({
      ...{ secret_rank: ['captain'], hired: ['2026-02-28'], size: ['41.5'], team: ['blue'] },
      ...{ skills: ['sailing', 'knots'], remote: ['false'] },
    })

    const stale = await at(`/admin/users/${id}`)
    await accounts.updateByAdmin(id, { attributes: { secret_rank: 'admiral' } })
    const conflict = await saving(stale, { Size: '42' })
    expect([conflict.status, conflict.text]).toEqual([409, expect.stringContaining('admiral')])
    expect(await stored(id)).toMatchObject({ secret_rank: ['admiral'], size: ['41.5'] })
    await saving(conflict, { 'Rank on board': 'admiral', Skills: '' })
    expect(await stored(id)).toMatchObject({ secret_rank: ['admiral'], size: ['42'] })
    expect(await stored(id)).not.toHaveProperty('skills')

    const auditor = (await signedIn(latchkey, 'auditor')).browser
    const seen = await at(`/admin/users/${id}`, auditor)
    expect(seen.text).toContain('admiral')
    expect(seen.body).not.toContain('attributes.secret_rank')
  })

  test('a choice that is offered no more stays until another one is made', async () => {
    const { accounts, attributes } = latchkey.services
    const { id } = await latchkey.createUser()
    const hat = await attributes.create({ name: 'hat', label: 'Hat', type: 'one_of', options: ['a', 'b'] })
    await accounts.updateByAdmin(id, { attributes: { hat: 'b' } })
    await attributes.update(hat.id, { options: ['a'] })
    const saved = await saving(await at(`/admin/users/${id}`), { 'Rank on board': 'x' })
    expect(saved.text).toContain('b (no choice any more)')
    expect(await stored(id)).toEqual({ hat: ['b'], secret_rank: ['x'] })
    await attributes.remove(hat.id)
  })

  test('the list of users is filtered by the value of one', async () => {
    const { accounts } = latchkey.services
    const one = await latchkey.createUser()
    const other = await latchkey.createUser()
    await accounts.updateByAdmin(one.id, { attributes: { secret_rank: 'Bosun' } })
    await accounts.updateByAdmin(other.id, { attributes: { secret_rank: 'bosun two' } })
    const list = await at('/admin/users')
    const found = await browser.submit(
      list,
      { Attribute: 'secret_rank', Value: ' bosun ' },
      { button: 'Search' },
    )
    expect([found.text.includes(one.username), found.text.includes(other.username)]).toEqual([true, false])
    const none = await at('/admin/users?attribute=secret_rank&value=nobody')
    expect(none.text).toContain('Nobody matches.')
    for (const name of ['nothing', '__proto__', 'constructor'])
      expect((await at(`/admin/users?attribute=${name}&value=x`)).text).toContain(one.username)
  })

  test('people see theirs on /account, change those that they may, and no form says more', async () => {
    const { accounts } = latchkey.services
    const { id, browser: own } = await signedIn(latchkey, 'user')
    await accounts.updateByAdmin(id, { attributes: { secret_rank: 'undercover', hired: '2026-01-31' } })
    const page = await at('/account', own)
    expect(page.text).toMatch(/Hired on\s*31 January 2026/)
    for (const hidden of ['undercover', 'Rank on board', 'secret_rank'])
      expect(page.body).not.toContain(hidden)
    const wrong = await own.submit(
      page,
      { Team: 'red', Size: 'huge', Skills: 's'.repeat(600) },
      { button: 'Save profile' },
    )
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('Enter a number')])
    expect(wrong.body).toContain('s'.repeat(600))
    const done = await own.submit(
      wrong,
      { Size: '7', Skills: 'knots', 'Works from home': 'true' },
      { button: 'Save profile' },
    )
    expect(done.text).toContain('Your profile is saved')
    const values = { team: ['red'], size: ['7'], skills: ['knots'], remote: ['true'] }
    expect(await stored(id)).toEqual({ secret_rank: ['undercover'], hired: ['2026-01-31'], ...values })

    // What is theirs to see alone, not to see at all, and not defined, by a form that was tampered with. The value that it has is
    // refused as any other: an answer would say what it is.
    for (const [name, value] of [
      ['hired', '2026-03-01'],
      ['secret_rank', 'admiral'],
      ['secret_rank', 'undercover'],
      ['nothing', 'x'],
      ['__proto__', 'x'],
    ] as const) {
      const request = own.prepare(done, {}, { button: 'Save profile' })
      request.body?.append(`attributes.${name}`, value)
      const answer = await own.visit(request)
      expect([name, answer.status]).toEqual([name, 422])
      expect(answer.body).not.toContain('Rank on board')
    }
    expect(await stored(id)).toEqual({ secret_rank: ['undercover'], hired: ['2026-01-31'], ...values })
    expect((await at('/admin/users', own)).status).toBe(403)
  })

  test('/api/auth/me says and changes them by the same rules', async () => {
    const { accounts } = latchkey.services
    const api = createApi(latchkey.issuer)
    const user = await latchkey.createUser()
    await accounts.updateByAdmin(user.id, { attributes: { secret_rank: 'undercover', hired: '2026-01-31' } })
    const headers = bearer((await api.login(user.email)).json.access_token)
    const patch = (attributes: unknown) => api.call('PATCH', '/me', { body: { attributes }, headers })
    expect((await api.me(headers)).json.attributes).toEqual({ hired: '2026-01-31' })
    expect(await patch({ team: 'blue', skills: ['a', 'b'], remote: true, size: 3 })).toMatchObject({
      status: 200,
      json: { attributes: { hired: '2026-01-31', team: 'blue', skills: ['a', 'b'], remote: true, size: 3 } },
    })
    expect(await patch({ team: null })).toMatchObject({ status: 200 })
    expect((await api.me(headers)).json.attributes).not.toHaveProperty('team')
    for (const refused of [
      { hired: '2026-03-01' },
      { secret_rank: 'undercover' },
      { nothing: 1 },
      { size: 'x' },
    ]) {
      const answer = await patch(refused)
      expect([JSON.stringify(refused), answer.status]).toEqual([JSON.stringify(refused), 422])
      expect(Object.keys(answer.json.errors as object)).toEqual([`attributes.${Object.keys(refused)[0]}`])
    }
    for (const broken of ['x', ['team'], 7]) expect((await patch(broken)).status).toBe(422)
    const proto = await fetch(`${latchkey.issuer}/api/auth/me`, {
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"attributes":{"__proto__":{"team":"red"}}}',
    })
    expect([400, 422]).toContain(proto.status)
    expect(await stored(user.id)).toMatchObject({ secret_rank: ['undercover'], skills: ['a', 'b'] })
    const session = await api.call('POST', '/session/login', {
      body: { username: user.email, password: PASSWORD },
    })
    expect(session.json.attributes).toHaveProperty('hired')
    expect(session.json.attributes).not.toHaveProperty('secret_rank')
    const bare = await latchkey.createUser()
    expect((await api.me(bearer((await api.login(bare.email)).json.access_token))).json).not.toHaveProperty(
      'attributes',
    )
  })

  test('they are imported from CSV and JSON Lines, and what is wrong is told by its line', async () => {
    const { accounts } = latchkey.services
    const load = async (text: string, format: 'csv' | 'jsonl') => {
      const problems: string[] = []
      const report = await accounts.importUsers(Readable.from([text]), {
        format,
        tell: ({ line, messages }) => problems.push(...messages.map((each) => `${line} ${each}`)),
      })
      return { ...report, problems }
    }
    const header = 'username,email,attributes.secret_rank,attributes.skills,attributes.size'
    const csv = await load(
      `${header}\nhopper,hopper@example.com,Admiral,"COBOL, ships",7\nbad,bad@example.com,,,big\nplain,plain@example.com,,,\n`,
      'csv',
    )
    expect(csv).toMatchObject({ imported: 2, refused: 1 })
    expect(csv.problems).toEqual(['3 attributes.size: Enter a number, like 42 or 3.5.'])
    const hopper = await accounts.find('hopper')
    expect(hopper?.attributes).toEqual({ secret_rank: ['Admiral'], skills: ['COBOL', 'ships'], size: ['7'] })
    expect((await accounts.find('plain'))?.attributes).toEqual({})
    const { items } = await accounts.search({ attribute: { name: 'secret_rank', value: 'admiral' } })
    expect(items.map(({ id }) => id)).toContain(hopper?.id)
    await expect(load('username,email,attributes.nothing\na,b,c\n', 'csv')).rejects.toMatchObject({
      code: 'import_unreadable',
    })
    const person = (name: string, attributes: unknown) =>
      JSON.stringify({ username: name, email: `${name}@example.com`, attributes })
    const json = await load(
      [
        person('lina', { skills: ['knots'], remote: true, team: 'blue' }),
        person('nope', { nothing: 1, team: 'green' }),
        person('wrong', 'team'),
        '{"username":"proto","email":"proto@example.com","attributes":{"__proto__":"x"}}',
      ].join('\n'),
      'jsonl',
    )
    expect(json).toMatchObject({ imported: 1, refused: 3 })
    expect(json.problems).toEqual([
      '2 attributes.nothing: There is no attribute with this name.',
      '2 attributes.team: Choose one of red, blue.',
      '3 attributes: Give the attributes by their names.',
      '4 attributes.__proto__: There is no attribute with this name.',
    ])
    expect((await accounts.find('lina'))?.attributes).toEqual({
      ...{ skills: ['knots'], remote: ['true'], team: ['blue'] },
    })
  })
})
