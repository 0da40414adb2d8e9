import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import formbody from '@fastify/formbody'
import fastify, { type FastifyContextConfig, type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ResourceServerOptions, resourceServer } from '../../src/resource-server/index.ts'
import { bearer, createApi } from './api.ts'
import { AUDIENCE, createTestIssuer, type TestIssuer } from './issuer.ts'

let issuer: TestIssuer
let api: FastifyInstance
let options: ResourceServerOptions
beforeAll(async () => {
  issuer = await createTestIssuer()
  options = { issuer: issuer.issuer, audience: AUDIENCE }
  api = await createApi(options)
})
afterAll(async () => {
  await api.close()
  await issuer.down()
})

const METADATA = 'https://books.example/.well-known/oauth-protected-resource/api'
const ALGS = 'algs="RS256 PS256 ES256 EdDSA"'

test('6750 3.1: without a token the challenge names the scope and the metadata, but no error', async () => {
  const response = await api.inject({ url: '/books' })
  expect(response.statusCode).toBe(401)
  expect(response.headers['www-authenticate']).toEqual([
    `Bearer scope="books:read", resource_metadata="${METADATA}"`,
    `DPoP scope="books:read", ${ALGS}, resource_metadata="${METADATA}"`,
  ])
  expect(response.json()).toEqual({
    title: 'Unauthorized',
    status: 401,
    detail: 'This needs an access token.',
    code: 'missing_token',
  })
})

test.each([
  ['Basic', 'Basic YWRhOnB3'],
  ['another scheme', 'Digest username="ada"'],
  ['a scheme that begins alike', 'BearerX abc'],
  ['nothing', ' '],
])('credentials of another kind (%s) are none', async (_, authorization) => {
  const response = await api.inject({ url: '/any', headers: { authorization } })
  expect(response.statusCode).toBe(401)
  expect(response.json()).toMatchObject({ code: 'missing_token' })
  expect(String(response.headers['www-authenticate'])).not.toContain('error')
})

test.each([
  ['no token', 'Bearer'],
  ['no token either', 'Bearer  '],
  ['two', 'Bearer abc def'],
  ['a comma', 'Bearer abc,def'],
  ['quotes', 'Bearer "abc"'],
  ['more than any token has', `Bearer ${'a'.repeat(8193)}`],
])('6750 3.1: a malformed header (%s) is 400 invalid_request', async (_, authorization) => {
  const response = await api.inject({ url: '/any', headers: { authorization } })
  expect(response.statusCode).toBe(400)
  expect(response.json()).toMatchObject({ code: 'invalid_request' })
  expect(String(response.headers['www-authenticate'])).toContain('error="invalid_request"')
})

test('the scheme is the same in any case (RFC 9110 §11.1)', async () => {
  for (const scheme of ['bearer', 'BEARER', 'Bearer ']) {
    const headers = { authorization: `${scheme} ${await issuer.token()}` }
    expect((await api.inject({ url: '/any', headers })).statusCode).toBe(200)
  }
})

test('RFC 6750 §2: a token in the URL is refused, alone and beside a good one', async () => {
  const token = await issuer.token()
  for (const headers of [{}, bearer(token)]) {
    const response = await api.inject({ url: `/any?access_token=${token}`, headers })
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ code: 'invalid_request' })
  }
})

test('RFC 6750 §2: two Authorization headers are 400, also when the first one is good', async () => {
  const url = new URL(await api.listen({ port: 0, host: '127.0.0.1' }))
  const token = `Bearer ${await issuer.token()}`
  const answer = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const request = httpRequest(new URL('/any', url), async (response) =>
      resolve({ status: response.statusCode, body: await text(response) }),
    )
    request.setHeader('Authorization', [token, token])
    request.on('error', reject).end()
  })
  expect(answer.status).toBe(400)
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'invalid_request' })
})

test('RFC 6750 §2: a second token in a form is 400; a form alone presents none', async () => {
  const app = fastify()
  await app.register(formbody)
  await app.register(resourceServer, options)
  app.post('/form', () => 'ok')
  const post = (payload: string, headers = {}) =>
    app.inject({
      method: 'POST',
      url: '/form',
      payload,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
  const token = await issuer.token()
  expect((await post(`access_token=${token}`)).json()).toMatchObject({ code: 'missing_token' })
  expect((await post(`access_token=${token}`, bearer(token))).json()).toMatchObject({
    code: 'invalid_request',
  })
  expect((await post('title=Emma', bearer(token))).body).toBe('ok')
  await app.close()
})

test('6750 3.1: a token without the scope is 403 insufficient_scope and names what is needed', async () => {
  const post = async (scope: string) =>
    api.inject({ method: 'POST', url: '/books', headers: bearer(await issuer.token({ scope })) })
  const refused = await post('books:read')
  expect(refused.statusCode).toBe(403)
  expect(refused.json()).toMatchObject({ code: 'insufficient_scope', scope: 'books:read books:write' })
  expect(refused.headers['www-authenticate']).toEqual([
    `Bearer scope="books:read books:write", error="insufficient_scope", error_description="The access token does not cover this request.", resource_metadata="${METADATA}"`,
    `DPoP scope="books:read books:write", ${ALGS}, resource_metadata="${METADATA}"`,
  ])
  expect((await post('books:write books:read x')).body).toBe('added')
  expect((await post('books:readbooks:write')).statusCode).toBe(403)
})

test('what is marked public answers without a token; what is not there is 404', async () => {
  expect((await api.inject('/health')).body).toBe('ok')
  expect((await api.inject('/nothing')).statusCode).toBe(404)
  expect((await api.inject({ method: 'HEAD', url: '/books' })).statusCode).toBe(401)
  expect((await api.inject({ method: 'HEAD', url: '/health' })).statusCode).toBe(200)
})

test('a public route has no token, and reading it is an error rather than undefined', async () => {
  const response = await api.inject({ url: '/oops', headers: bearer(await issuer.token()) })
  expect(response.statusCode).toBe(500)
  expect(response.json().message).toContain('public')
})

test('default-deny: routes before and after it in the same context, and contexts inside', async () => {
  const app = fastify()
  app.get('/before', () => 'secret')
  app.register(resourceServer, options)
  app.get('/after', () => 'secret')
  app.register(async (inner) => {
    inner.get('/inner', () => 'secret')
  })
  for (const url of ['/before', '/after', '/inner']) expect((await app.inject(url)).statusCode).toBe(401)
  await app.close()
})

test('two APIs in one process: each context takes tokens for its own audience only', async () => {
  const app = fastify()
  for (const name of ['books', 'films']) {
    app.register(
      async (context) => {
        await context.register(resourceServer, { ...options, audience: `https://${name}.example` })
        context.get('/', (request) => request.token.sub)
      },
      { prefix: `/${name}` },
    )
  }
  app.get('/', () => 'open')
  const headers = bearer(await issuer.token({ aud: 'https://films.example' }))
  expect((await app.inject({ url: '/films', headers })).body).toBe('ada')
  expect((await app.inject({ url: '/books', headers })).statusCode).toBe(401)
  expect((await app.inject('/')).body).toBe('open')
  await app.close()
})

test('9728: the metadata tells a client that knows only this API where to get a token', async () => {
  const response = await api.inject('/.well-known/oauth-protected-resource/api')
  expect(response.headers['access-control-allow-origin']).toBe('*')
  expect(response.json()).toEqual({
    resource: AUDIENCE,
    authorization_servers: [issuer.issuer],
    scopes_supported: ['books:read', 'books:write'],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  })
})

test.each([
  ['https://books.example', '/.well-known/oauth-protected-resource'],
  ['https://books.example/', '/.well-known/oauth-protected-resource'],
  ['https://books.example/v1/', '/.well-known/oauth-protected-resource/v1'],
  ['urn:example:books', '/.well-known/oauth-protected-resource'],
])('9728 3.1: the metadata of %s is at %s', async (audience, path) => {
  const app = await createApi({ ...options, audience })
  expect((await app.inject(path)).json()).toMatchObject({ resource: audience })
  const { headers } = await app.inject({ url: '/any', headers: { host: 'api.example:8080' } })
  const origin = audience.startsWith('urn:') ? 'http://api.example:8080' : 'https://books.example'
  expect(String(headers['www-authenticate'])).toContain(`resource_metadata="${origin}${path}"`)
  await app.close()
})

test('a Host header that is no host at all is no way to a 500', async () => {
  const app = await createApi({ ...options, audience: 'urn:example:books' })
  for (const host of ['a b', '"', 'x"y', '', '[', '%00']) {
    const response = await app.inject({ url: '/any', headers: { host } })
    expect(response.statusCode).toBe(401)
    expect(String(response.headers['www-authenticate'])).not.toContain('""')
  }
  await app.close()
})

test.each<[string, Record<string, unknown>, RegExp]>([
  ['no issuer', { issuer: undefined }, /issuer/],
  ['an issuer on plain http', { issuer: 'http://id.example' }, /issuer: must be an https URL/],
  ['no audience', { audience: '' }, /audience/],
  ['HS256', { algorithms: ['HS256'] }, /algorithms/],
  ['none', { algorithms: ['none'] }, /algorithms/],
  ['no algorithm', { algorithms: [] }, /algorithms/],
  [
    'a cache that is too long',
    { introspection: { clientId: 'a', clientSecret: 'b', cacheSeconds: 11 } },
    /cache/,
  ],
  ['a tolerance that is too long', { clockTolerance: 61 }, /clockTolerance/],
  ['an option that does not exist', { audiences: 'x' }, /audiences/],
  ['a name that breaks out of the header', { name: 'a"b' }, /name/],
])('%s is refused at start', async (_, wrong, message) => {
  const given = { ...options, ...wrong } as ResourceServerOptions
  await expect(createApi(given)).rejects.toThrow(message)
})

test.each<[string, FastifyContextConfig]>([
  ['an empty scope', { scope: '' }],
  ['no scopes', { scope: [] }],
  ['a public route with a scope', { scope: 'a', public: true }],
])('%s is refused at start', async (_, config) => {
  const app = fastify()
  await app.register(resourceServer, options)
  expect(() => app.get('/x', { config }, () => 'x')).toThrow(/latchkey\/resource-server/)
})
