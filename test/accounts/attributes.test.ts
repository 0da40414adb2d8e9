import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StoredIdentity } from '../../src/accounts/linked/identity.ts'
import { claimInWords, scopeOfClaim } from '../../src/oidc/tokens/claims.ts'
import {
  identifyingFields,
  personalFields,
  profileFields,
  providerFields,
} from '../../src/shared/profile/fields.ts'
import { signedIn } from '../admin/console.ts'
import { machine, type Rest } from '../admin/rest/support.ts'
import { type Api, bearer, createApi, documentOf } from '../api/support.ts'
import { createInstallation, type Installation } from '../cli/harness.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

// Every row of src/shared/profile/table.ts by every way in and out that is not of all fields at once (claims.test.ts: REST,
// the console, files, userinfo and discovery).

let latchkey: Latchkey
let rest: Rest
let api: Api
let cli: Installation
beforeAll(async () => {
  latchkey = await startLatchkey()
  rest = (await machine(latchkey)).rest
  api = createApi(latchkey.issuer)
  cli = await createInstallation()
  const person = ['--username', 'somebody', '--email', 'somebody@example.com']
  await cli.run(['users', 'create', ...person, '--password-stdin'], { stdin: PASSWORD })
})
afterAll(async () => {
  await cli?.remove()
  await latchkey?.stop()
})

const schemaOf = async (name: string) => {
  const { components } = await documentOf(latchkey.issuer)
  return JSON.stringify(components.schemas[name])
}

describe.each(profileFields)(
  '$property',
  ({ property, claim, rest: name, scope, label, option, example }) => {
    test('has an option on the command line, which shows it as text and as JSON', async () => {
      for (const command of ['create', 'invite', 'update'])
        expect((await cli.run(['users', command, '--help'])).stdout).toContain(`--${option} <text>`)
      const updated = await cli.run(['users', 'update', 'somebody', `--${option}`, example, '--json'])
      expect(updated.json(), updated.stderr).toMatchObject({ [claim]: example })
      const { stdout } = await cli.run(['users', 'show', 'somebody'])
      expect(stdout).toContain(example)
      expect(stdout).toContain(label.toLowerCase())
      const wrong = await cli.run(['users', 'update', 'somebody', `--${option}`, '\u202e'.repeat(3000)])
      expect(wrong.stderr).toContain(`--${option}: `)
      const emptied = await cli.run(['users', 'update', 'somebody', `--${option}`, '', '--json'])
      expect(emptied.json()).toMatchObject({ [claim]: null })
    })

    test('is in the document of the administration API, going in and coming out', async () => {
      expect(await schemaOf('User')).toContain(`"${name}"`)
      const { paths } = await documentOf(latchkey.issuer)
      for (const operation of [paths['/api/admin/users']?.post, paths['/api/admin/users/{id}']?.patch])
        expect(JSON.stringify(operation?.requestBody)).toContain(`"${name}"`)
    })

    test('is in the audit log as it was and as it is', async () => {
      const { id } = await latchkey.createUser()
      await rest.patch(`/users/${id}`, { [name]: example })
      const { items } = await latchkey.services.audit.list(
        { target: id, action: 'account.profile_changed' },
        { limit: 5 },
      )
      expect(items).toMatchObject([{ details: { before: { [claim]: null }, after: { [claim]: example } } }])
    })

    test('is brought by its scope, and has words for the consent page', () => {
      expect(scopeOfClaim(claim)).toBe(scope)
      expect(claimInWords(claim)).toBe(`See your ${label.toLowerCase()}`)
    })

    test('is changed at /account and at /api/auth/me by the person where the row says so, else by nobody', async () => {
      const isPersonal = personalFields.some((field) => field.property === property)
      const { browser, username } = await signedIn(latchkey, 'user')
      const page = await browser.open(`${latchkey.issuer}/account`)
      expect(page.body.includes(`name="${claim}"`)).toBe(isPersonal)
      const headers = bearer((await api.login(username)).json.access_token)
      const answer = await api.call('PATCH', '/me', { body: { [name]: example }, headers })
      expect(answer.status, answer.text).toBe(isPersonal ? 200 : 422)
      const shown = (await api.me(headers)).json
      if (!isPersonal) return expect(shown).not.toHaveProperty(name)
      expect(shown).toMatchObject({ [name]: example })
      // The picture has a form of its own.
      const [field, button] =
        claim === 'picture' ? ['picture_url', 'Use this picture'] : [claim, 'Save profile']
      const emptied = await browser.submit(page, { [field]: '' }, { button })
      expect(emptied.text).toMatch(/Your (profile|picture) is saved\./)
      expect((await api.me(headers)).json).toMatchObject({ [name]: '' })
      expect(await schemaOf('Profile')).toContain(`"${name}"`)
    })

    test('is asked for when a person signs up if it identifies them, found by search, and no password', async () => {
      const identifies = identifyingFields.some((field) => field.property === property)
      const blank = createHttpBrowser()
      const page = await blank.open(`${latchkey.issuer}/register`)
      expect(page.forms.some(({ fields }) => fields.some(({ name }) => name === claim))).toBe(identifies)
      const username = `new-${claim}`.replaceAll('_', '-')
      const body = { username, email: `${username}@example.com`, password: PASSWORD, [name]: example }
      if (!identifies) return expect((await api.post('/register', body)).status).toBe(422)
      const value = `${example} ${claim}`
      expect((await api.post('/register', { ...body, [name]: value })).status).toBe(201)
      const found = await latchkey.services.accounts.search({ search: value.toUpperCase() })
      expect(found.items).toMatchObject([{ [property]: value }])
      const other = { ...body, username: `${username}2`, [name]: 'Xylophonia Quuxberg' }
      const refused = await api.post('/register', { ...other, password: 'Xylophonia Quuxberg' })
      expect(refused.json.errors).toHaveProperty('password')
      await blank.submit(page, {
        Username: `${username}3`,
        Email: `${username}3@example.com`,
        Password: PASSWORD,
        [claim]: value,
      })
      const account = await latchkey.services.accounts.find(`${username}3`)
      expect(account).toMatchObject({ [property]: value })
    })
  },
)

describe.each(engines)('what a provider says, on %s', (engine) => {
  let server: Latchkey
  beforeAll(async () => {
    server = await startLatchkey({ engine })
  })
  afterAll(() => server?.stop())

  let subjects = 0
  const identity = (): StoredIdentity => ({
    issuer: 'https://login.example',
    subject: String(++subjects),
    provider: 'example',
    label: null,
    sealedTokens: null,
  })
  const said = Object.fromEntries(providerFields.map(({ property, example }) => [property, example]))

  test('is of a new account', async () => {
    const email = { address: 'said@example.com', verified: true }
    await server.services.accounts.linked.register({ username: 'said', email }, said, identity())
    expect(await server.services.accounts.find('said')).toMatchObject(said)
  })

  test.each(providerFields)('fills $property while it is empty, all names or none', async (field) => {
    const { property, rest: name, identifies } = field
    const { accounts } = server.services
    const { id } = await server.createUser()
    const { updatedAt } = await accounts.updateByAdmin(id, { [property]: 'https://own.example' })
    await accounts.linked.link({ accountId: id, generation: 0 }, identity(), said, 'Example')
    const account = await accounts.byId(id)
    const kept = providerFields.filter((other) => other === field || (identifies && other.identifies))
    for (const other of providerFields) {
      const before = other === field ? 'https://own.example' : null
      const expected = kept.includes(other) ? before : said[other.property]
      expect(account?.[other.property], `${other.property} beside ${name}`).toBe(expected)
    }
    expect(account?.updatedAt).toBeGreaterThanOrEqual(updatedAt)
  })

  test('is taken under the rules for what people type', async () => {
    const { accounts } = server.services
    const { id } = await server.createUser()
    const wrong = Object.fromEntries(identifyingFields.map(({ property }) => [property, 'a\u202eb']))
    await accounts.linked.link({ accountId: id, generation: 0 }, identity(), wrong, 'Example')
    const account = await accounts.byId(id)
    for (const { property } of identifyingFields) expect(account?.[property]).toBeNull()
  })
})
