import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '../../src/federation/connectors/kinds.ts'
import { signedIn } from '../admin/console.ts'
import { person, type Rest } from '../admin/rest/support.ts'
import { documentOf } from '../api/support.ts'
import { createInstallation, type Installation } from '../cli/harness.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

// Whatever a kind says about its fields counts wherever they are set. A new kind is tested by its line in
// src/federation/connectors/kinds.ts.

const SECRET = 'hunter2-hunter2'
const all = Object.entries(kinds)
const prefixOf = (kind: string) => kind.toUpperCase().replaceAll('-', '_')

/** Every field of a kind with the value of its example. */
const examplesOf = (kind: string) =>
  Object.entries(kinds[kind]?.fields ?? {}).map(([name, field]) => ({ name, field, example: field.example }))

const settingsOf = (fields: { name: string; example: unknown }[]) =>
  Object.fromEntries(fields.map(({ name, example }) => [name, example]))

/** The variables that set a kind in the environment. */
const variablesOf = (kind: string) => ({
  [`${prefixOf(kind)}_CLIENT_ID`]: 'latchkey',
  [`${prefixOf(kind)}_CLIENT_SECRET`]: SECRET,
  ...Object.fromEntries(
    examplesOf(kind).flatMap(({ field, example }) =>
      field.variable === undefined ? [] : [[`${prefixOf(kind)}_${field.variable}`, String(example)]],
    ),
  ),
})

const inEnvironment = all.filter(([, { environment }]) => environment).map(([name]) => name)

describe('the fields of every kind', () => {
  let latchkey: Latchkey
  let installation: Installation
  let browser: HttpBrowser
  let rest: Rest
  beforeAll(async () => {
    latchkey = await startLatchkey({ env: Object.assign({}, ...inEnvironment.map(variablesOf)) })
    installation = await createInstallation({ ISSUER: 'https://id.example' })
    browser = (await signedIn(latchkey)).browser
    rest = (await person(latchkey, 'admin')).rest
  })
  afterAll(async () => {
    await latchkey.stop()
    await installation.remove()
  })

  const stored = async (id: string) => (await rest.get(`/providers/${id}`)).json.settings

  describe.each(all)('%s', (name, kind) => {
    const fields = examplesOf(name)

    test('has examples that it accepts, and fields that the environment can leave out', () => {
      expect(kind.settings.safeParse(settingsOf(fields)).error).toBeUndefined()
      for (const { name: field, field: given } of fields) {
        expect(given.schema.safeParse(given.example).error, field).toBeUndefined()
        if (kind.environment && given.variable === undefined)
          expect(
            given.schema.safeParse(undefined).error,
            `${field} has a variable or a default`,
          ).toBeUndefined()
      }
    })

    test('calls a field by the same option as every other kind that has it', () => {
      for (const { name: field, field: given } of fields)
        for (const [, other] of all) {
          const same = other.fields[field]
          if (same !== undefined)
            expect([same.option, same.input], field).toEqual([given.option, given.input])
        }
    })

    test('the console offers it in words; its form sets each field that has a label', async () => {
      const list = await browser.open(`${latchkey.issuer}/admin/providers`)
      expect(list.body).toContain(`<b>${kind.about.name}</b><small>${kind.about.sentence}</small>`)
      const page = await browser.open(`${latchkey.issuer}/admin/providers/new?kind=${name}`)
      expect(page.body).toContain(`href="${kind.about.docs}"`)
      const labelled = fields.filter(({ field }) => field.label !== undefined)
      for (const { name: field, field: given } of labelled) {
        const label = page.body.match(new RegExp(`<label for="field-${field}">(?:<input[^>]*>)?([^<]*)`))?.[1]
        expect(label?.trim(), field).toBe(given.label)
        if (given.hint) expect(page.body).toContain(`id="field-${field}-hint">${given.hint}`)
      }
      const typed = labelled.map(({ name: field, field: { input }, example }) => [
        field,
        input === 'flag' ? 'on' : String(example),
      ])
      const registration = { id: `${name}-form`, client_id: 'latchkey', client_secret: SECRET }
      await browser.submit(
        page,
        { ...registration, ...Object.fromEntries(typed) },
        { button: 'Add provider' },
      )
      expect(await stored(`${name}-form`)).toMatchObject(settingsOf(labelled))
    })

    test('REST sets each field, and says which are wrong', async () => {
      const added = { kind: name, client_id: 'latchkey', client_secret: SECRET }
      const settings = settingsOf(fields)
      expect(await rest.post('/providers', { id: `${name}-rest`, ...added, settings })).toMatchObject({
        status: 201,
        json: { name: kind.defaultName?.of(kind.settings.parse(settings)) ?? kind.about.name, settings },
      })
      const wrong = Object.fromEntries(fields.map(({ name: field }) => [field, 7]))
      const refused = await rest.post('/providers', { id: `${name}-wrong`, ...added, settings: wrong })
      expect(refused.status).toBe(422)
      expect(Object.keys(refused.json.errors as object).sort()).toEqual(Object.keys(wrong).sort())
      const document = await (await fetch(`${latchkey.issuer}/api/openapi.json`)).text()
      expect(document).toMatch(new RegExp(`"description":"[^"]*\\b${name}\\b[^"]*\\."`))
    })

    test('is not accepted without the secret that it needs', async () => {
      const added = { id: `${name}-bare`, kind: name, client_id: 'latchkey', settings: settingsOf(fields) }
      const bare = await rest.post('/providers', added)
      expect([bare.status, bare.json.errors]).toEqual([
        422,
        { client_secret: [expect.stringMatching(/^is missing/)] },
      ])
      expect(await rest.post('/providers', { ...added, client_secret: SECRET })).toMatchObject({
        status: 201,
      })
      const without = await rest.patch(`/providers/${name}-bare`, { client_secret: null })
      expect([without.status, Object.keys(without.json.errors ?? {})]).toEqual([422, ['client_secret']])
      expect(await rest.patch(`/providers/${name}-bare`, { name: 'Other' })).toMatchObject({ status: 200 })
      const page = await browser.open(`${latchkey.issuer}/admin/providers/${name}-bare`)
      for (const { field: given } of fields)
        if (given.label !== undefined) expect(page.text).toContain(given.label)
    })

    test('an ID that is taken is marked at its field', async () => {
      const added = { id: `${name}-twice`, kind: name, client_id: 'latchkey', client_secret: SECRET }
      await rest.post('/providers', { ...added, settings: settingsOf(fields) })
      const page = await browser.open(`${latchkey.issuer}/admin/providers/new?kind=${name}`)
      const typed = { id: added.id, client_id: 'x', client_secret: SECRET }
      const issuer = kind.fields.issuer?.label === undefined ? {} : { issuer: 'https://login.example' }
      const sent = await browser.submit(page, { ...typed, ...issuer }, { button: 'Add provider' })
      expect(sent.status).toBe(422)
      expect(sent.body).toMatch(/id="field-id-error">There is a provider with the ID/)
    })

    test('the OpenAPI document describes each field, and requires those without a default', async () => {
      interface Described {
        title: string
        properties: Record<string, object>
        required: string[]
      }
      const { paths } = await documentOf(latchkey.issuer)
      for (const operation of [
        paths['/api/admin/providers']?.post,
        paths['/api/admin/providers/{id}']?.patch,
      ]) {
        const body = operation?.requestBody?.content['application/json']?.schema as {
          properties: { settings: { anyOf?: Described[] } }
        }
        const described = body.properties.settings.anyOf?.find(({ title }) => title === name)
        expect(Object.keys(described?.properties ?? {})).toEqual(fields.map(({ name: field }) => field))
        for (const { name: field, field: given } of fields)
          expect(described?.properties[field], field).toMatchObject({
            description: given.sentence,
            examples: [given.example],
            ...(given.choices && { enum: given.choices }),
          })
        for (const { name: field, field: given } of fields)
          expect(described?.required.includes(field), field).toBe(!given.schema.safeParse(undefined).success)
      }
    })

    test('the command line has an option for each field', async () => {
      const options = fields.flatMap(({ field: { option, input }, example }) => {
        const flag = option.replace(/ .*/, '')
        if (input === 'flag') return [flag]
        if (input !== 'pairs') return [flag, String(example)]
        return Object.entries(example as object).flatMap((pair) => [flag, pair.join('=')])
      })
      const { status, stderr, stdout } = await installation.run(
        [
          'providers',
          'add',
          `${name}-cli`,
          '--kind',
          name,
          '--client-id',
          'x',
          ...options,
          '--secret-stdin',
          '--json',
        ],
        { stdin: `${SECRET}\n` },
      )
      expect([status, stderr]).toEqual([0, ''])
      expect(JSON.parse(stdout)).toMatchObject({ kind: name, settings: settingsOf(fields) })
      const help = (await installation.run(['providers', 'add', '--help'])).stdout.replace(/\s+/g, ' ')
      for (const { field } of fields) {
        expect(help).toContain(field.option)
        expect(help).toContain(field.sentence)
      }
    })

    test('a configuration file sets each field, and is exported with it', async () => {
      const secret = { client_secret_env: 'ITS_SECRET' }
      const entry = {
        id: `${name}-yaml`,
        kind: name,
        client_id: 'x',
        ...secret,
        settings: settingsOf(fields),
      }
      // JSON is YAML.
      const file = JSON.stringify({ version: 1, providers: [entry] })
      const { status, stderr } = await installation.run(['apply', '-'], {
        stdin: file,
        env: { ITS_SECRET: SECRET },
      })
      expect([status, stderr]).toEqual([0, ''])
      const shown = await installation.run(['providers', 'show', `${name}-yaml`, '--json'])
      expect(shown.json()).toMatchObject({ settings: entry.settings })
      const { yaml } = (await installation.run(['export', '--json'])).json() as { yaml: string }
      for (const { name: field } of fields) expect(yaml).toContain(`${field}:`)
    })

    test('its button has its icon, which is nothing but a drawing', async () => {
      await rest.post('/providers', {
        id: `${name}-icon`,
        kind: name,
        name: `Drawn ${name}`,
        client_id: 'x',
        client_secret: SECRET,
        settings: settingsOf(fields),
      })
      const page = await (await fetch(`${latchkey.issuer}/login`)).text()
      const [form] = page.split('<form').filter((each) => each.includes(`Continue with Drawn ${name}`))
      const button = /<svg class="icon"[^>]*>(.*)<\/svg>/s.exec(form ?? '')?.[1]
      expect(button?.trim()).toEqual(kind.icon ?? expect.stringMatching(/^<path [^>]*\/>$/))
      expect(button).not.toMatch(/<(?!\/?(path|g|circle|rect|ellipse|polygon|polyline|line)\b)/)
      expect(button).not.toMatch(/\bon\w+=|style=|href=/)
    })
  })

  test.each(inEnvironment)('the environment sets each field of %s that has a variable', async (name) => {
    const fields = examplesOf(name)
    const inVariables = fields.filter(({ field }) => field.variable !== undefined)
    expect(await stored(name)).toMatchObject(settingsOf(inVariables))
    expect((await rest.get(`/providers/${name}`)).json).toMatchObject({ source: 'environment' })
    for (const { field } of inVariables) {
      const variable = `${prefixOf(name)}_${field.variable}`
      const env = { ...variablesOf(name), [variable]: '\\' }
      const { status, stderr } = await installation.run(['providers', 'list'], { env })
      expect([status, stderr], variable).toEqual([1, expect.stringContaining(`${variable} `)])
    }
  })
})
