import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differences } from '../../src/admin/console/clients/form.ts'
import { asFormErrors } from '../../src/admin/console/form-errors.ts'
import { inOurNames } from '../../src/admin/rest/field-names.ts'
import { inOurNames as inNamesOfTheApi } from '../../src/api/problems.ts'
import { entryOf } from '../../src/audit/recorder.ts'
import { FORM } from '../../src/clients/fields/form.ts'
import { parseUrlEncoded, shownAgain } from '../../src/http/forms/forms.ts'
import { noticeIn } from '../../src/http/forms/notice.ts'
import { redacted } from '../../src/http/logging/redaction.ts'
import { scopeInWords } from '../../src/oidc/tokens/claims.ts'
import { isIdentityScope } from '../../src/shared/identity-scopes.ts'
import { ValidationError } from '../../src/shared/validation-error.ts'
import { signedIn } from '../admin/console.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  createSecurityFixture,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

/** What every object inherits is a name like any other, wherever a name comes from outside. */
const NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf']

describe.each(engines)('scopes called so on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let victim: Victim
  let web: TestClient
  const API = 'https://names.example'
  const scope = NAMES.join(' ')

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
    await latchkey.services.resources.add({ identifier: API, scope })
    web = await fixture.client({ scope: `openid ${scope}` })
    victim = await fixture.victim()
  })
  afterAll(() => latchkey.stop())

  test('are of the API, for machines and for people', async () => {
    const machine = await fixture.client({ grant_types: ['client_credentials'], redirect_uris: [], scope })
    for (const resource of [{ resource: API }, {}]) {
      const { json } = await fixture.token(machine, { grant_type: 'client_credentials', scope, ...resource })
      expect(decodeJwt(String(json.access_token))).toMatchObject({ aud: API, scope })
    }
    const tokens = await fixture.tokens(victim, web, { scope: `openid ${scope}`, resource: API })
    expect(decodeJwt(String(tokens.access_token))).toMatchObject({ aud: API, scope })
    const fresh = (await fixture.refresh(web, tokens.refresh_token)).json
    expect(decodeJwt(String(fresh.access_token))).toMatchObject({ aud: API, scope })
  })

  test('are asked for at the API, in words that are text, and are listed and taken back', async () => {
    const third = await fixture.client({ first_party: false, scope: `openid ${scope}` })
    const page = await victim.browser.open(
      fixture.authorizeUrl(third, { scope: `openid ${scope}`, resource: API }),
    )
    expect(page.text).toContain(`${NAMES[0]}at ${API}`.slice(0, 11))
    for (const name of NAMES) expect(page.text).toContain(name)
    expect(page.text).not.toContain('native code')
    expect((await victim.browser.allow(page)).url.searchParams.get('code')).toBeTypeOf('string')
    const account = await victim.browser.open(`${fixture.issuer}/account/apps`)
    expect(account.text).toContain('constructor')
    expect(account.text).not.toContain('native code')
  })

  test.each(NAMES)('%s of no API is refused or left out, never a failure', async (name) => {
    const page = await victim.browser.open(
      fixture.authorizeUrl(await fixture.client(), { scope: `openid ${name}` }),
    )
    expect(page.left).toBe(true)
    const machine = await fixture.client({ grant_types: ['client_credentials'], redirect_uris: [] })
    const answer = await fixture.token(machine, { grant_type: 'client_credentials', scope: name })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_scope' } })
  })

  test.each(NAMES)('%s as client, resource, response mode, prompt, grant and token type', async (name) => {
    const { browser } = victim
    for (const parameters of [
      { client_id: name },
      { resource: name },
      { response_mode: name },
      { prompt: name },
      { response_type: name },
      { id_token_hint: name },
      { [name]: name },
    ])
      expect((await browser.open(fixture.authorizeUrl(web, parameters))).status).toBeLessThan(500)
    for (const body of [{ grant_type: name }, { grant_type: 'client_credentials', [name]: 'x' }])
      expect((await fixture.token(web, body)).status).toBeLessThan(500)
    const hint = { token: 'x', token_type_hint: name, client_id: name }
    expect((await post(`${fixture.issuer}/introspect`, hint)).status).toBeLessThan(500)
    expect((await post(`${fixture.issuer}/revoke`, hint)).status).toBeLessThan(500)
  })
})

describe('fields called so', () => {
  test('keep their names in every refusal', async () => {
    const error = new ValidationError(NAMES.map((field) => ({ field, message: 'is not known' })))
    for (const rename of [inOurNames, inNamesOfTheApi]) {
      const refused = await rename(Promise.reject(error)).catch((caught: { errors: object }) => caught)
      expect(Object.keys((refused as { errors: object }).errors)).toEqual(NAMES)
    }
    expect(Object.keys(asFormErrors(error).errors)).toEqual(NAMES)
  })

  test('of forms are shown again and logged as they are, and sent twice are refused', () => {
    const body = NAMES.map((name) => `${name}=1`).join('&')
    const fields = parseUrlEncoded(body)
    expect(Object.keys(fields)).toEqual(NAMES)
    expect(Object.keys(shownAgain(fields))).toEqual(NAMES)
    expect(Object.keys(redacted(fields) as object)).toEqual(NAMES)
    for (const name of NAMES) expect(() => parseUrlEncoded(`${name}=1&${name}=2`)).toThrow(/twice/)
  })

  test('are recorded by the audit log as what they were', () => {
    const after = Object.fromEntries(NAMES.map((name) => [name, 'x']))
    const entry = entryOf({ type: 'client.updated', client_id: 'c', before: {}, after } as never, undefined)
    expect(entry.details?.before).toEqual(Object.fromEntries(NAMES.map((name) => [name, null])))
    expect(Object.keys(entry.details?.after ?? {})).toEqual(NAMES)
  })

  test('of a client form are no fields of a client', () => {
    const typed = Object.fromEntries(NAMES.map((name) => [name, 'x']))
    expect(differences(FORM, typed, {})).toEqual([])
  })

  test('are no words of ours', () => {
    for (const name of NAMES) {
      expect(isIdentityScope(name)).toBe(false)
      expect(scopeInWords(name)).toBe(name)
      expect(noticeIn({ saved: 'organizations.done.roles' }, name)).toBeUndefined()
    }
  })
})

describe('over HTTP', () => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey()
  })
  afterAll(() => latchkey.stop())

  test.each(NAMES)('%s in queries and JSON of the console and the API is below 500', async (name) => {
    const { browser } = await signedIn(latchkey, 'admin')
    const paths = [
      'clients',
      'users',
      'audit',
      'keys',
      'resources',
      'providers',
      'rejections',
      'registration',
    ]
    for (const path of paths) {
      const query = `done=${name}&kind=${name}&problem=${name}&action=${name}&${name}=1`
      const page = await browser.open(`${latchkey.issuer}/admin/${path}?${query}`)
      expect([path, page.status]).toEqual([path, page.status < 500 ? page.status : 'below 500'])
      expect(page.text).not.toContain('native code')
    }
    for (const path of ['login', 'register', 'account'])
      expect(
        (await browser.open(`${latchkey.issuer}/${path}?done=${name}&problem=${name}`)).status,
      ).toBeLessThan(500)
    for (const path of ['register', 'login', 'forgot-password']) {
      const answer = await fetch(`${latchkey.issuer}/api/auth/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{${JSON.stringify(name)}: 1}`,
      })
      expect(answer.status).toBeLessThan(500)
      expect(await answer.text()).not.toContain('native code')
    }
  })
})

test('no source asks with `in` for a name that is not written out', () => {
  const src = join(import.meta.dirname, '../../src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.includes('generated'),
  )
  const code = (text: string) =>
    text
      .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'/g, "''")
      // What a template inserts is code; the words around it are not.
      .replaceAll(/`(?:\\.|[^`\\])*`/g, '``')
  const found = files.flatMap((file) =>
    code(readFileSync(join(src, file), 'utf8'))
      .split('\n')
      // Not mapped types, loops, patterns, nor prose between templates.
      .filter((line) => /(?<!\[\w*)[\w)\]`] in [a-z]/.test(line))
      .filter((line) => !/^\s*\/|for \((const|let) |``/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  )
  expect(found).toEqual([])
})
