import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Desk, openDesk } from '../../rejections/requests.ts'
import {
  basic,
  clock,
  get,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../../security/attacker.ts'

const BOOKS = 'https://books.example'
const FILMS = 'https://films.example'

let desk: Desk
let fixture: SecurityFixture
let victim: Victim
let web: TestClient
let machine: TestClient
beforeAll(async () => {
  desk = await openDesk({ clock })
  fixture = desk.fixture
  const { resources } = desk.latchkey.services
  await resources.add({ identifier: BOOKS, scope: 'books:read' })
  await resources.add({ identifier: FILMS, scope: 'films:read' })
  victim = await fixture.victim()
  web = await fixture.client({ scope: 'openid offline_access books:read films:read' })
  machine = await fixture.client({
    grant_types: ['client_credentials'],
    redirect_uris: [],
    scope: 'books:read',
  })
})
afterAll(() => desk.close())

const audOf = (tokens: Record<string, unknown>) => decodeJwt(String(tokens.access_token)).aud
const secret = () => basic(web.client_id, String(web.client_secret))

describe('audience is resource by the name that other servers give it', () => {
  test('at the authorization endpoint, pushed or not: that API and no other', async () => {
    const asked = { scope: 'openid books:read', audience: BOOKS }
    expect(audOf(await fixture.tokens(victim, web, asked))).toBe(BOOKS)
    const url = new URL(fixture.authorizeUrl(web, asked))
    const pushed = await post(`${fixture.issuer}/par`, url.searchParams.toString(), secret())
    const { request_uri } = pushed.json
    const back = await victim.browser.open(
      `${fixture.issuer}/authorize?${new URLSearchParams({ client_id: web.client_id, request_uri: String(request_uri) })}`,
    )
    const code = {
      code: String(back.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: web.redirect_uri,
    }
    expect(audOf((await fixture.exchange(web, code)).json)).toBe(BOOKS)
  })

  test('at the token endpoint: machines, and people whose sign-in named several APIs', async () => {
    expect(
      audOf((await fixture.token(machine, { grant_type: 'client_credentials', audience: BOOKS })).json),
    ).toBe(BOOKS)
    const url = `${fixture.authorizeUrl(web, { scope: 'openid books:read films:read' })}&resource=${BOOKS}&resource=${FILMS}`
    const back = await victim.browser.open(url)
    const code = {
      code: String(back.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: web.redirect_uri,
    }
    const first = await fixture.exchange(web, code, { audience: BOOKS })
    expect(audOf(first.json)).toBe(BOOKS)
    expect(audOf((await fixture.refresh(web, first.json.refresh_token, { audience: FILMS })).json)).toBe(
      FILMS,
    )
  })
})

describe('audience that names nothing is invalid_target', () => {
  test.each(['https://nowhere.example', 'books', `${BOOKS}/`, '__proto__'])('%s', async (audience) => {
    const answers = [
      await fixture.token(machine, { grant_type: 'client_credentials', audience }),
      await fixture.exchange(web, await fixture.code(victim, web, { scope: 'openid books:read' }), {
        audience,
      }),
      await post(
        `${fixture.issuer}/par`,
        new URL(fixture.authorizeUrl(web, { scope: 'openid books:read', audience })).searchParams.toString(),
        secret(),
      ),
    ]
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
    const refused = await get(fixture.authorizeUrl(web, { scope: 'openid books:read', audience }))
    const { searchParams } = new URL(String(refused.headers.get('location')))
    expect(searchParams.get('error')).toBe('invalid_target')
    expect(searchParams.get('code')).toBeNull()
    expect(await desk.ruleOf(refused)).toMatch(/^resource_(unknown|form)$/)
  })

  test('another one than resource: told to send one of them', async () => {
    const asked = { scope: 'openid books:read', resource: BOOKS, audience: FILMS }
    const refused = await get(fixture.authorizeUrl(web, asked))
    expect(new URL(String(refused.headers.get('location'))).searchParams.get('error')).toBe('invalid_target')
    expect(await desk.ruleOf(refused)).toBe('audience_and_resource')
    const token = await fixture.token(machine, {
      grant_type: 'client_credentials',
      resource: BOOKS,
      audience: FILMS,
    })
    expect(token.json).toMatchObject({ error: 'invalid_target' })
    const same = await fixture.token(machine, {
      grant_type: 'client_credentials',
      resource: BOOKS,
      audience: BOOKS,
    })
    expect(same.status).toBe(200)
  })

  test('sent twice it is invalid_request, empty it is not there', async () => {
    const twice = `grant_type=client_credentials&audience=${BOOKS}&audience=${FILMS}`
    const answer = await post(
      `${fixture.issuer}/token`,
      twice,
      basic(machine.client_id, String(machine.client_secret)),
    )
    expect(answer.json).toMatchObject({ error: 'invalid_request' })
    const empty = await fixture.token(machine, { grant_type: 'client_credentials', audience: '' })
    expect(empty.status).toBe(200)
    const url = `${fixture.authorizeUrl(web, { scope: 'openid books:read' })}&audience=${BOOKS}&audience=${FILMS}`
    const { searchParams } = new URL(String((await get(url)).headers.get('location')))
    expect(searchParams.get('error')).toBe('invalid_request')
  })
})
