import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse as parseYaml, stringify } from 'yaml'
import { type ClientField, FIELDS, type FieldName } from '../../src/clients/fields/table.ts'
import { signedIn } from '../admin/console.ts'
import { person, type Rest } from '../admin/rest/support.ts'
import { createInstallation, type Installation } from '../cli/harness.ts'
import { registrar } from '../registration/support.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

// Every row of the table of fields, by every way in and every way out. A new row needs nothing here, unless a rule of
// src/clients/coherence.ts asks for another field beside it (BESIDE).

type Registration = Record<string, unknown>

const WEB = { client_name: 'App', redirect_uris: ['https://app.example/cb'] }
const KEYS = { jwks_uri: 'https://app.example/jwks' }
const JWK = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}

/** What else a client has to have, that has the field. */
const BESIDE: { readonly [Name in FieldName]?: Registration } = {
  jwks: { token_endpoint_auth_method: 'private_key_jwt' },
  jwks_uri: { token_endpoint_auth_method: 'private_key_jwt' },
  token_endpoint_auth_signing_alg: { token_endpoint_auth_method: 'private_key_jwt', ...KEYS },
  request_object_signing_alg: KEYS,
  require_signed_request_object: KEYS,
  profile: KEYS,
}

/** Another value than the default, of each kind of field. */
function sampleOf({ name, input, schema }: ClientField): unknown {
  const accepted = (candidates: unknown[]) => candidates.find((each) => schema.safeParse(each).success)
  if (input.kind === 'text') return `Sample of ${name}`
  if (input.kind === 'url') return `https://app.example/${name}`
  if (input.kind === 'scopes') return 'openid email'
  if (input.kind === 'lines')
    return accepted([['https://app.example/one', 'https://app.example/two'], ['ops@app.example'], ['code']])
  if (input.kind === 'choice') return input.choices.at(-1)?.value
  if (input.kind === 'boxes') return input.choices.slice(0, 2).map(({ value }) => value)
  if (input.kind === 'check') return true
  if (input.kind === 'switch') return !input.initially
  if (input.kind === 'seconds') return 4321
  if (input.kind === 'written')
    return accepted([{ groups: ['One', 'Two'], roles: ['https://orders.example Clerk'] }, { prefix: 'app-' }])
  return { keys: [JWK] }
}

const valuesOf = (field: ClientField): Registration => ({
  ...WEB,
  ...BESIDE[field.name],
  [field.name]: sampleOf(field),
})

let latchkey: Latchkey
let rest: Rest
let browser: HttpBrowser
let cli: Installation
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { LOG_LEVEL: 'silent', DYNAMIC_REGISTRATION: 'open' } })
  rest = (await person(latchkey, 'admin')).rest
  browser = (await signedIn(latchkey)).browser
  cli = await createInstallation({ ISSUER: 'https://id.example' })
})
afterAll(async () => {
  await latchkey.stop()
  await cli.remove()
})

const all = FIELDS.map((field) => [field.name, field] as const)
const create = async (field: ClientField) => latchkey.services.clients.create(valuesOf(field))
const stored = async (id: string, { name }: ClientField) => (await latchkey.services.clients.get(id))[name]

/** The arguments of an option, as its kind has them. */
function argumentsOf(field: ClientField, value: unknown): string[] {
  const flag = field.option?.flags.split(' ')[0] ?? ''
  if (value === false) return [flag.replace('--', '--no-')]
  if (value === true) return [flag]
  const given = field.input.kind === 'written' ? field.input.write(value) : [value].flat()
  return given.flatMap((each) => [flag, String(each)])
}

test('no field is told of twice, and each has a way in', () => {
  expect(new Set(FIELDS.map(({ name }) => name)).size).toBe(FIELDS.length)
  const flags = FIELDS.flatMap(({ option }) => option?.flags.split(' ')[0] ?? [])
  expect(new Set(flags).size).toBe(flags.length)
  for (const { name, rest: offered, selfRegistered } of FIELDS)
    expect([name, offered !== undefined || selfRegistered || name === 'software_id']).toEqual([name, true])
})

test('every option is in the help', async () => {
  const { stdout } = await cli.run(['clients', 'create', '--help'])
  for (const { option } of FIELDS) if (option) expect(stdout).toContain(option.flags)
})

describe.each(all)('%s', (name, field) => {
  const sample = sampleOf(field)

  if (field.rest) {
    test('by REST: registered, changed, shown, documented', async () => {
      const made = await rest.post('/clients', valuesOf(field))
      expect(made).toMatchObject({ status: 201, json: { [name]: sample } })
      const path = `/clients/${made.json.client_id}`
      expect((await rest.get(path)).json[name]).toEqual(sample)
      expect(await stored(String(made.json.client_id), field)).toEqual(sample)
      const plain = await latchkey.services.clients.create({ ...WEB, ...unlike(field) })
      const changes = { ...BESIDE[field.name], [name]: sample }
      const changed = await rest.patch(`/clients/${plain.client_id}`, changes)
      expect(changed).toMatchObject({ status: 200, json: { [name]: sample } })
    })
  }

  if (field.form) {
    test('by the form: shown as it is stored, and stored as it is shown', async () => {
      const { client_id: id } = await create(field)
      const edit = await browser.open(`${latchkey.issuer}/admin/clients/${id}/edit`)
      const done = await browser.submit(edit, {}, { button: 'Save' })
      expect(done.url.search).toBe('?done=saved')
      expect(await stored(id, field)).toEqual(sample)
      // What the page shows of it, put into the form of a client that has another value.
      const given = FIELDS.filter((each) => Object.hasOwn(valuesOf(field), each.name))
      const shown = edit.forms
        .flatMap(({ fields }) => fields)
        .filter((control) => given.some((each) => isOf(each, control.name)))
      expect(shown.some((control) => isOf(field, control.name))).toBe(true)
      const other = await latchkey.services.clients.create({ ...WEB, ...unlike(field) })
      const empty = await browser.open(`${latchkey.issuer}/admin/clients/${other.client_id}/edit`)
      const values = shown.map((each) => [each.name, each.type === 'checkbox' ? each.checked : each.value])
      await browser.submit(empty, Object.fromEntries(values), { button: 'Save' })
      expect(await stored(other.client_id, field)).toEqual(sample)
    })
  }

  if (field.form) {
    test('on its page: under its label, with its value', async () => {
      const { client_id: id } = await create(field)
      const page = await browser.open(`${latchkey.issuer}/admin/clients/${id}`)
      // The name is the heading of the page.
      if (name === 'client_name') return expect(page.body).toMatch(/<h1[^>]*>\s*Sample of client_name/)
      const told = [...page.body.matchAll(/<(?:dt|div)>(.*?)<\/(?:dt|div)>/g)].map((match) => match[1])
      expect(told).toContain(field.form?.label)
      const texts = ['text', 'url', 'lines', 'scopes', 'seconds'].includes(field.input.kind)
        ? [sample].flat()
        : []
      for (const each of texts) expect(page.text).toContain(String(each))
      if ('choices' in field.input)
        for (const { value, label } of field.input.choices)
          if ([sample].flat().includes(value)) expect(page.text).toContain(label)
    })
  }

  if (field.option && field.input.kind !== 'keys') {
    test('by its option, and by `clients show`', async () => {
      const beside = FIELDS.filter((each) => Object.hasOwn(valuesOf(field), each.name))
      const given = beside.flatMap((each) => argumentsOf(each, valuesOf(field)[each.name]))
      const made = await cli.run(['clients', 'create', '--json', ...given])
      expect(made.stderr).toBe('')
      const { client_id: id } = made.json() as { client_id: string }
      const shown = await cli.run(['clients', 'show', id, '--json'])
      expect(shown.json()).toMatchObject({ [name]: sample })
    })
  }

  // response_types follows from the grants, and a file calls the software_id of a client its key.
  if (name !== 'response_types') {
    test('by YAML: applied, exported, and without a change then', async () => {
      const inFile = name === 'software_id' ? 'key' : name
      const value = name === 'software_id' ? 'sample-key' : sample
      const entry: Registration = { key: `every-${name.replaceAll('_', '-')}`, ...valuesOf(field) }
      delete entry.software_id
      const { configuration } = latchkey.services
      const text = stringify({ version: 1, clients: [{ ...entry, [inFile]: value }] })
      const applied = await configuration.apply(text, () => undefined)
      expect(applied).toMatchObject({ done: [{ kind: 'client', action: 'create' }] })
      const exported = parseYaml(await configuration.export()) as { clients: Registration[] }
      const mine = exported.clients.find(({ key }) => key === (name === 'software_id' ? value : entry.key))
      expect(mine?.[inFile]).toEqual(value)
      const again = stringify({ version: 1, clients: [mine] })
      expect((await configuration.plan(again, () => undefined)).changes).toEqual([])
    })
  }

  test('by registration of the client itself: what it may say is taken and told, nothing else', async () => {
    const { register } = registrar(latchkey)
    if (field.selfRegistered) {
      const { json } = await register(valuesOf(field))
      expect(json[name]).toEqual(sample)
      expect(await stored(String(json.client_id), field)).toEqual(sample)
    } else {
      const { json } = await register({ ...WEB, [name]: sample })
      const { json: plain } = await register(WEB)
      expect(json[name]).toBeUndefined()
      expect(await stored(String(json.client_id), field)).toEqual(
        await stored(String(plain.client_id), field),
      )
    }
  })

  test('the protocol library takes a client that has it', async () => {
    const client = await create(field)
    const query = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: String(client.redirect_uris[0]),
    })
    const answer = await latchkey.app.inject(`/authorize?${query}`)
    // What is wrong with the request may be, but not that there is no such client.
    expect(answer.body).not.toContain('invalid_client')
  })
})

/** Whether a control of the form belongs to a field. */
const isOf = ({ name, input }: ClientField, control: string): boolean =>
  input.kind === 'boxes' ? control.startsWith(`${input.prefix}.`) : control === name

/** What a client has instead, where the field is always there. */
const unlike = ({ name }: ClientField): Registration =>
  name === 'client_name' ? { client_name: 'Other' } : {}
