import { Readable } from 'node:stream'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressParts } from '../../src/shared/profile/address.ts'
import { profileFields } from '../../src/shared/profile/fields.ts'
import { signedIn } from '../admin/console.ts'
import { machine, type Rest } from '../admin/rest/support.ts'
import { registerParty } from '../oidc/party.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

/** Every claim of src/shared/profile/table.ts with its example, by its name in REST. */
const OTHERWISE: Record<string, string> = { given_name: 'first_name', family_name: 'last_name' }
const examples = Object.fromEntries(profileFields.map(({ claim, example }) => [claim, example]))
const address = Object.fromEntries(addressParts.map(({ part, example }) => [part, example]))
const restExamples = Object.fromEntries(
  Object.entries(examples).map(([claim, example]) => [OTHERWISE[claim] ?? claim, example]),
)

describe.each(engines)('the claims of a person on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    rest = (await machine(latchkey)).rest
  })
  afterAll(() => latchkey?.stop())

  const edit = async (changes: object) => {
    const user = await latchkey.createUser()
    return { user, answer: await rest.patch(`/users/${user.id}`, changes) }
  }

  test('discovery announces every one, and an administrator’s values arrive at userinfo', async () => {
    const { user, answer } = await edit({ ...restExamples, phone_number_verified: true, address })
    expect(answer, answer.text).toMatchObject({
      status: 200,
      json: { ...restExamples, phone_number_verified: true, address },
    })
    const answered = await fetch(`${latchkey.issuer}/.well-known/openid-configuration`)
    const discovery = (await answered.json()) as { claims_supported: string[] }
    const claims = [...Object.keys(examples), 'phone_number_verified', 'address']
    expect(discovery.claims_supported).toEqual(expect.arrayContaining(claims))

    const scope = 'openid profile phone address'
    const party = await registerParty(latchkey, { scope, first_party: true })
    const browser = createHttpBrowser({ stopAt: [party.redirectUri] })
    const request = await party.authorize({ scope })
    const signIn = await browser.open(request.url)
    const back = await browser.signIn(signIn, { identifier: user.email, password: PASSWORD })
    const tokens = await party.callback(back.url, request)
    const info = await party.userinfo(tokens.access_token, user.id)
    expect(info).toMatchObject({ ...examples, phone_number_verified: true, address })
    // Only what may be asked for has a way in: nothing is announced that nobody can set.
    const known = [
      'sub',
      'acr',
      'amr',
      'auth_time',
      'name',
      'preferred_username',
      'updated_at',
      'email',
      'email_verified',
      'groups',
      'roles',
    ]
    const others = discovery.claims_supported.filter(
      (claim: string) => ![...claims, ...known, 'iss', 'sid'].includes(claim) && !claim.startsWith('urn:'),
    )
    expect(others).toEqual([])
  })

  test.each<[string, Record<string, string | null>, string | undefined]>([
    ['no name', {}, undefined],
    ['a given name alone', { givenName: 'Ada' }, 'Ada'],
    ['a family name alone', { familyName: 'Lovelace' }, 'Lovelace'],
    ['blanks', { givenName: ' ', middleName: '\u00a0', familyName: '\t' }, undefined],
    ['blanks around names', { givenName: ' Ada ', familyName: ' ' }, 'Ada'],
    ['empty texts, as imports left them', { givenName: '', familyName: '' }, undefined],
  ])('name is never empty, in the ID Token and at userinfo: %s', async (_, names, expected) => {
    const user = await latchkey.createUser()
    await latchkey.services.db.prisma.account.update({ where: { id: user.id }, data: names })
    const scope = 'openid profile'
    const party = await registerParty(latchkey, { scope, first_party: true })
    const browser = createHttpBrowser({ stopAt: [party.redirectUri] })
    const request = await party.authorize({ scope })
    const signIn = await browser.open(request.url)
    const back = await browser.signIn(signIn, { identifier: user.email, password: PASSWORD })
    const tokens = await party.callback(back.url, request)
    const name = expected ?? user.username
    expect((await party.userinfo(tokens.access_token, user.id)).name).toBe(name)
    expect(decodeJwt(String(tokens.id_token)).name).toBe(name)
  })

  test.each([
    ['locale', 'pt-br', 'pt-BR'],
    ['locale', '!!', /language/],
    ['zoneinfo', 'europe/berlin', 'Europe/Berlin'],
    ['zoneinfo', 'Europe/Kyiv', 'Europe/Kyiv'],
    ['zoneinfo', '+01:00', /time zone/],
    ['zoneinfo', 'Mars/Olympus', /time zone/],
    ['phone_number', '+44 (20) 7946-0123', '+442079460123'],
    ['phone_number', '020 7946 0123', /country code/],
    ['phone_number', '+1234567890123456', /country code/],
    ['birthdate', '1815', '1815'],
    ['birthdate', '0000-12-10', '0000-12-10'],
    ['birthdate', '0000-02-29', '0000-02-29'],
    ['birthdate', '2000-02-29', '2000-02-29'],
    ['birthdate', '1900-02-29', /Write a date/],
    ['birthdate', '1815-13-01', /Write a date/],
    ['birthdate', '0000', /Write a date/],
    ['birthdate', '10.12.1815', /Write a date/],
    ['website', 'javascript:alert(1)', /URL/],
    ['website', 'http://ada.example', 'http://ada.example'],
    ['profile', 'https://me:secret@ada.example', /URL/],
    ['picture', 'http://img.example/a.png', /https/],
    ['picture', `https://img.example/${'x'.repeat(2000)}`, /longer/],
    ['nickname', 'x'.repeat(101), /at most 100/],
    ['gender', 'line\nbreak', /line breaks/],
    ['middle_name', 42, /text/],
    ['middle_name', ['a'], /text/],
    ['phone_number_verified', 'yes', /true or false/],
    ['phone_number_verified', true, /no phone number/],
    ['address', 'London', /parts/],
    ['address', { planet: 'Earth' }, /./],
    ['address', { country: 'x'.repeat(101) }, /at most 100/],
    ['address', { street_address: '12 Square\r\nFlat 3' }, { street_address: '12 Square\nFlat 3' }],
  ] as const)('%s: %j', async (field, value, expected) => {
    const { answer } = await edit({ [field]: value })
    if (!(expected instanceof RegExp)) return expect(answer.json[field], answer.text).toEqual(expected)
    expect(answer.status, answer.text).toBe(422)
    const [[name, messages] = ['', []]] = Object.entries(answer.json.errors as Record<string, string[]>)
    expect(name.split('.')[0]).toBe(field)
    expect(messages[0]).toMatch(expected)
  })

  test('what is left out stays, of an address each part; null empties one or all', async () => {
    const { user } = await edit({ nickname: 'Addie', address: { locality: 'London', country: 'UK' } })
    const path = `/users/${user.id}`
    expect((await rest.patch(path, { address: { country: null, region: 'Surrey' } })).json).toMatchObject({
      nickname: 'Addie',
      address: { locality: 'London', region: 'Surrey' },
    })
    expect((await rest.get(path)).json.address).not.toHaveProperty('country')
    expect((await rest.patch(path, { address: null, nickname: '' })).json).toMatchObject({
      address: null,
      nickname: null,
    })
  })

  test('another phone number is not verified unless it is said to be', async () => {
    const { user } = await edit({ phone_number: '+442079460123', phone_number_verified: true })
    const path = `/users/${user.id}`
    const same = await rest.patch(path, { phone_number: '+44 20 7946 0123' })
    expect(same.json.phone_number_verified).toBe(true)
    expect((await rest.patch(path, { phone_number: '+442079460124' })).json.phone_number_verified).toBe(false)
    expect(
      (await rest.patch(path, { phone_number: null, phone_number_verified: true })).json.errors,
    ).toHaveProperty('phone_number_verified')
  })

  test('a change leaves one entry with what it was and is; the same again leaves none', async () => {
    const { user } = await edit({ nickname: 'Addie' })
    const entries = async () =>
      (
        await latchkey.services.audit.list(
          { target: user.id, action: 'account.profile_changed' },
          { limit: 50 },
        )
      ).items
    expect(await entries()).toMatchObject([
      { details: { before: { nickname: null }, after: { nickname: 'Addie' } } },
    ])
    await rest.patch(`/users/${user.id}`, { nickname: 'Addie' })
    expect(await entries()).toHaveLength(1)
  })

  test('the console has a field for each, keeps what was typed beside an error, and saves', async () => {
    const { browser } = await signedIn(latchkey)
    const user = await latchkey.createUser()
    const page = await browser.open(`${latchkey.issuer}/admin/users/${user.id}`)
    const typed = {
      ...examples,
      ...Object.fromEntries(Object.entries(address).map(([part, value]) => [`address.${part}`, value])),
      phone_number_verified: true,
    }
    const form = { button: 'Save' }
    const refused = await browser.submit(page, { ...typed, birthdate: 'soon' }, form)
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('Write a date like')
    expect(refused.body).toContain('value="SW1Y 4LB"')
    const saved = await browser.submit(refused, { birthdate: '1815-12-10' }, form)
    expect(saved.text).toContain('Saved.')
    expect((await rest.get(`/users/${user.id}`)).json).toMatchObject({
      ...restExamples,
      phone_number_verified: true,
      address: { ...address, formatted: address.formatted },
    })
    // A box that was ticked for the old number says nothing of the new one.
    const moved = await browser.submit(saved, { phone_number: '+442079460124' }, form)
    expect(moved.text).toContain('Saved.')
    const emptied = await browser.submit(moved, { nickname: '', 'address.country': '' }, form)
    expect(emptied.text).toContain('Saved.')
    const now = (await rest.get(`/users/${user.id}`)).json
    expect(now).toMatchObject({ nickname: null, phone_number_verified: false, gender: 'female' })
    expect(now.address).not.toHaveProperty('country')
  })

  test('a file brings all of them, in JSON Lines and in CSV', async () => {
    const { accounts } = latchkey.services
    const row = { ...examples, phone_number_verified: true, address }
    const load = (text: string, format: 'jsonl' | 'csv') => {
      const problems: unknown[] = []
      const tell = (problem: unknown) => void problems.push(problem)
      return accounts.importUsers(Readable.from([text]), { format, tell }).then(() => problems)
    }
    const person = (username: string) => ({
      username,
      email: `${username}@example.com`,
      email_verified: true,
    })
    expect(await load(JSON.stringify({ ...person('by-jsonl'), ...row }), 'jsonl')).toEqual([])
    const cells: Record<string, unknown> = {
      ...person('by-csv'),
      ...examples,
      phone_number_verified: 1,
      ...Object.fromEntries(Object.entries(address).map(([part, value]) => [`address.${part}`, value])),
    }
    const quoted = Object.values(cells).map((cell) => `"${String(cell).replaceAll('"', '""')}"`)
    expect(await load(`${Object.keys(cells).join(',')}\n${quoted.join(',')}\n`, 'csv')).toEqual([])
    for (const username of ['by-jsonl', 'by-csv'])
      expect((await rest.get(`/users/${(await accounts.find(username))?.id}`)).json).toMatchObject({
        ...restExamples,
        phone_number_verified: true,
        address,
      })
    expect(
      await load(JSON.stringify({ ...person('wrong'), birthdate: 'soon', address: { country: 1 } }), 'jsonl'),
    ).toMatchObject([
      {
        messages: [expect.stringMatching(/^birthdate: Write/), expect.stringMatching(/^address\.country: /)],
      },
    ])
  })
})
