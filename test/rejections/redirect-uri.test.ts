import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clock, credentials, get, post, redirectUri, type TestClient } from '../security/attacker.ts'
import { type Desk, openDesk, referenceOf } from './requests.ts'

let desk: Desk
let client: TestClient
beforeAll(async () => {
  desk = await openDesk({ clock })
  client = await desk.fixture.client()
})
afterAll(() => desk.close())

const ask = (redirect_uri: string, by: TestClient = client) =>
  get(desk.fixture.authorizeUrl(by, { redirect_uri }))

describe('a redirect URI that is not registered', () => {
  test.each([
    [`${redirectUri}/`, 'redirect_uri_trailing_slash', /trailing slash/i],
    ['http://app.example/callback', 'redirect_uri_http_for_https', /http instead of https/],
    ['https://app.example:8443/callback', 'redirect_uri_port', /port/],
    ['https://app.example:443/callback', 'redirect_uri_default_port', /default port/],
    ['https://app.example/Callback', 'redirect_uri_case', /Capital/],
    ['https://APP.example/callback', 'redirect_uri_case', /Capital/],
    ['https://app.example/other', 'redirect_uri_path', /path/],
    ['https://app.example/calback', 'redirect_uri_typo', /typo/],
    ['https://app.example/callbakc', 'redirect_uri_typo', /typo/],
    ['https://app.example/callback2', 'redirect_uri_path', /path/],
    ['https://aap.example/callback', 'redirect_uri_host_typo', /typo in the host/],
    ['https://app.example/callback?next=/home', 'redirect_uri_query', /query/],
    ['https://app.example/callback#here', 'redirect_uri_fragment', /#/],
    ['https://evil.example/callback', 'redirect_uri_host', /host/],
    ['http://localhost:3000/callback', 'redirect_uri_development', /developer/],
    ['https://me@app.example/callback', 'redirect_uri_user_name', /user name/],
    ['com.example.app:/callback', 'redirect_uri_scheme', /scheme/],
    ['https://app.example/x/../callback', 'redirect_uri_spelling', /not registered/],
  ])('%s is explained as %s', async (sent, rule, title) => {
    const answer = await ask(sent)
    expect(answer.status).toBe(400)
    const { rejection, explanation, client: now } = await desk.kept(answer)
    expect(explanation).toMatchObject({ rule, title: expect.stringMatching(title) })
    expect(rejection).toMatchObject({
      id: referenceOf(answer),
      endpoint: 'authorization',
      clientId: client.client_id,
      error: 'invalid_redirect_uri',
      details: { closest: redirectUri, registered: { redirect_uris: [redirectUri] } },
    })
    expect(now?.client_name).toBe('Test app')
  })

  test('two names of this machine', async () => {
    const local = await desk.fixture.client({ redirect_uris: ['http://localhost:3000/cb'] })
    expect(await desk.ruleOf(await ask('http://127.0.0.1:3000/cb', local))).toBe('redirect_uri_loopback_host')
  })

  test('of another client: says which', async () => {
    const uri = 'https://other.example/callback'
    const other = await desk.fixture.client({ client_name: 'Other app', redirect_uris: [uri] })
    const { explanation } = await desk.kept(await ask(uri))
    expect(explanation.rule).toBe('redirect_uri_of_another_client')
    expect(explanation.mistake).toContain('“Other app”')
    expect(explanation.inApp).toContain(other.client_id)
  })

  test('of another client of the same name: tells the two apart', async () => {
    const uri = 'https://staging.example/callback'
    const staging = await desk.fixture.client({ client_name: 'Shop', redirect_uris: [uri] })
    const production = await desk.fixture.client({ client_name: 'Shop' })
    const { explanation } = await desk.kept(await ask(uri, production))
    expect(explanation.rule).toBe('redirect_uri_of_another_client')
    expect(explanation.mistake).toContain(`“Shop” (${staging.client_id})`)
    expect(explanation.mistake).toContain(`“Shop” (${production.client_id})`)
  })

  test('with the code of an earlier answer in it: the code is struck out', async () => {
    const { rejection, explanation, fix } = await desk.kept(
      await ask('https://app.example/callback?code=s3cret-c0de&state=abcdef&tenant=7'),
    )
    expect(explanation.rule).toBe('redirect_uri_masked')
    expect(rejection.details.redirect_uri).toBe('https://app.example/callback?code=…&state=…&tenant=7')
    expect(fix).toBeUndefined()
  })

  test('in a pushed request', async () => {
    const own = credentials(client)
    const body = { ...own.body, client_id: client.client_id, response_type: 'code', scope: 'openid' }
    const answer = await post(
      `${desk.fixture.issuer}/par`,
      { ...body, redirect_uri: `${redirectUri}/` },
      own.headers,
    )
    expect(answer.status).toBe(400)
    const { rejection, explanation, fix } = await desk.kept(answer)
    expect(rejection.endpoint).toBe('pushed_authorization_request')
    expect(explanation.rule).toBe('redirect_uri_trailing_slash')
    expect(fix?.add).toBe(`${redirectUri}/`)
  })

  test('none at all', async () => {
    const url = new URL(desk.fixture.authorizeUrl(client))
    url.searchParams.delete('redirect_uri')
    expect(await desk.ruleOf(await get(url.href))).toBe('redirect_uri_missing')
  })

  test('after signing out', async () => {
    const query = new URLSearchParams({
      client_id: client.client_id,
      post_logout_redirect_uri: 'https://app.example/bye',
    })
    const answer = await get(`${desk.fixture.issuer}/logout?${query}`)
    expect(answer.status).toBe(400)
    expect(await desk.ruleOf(answer)).toBe('post_logout_redirect_uri')
  })
})

test('the page shows the reference, and what is kept under it is found by it, however it is pasted', async () => {
  const answer = await ask(`${redirectUri}/`)
  const reference = referenceOf(answer)
  expect(answer.text).toContain(`>${reference}</`)
  const pasted = `Request  ${reference.toUpperCase()}.\n`
  const { rejection } = await desk.latchkey.services.rejections.show(pasted)
  expect(rejection.id).toBe(reference)
  await expect(desk.latchkey.services.rejections.show(crypto.randomUUID())).rejects.toMatchObject({
    code: 'rejection_not_found',
    status: 404,
  })
  await expect(desk.latchkey.services.rejections.show('nonsense')).rejects.toMatchObject({ status: 404 })
})
