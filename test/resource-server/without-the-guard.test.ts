import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { renderStack } from '../../src/admin/console/snippets/all.ts'
import { apiValues } from '../../src/admin/console/snippets/snippet.ts'
import { allStacks } from '../../src/admin/console/snippets/stack.ts'
import { temporaryFolder } from '../support/folder.ts'
import { AUDIENCE, createKey, createTestIssuer, type TestIssuer } from './issuer.ts'

/** The guard of snippets/express-jose, as the page of an API shows it: what people copy has to be right. */
interface Middleware {
  requireScope(
    scope: string,
  ): (request: { headers: Record<string, string> }, response: FakeResponse, next: () => void) => Promise<void>
}
interface FakeResponse {
  status(code: number): FakeResponse
  set(name: string, value: string): FakeResponse
  json(body: unknown): FakeResponse
  end(): FakeResponse
}

const root = join(import.meta.dirname, '../..')
const folder = temporaryFolder()
let issuer: TestIssuer
let middleware: Middleware

beforeAll(async () => {
  issuer = await createTestIssuer()
  const stack = allStacks().find(({ id }) => id === 'express-jose')
  if (!stack) throw new Error('there is no snippets/express-jose')
  const values = apiValues(issuer.issuer, { identifier: AUDIENCE, scope: 'books:read' })
  const guard = renderStack(stack, values).parts.find(({ id }) => id === 'guard-mjs')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const file = join(folder, 'middleware.mjs')
  writeFileSync(file, guard?.text ?? '')
  middleware = (await import(pathToFileURL(file).href)) as Middleware
})
afterAll(() => issuer.down())

async function ask(authorization: string | undefined): Promise<string> {
  let status = 0
  let challenge = ''
  const response: FakeResponse = {
    status(code) {
      status = code
      return response
    },
    set(_, value) {
      challenge = value
      return response
    },
    json: () => response,
    end: () => response,
  }
  let passed = false
  const request = { headers: authorization === undefined ? {} : { authorization } }
  await middleware.requireScope('books:read')(
    request as { headers: Record<string, string> },
    response,
    () => {
      passed = true
    },
  )
  return passed ? 'passed' : `${status} ${challenge}`
}

test('the middleware in the documentation lets the right token in', async () => {
  expect(await ask(`Bearer ${await issuer.token()}`)).toBe('passed')
})

test.each<[string, () => Promise<string | undefined>, string]>([
  ['no token', async () => undefined, '401 Bearer scope="books:read"'],
  ['another scope', () => issuer.token({ scope: 'films' }), '403 Bearer error="insufficient_scope"'],
  ['an id_token', () => issuer.token({}, { typ: 'JWT' }), '401 Bearer error="invalid_token"'],
  [
    'another audience',
    () => issuer.token({ aud: 'https://films.example' }),
    '401 Bearer error="invalid_token"',
  ],
  ['another issuer', () => issuer.token({ iss: 'https://evil.example' }), '401 Bearer error="invalid_token"'],
  ['an expired one', () => issuer.token({ exp: 1 }), '401 Bearer error="invalid_token"'],
  ['a bound one', () => issuer.token({ cnf: { jkt: 'x' } }), '401 Bearer error="invalid_token"'],
  ['a foreign key', async () => foreign(), '401 Bearer error="invalid_token"'],
  ['no signature', async () => new UnsecuredJWT({}).encode(), '401 Bearer error="invalid_token"'],
  ['no JWT', async () => 'opaque', '401 Bearer error="invalid_token"'],
])('and refuses %s', async (_, make, answer) => {
  const token = await make()
  expect(await ask(token === undefined ? undefined : `Bearer ${token}`)).toContain(answer)
})

async function foreign() {
  const key = await createKey('RS256', String(issuer.key.jwk.kid))
  return issuer.token({}, { jwk: key.jwk }, key)
}
