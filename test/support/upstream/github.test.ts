import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openBrowser } from '../browser.ts'
import { createHttpBrowser } from '../flow.ts'
import { startGitHub, type TestGitHub } from './github.ts'

const callback = 'https://id.example/callback'
const verifier = 'v'.repeat(43)
let github: TestGitHub

beforeAll(async () => {
  github = await startGitHub()
})
afterAll(() => github.stop())
beforeEach(() => {
  github.next = undefined
  github.setCallback(callback)
})

const authorizationUrl = (parameters: Record<string, string> = {}) => {
  const url = new URL(`${github.url}/login/oauth/authorize`)
  url.search = String(
    new URLSearchParams({
      client_id: github.clientId,
      redirect_uri: callback,
      state: 'xyz',
      scope: 'read:user user:email',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...parameters,
    }),
  )
  return url
}

async function newToken(): Promise<string> {
  const browser = createHttpBrowser({ stopAt: [callback] })
  const page = await browser.open(authorizationUrl())
  const { url } = await browser.submit(page, {}, { button: 'Continue as octocat' })
  expect([...url.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state'])
  const response = await fetch(`${github.url}/login/oauth/access_token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: github.clientId,
      client_secret: github.clientSecret,
      code: url.searchParams.get('code') ?? '',
      redirect_uri: callback,
      code_verifier: verifier,
    }),
  })
  expect(response.headers.get('content-type')).toContain('application/x-www-form-urlencoded')
  const answer = new URLSearchParams(await response.text())
  expect(answer.get('scope')).toBe('read:user,user:email')
  return answer.get('access_token') ?? ''
}

test('answers errors of the token endpoint with status 200, form-encoded', async () => {
  const response = await fetch(`${github.url}/login/oauth/access_token`, { method: 'POST' })
  expect(response.status).toBe(200)
  expect(new URLSearchParams(await response.text()).get('error')).toBe('incorrect_client_credentials')
})

test.each([
  ['http://example.com/path', true],
  ['http://example.com/path/subdir/other', true],
  ['http://oauth.example.com/path', true],
  ['http://oauth.example.com/path/subdir/other', true],
  ['http://example.com/bar', false],
  ['http://example.com/', false],
  ['http://example.com:8080/path', false],
  ['http://oauth.example.com:8080/path', false],
  ['http://example.org', false],
])('redirects for http://example.com/path to %s: %j', async (redirectUri, fits) => {
  github.setCallback('http://example.com/path')
  const response = await fetch(authorizationUrl({ redirect_uri: redirectUri }), { redirect: 'manual' })
  expect(response.status).toBe(fits ? 200 : 302)
  if (fits) return
  const to = new URL(response.headers.get('location') ?? '')
  expect(`${to.origin}${to.pathname}`).toBe('http://example.com/path')
  expect(to.searchParams.get('error')).toBe('redirect_uri_mismatch')
  expect(to.searchParams.get('state')).toBe('xyz')
})

test('knows only its own client ID', async () => {
  const response = await fetch(authorizationUrl({ client_id: 'another' }), { redirect: 'manual' })
  expect(response.status).toBe(404)
})

test.each(['', '/api/v3'])('the API under “%s” wants a token and a User-Agent', async (root) => {
  const token = await newToken()
  const get = (headers: Record<string, string>) => fetch(`${github.url}${root}/user`, { headers })
  expect((await get({ authorization: `Bearer ${token}` })).status).toBe(200)
  expect(await (await get({ authorization: 'Bearer other' })).json()).toEqual({ message: 'Bad credentials' })
  const silent = await get({ authorization: `Bearer ${token}`, 'user-agent': '' })
  expect(silent.status).toBe(403)
  expect(await silent.text()).toContain('make sure your request has a User-Agent header')
})

test('misbehaves once when told so', async () => {
  github.next = '500'
  expect((await fetch(`${github.url}/meta`)).status).toBe(500)
  expect((await fetch(`${github.url}/meta`)).status).toBe(200)
})

test('its page works in Chromium and loads nothing from another host', async () => {
  const back = `${github.url}/meta`
  github.setCallback(back)
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(authorizationUrl({ redirect_uri: back }).href)
    expect(await page.getByRole('heading').textContent()).toBe('Sign in to GitHub')
    await page.getByRole('button', { name: 'Continue as octocat' }).click()
    await page.waitForURL(`${back}?*`)
    expect(new URL(page.url()).searchParams.get('state')).toBe('xyz')
    expect(asked.length).toBeGreaterThan(1)
    expect(asked.filter((url) => !url.startsWith(github.url) && !url.startsWith('data:'))).toEqual([])
  } finally {
    await browser.close()
  }
})
