import { ResponseBodyError, randomDPoPKeyPair } from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BareProvider, startBare } from '../../bench/bare.ts'
import { createCookieJar } from './cookies.ts'
import { createHttpBrowser } from './flow.ts'
import { parseHtml } from './html.ts'
import { discover } from './relying-party.ts'

const redirectUri = 'http://127.0.0.1:1/callback'
const credentials = { identifier: 'ada', password: 'does not matter here' }
let issuer: BareProvider

beforeAll(async () => {
  issuer = await startBare({
    port: 0,
    resources: ['https://api.example'],
    clients: [
      {
        client_id: 'web',
        client_secret: 'secret',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      },
    ],
  })
})
afterAll(() => issuer.close())

const client = (extra = {}) =>
  discover({
    issuer: issuer.issuer,
    clientId: 'web',
    auth: { method: 'client_secret_basic', secret: 'secret' },
    redirectUri,
    ...extra,
  })

test('walks a code flow through real pages, then uses and revokes its tokens', async () => {
  const rp = await client()
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const request = await rp.authorize({ scope: 'openid email' })
  const back = await browser.signIn(await browser.open(request.url), credentials)
  expect(back.left).toBe(true)
  const tokens = await rp.callback(back.url, request)
  expect(tokens.claims()?.sub).toBe('ada')
  expect(await rp.userinfo(tokens.access_token, 'ada')).toMatchObject({ email: 'ada@example.com' })
  const refreshed = await rp.refresh(tokens.refresh_token ?? '')
  expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
  expect(await rp.introspect(refreshed.access_token)).toMatchObject({ active: true, sub: 'ada' })
  await rp.revoke(refreshed.access_token)
  expect(await rp.introspect(refreshed.access_token)).toEqual({ active: false })
})

test('a session of the jar signs in without a page the second time', async () => {
  const rp = await client()
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  await browser.signIn(await browser.open((await rp.authorize()).url), credentials)
  const again = await browser.open((await rp.authorize()).url)
  expect(again.left).toBe(true)
  expect(again.url.searchParams.get('code')).toBeTruthy()
  const stranger = await createHttpBrowser({ stopAt: [redirectUri] }).open((await rp.authorize()).url)
  expect(stranger.left).toBe(false)
})

test('pushes the request, binds the tokens with DPoP', async () => {
  const rp = await client({ dpopKeys: await randomDPoPKeyPair() })
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const request = await rp.authorize({ pushed: true })
  expect([...request.url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
  const back = await browser.signIn(await browser.open(request.url), credentials)
  const tokens = await rp.callback(back.url, request)
  expect(tokens.token_type).toBe('dpop')
  expect(await rp.userinfo(tokens.access_token, 'ada')).toMatchObject({ sub: 'ada' })
})

test('client credentials name their resource; an unknown one is refused', async () => {
  const rp = await client({ redirectUri: undefined })
  const tokens = await rp.clientCredentials({ resource: 'https://api.example', scope: 'read' })
  expect(tokens.access_token.split('.')).toHaveLength(3)
  await expect(rp.clientCredentials({ resource: 'https://other.example' })).rejects.toThrow(ResponseBodyError)
})

test('a declined sign-in comes back as access_denied', async () => {
  const rp = await client()
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const request = await rp.authorize()
  const back = await browser.deny(await browser.open(request.url))
  await expect(rp.callback(back.url, request)).rejects.toMatchObject({ error: 'access_denied' })
})

test('reads forms as a browser would', () => {
  const page = parseHtml(`<!-- <form> --><script>"<form>"</script>
    <form action='/a?x=1&amp;y=2' method=POST>
      <input type=hidden name=csrf value="a&quot;b &#x2F;">
      <label>Keep me <input type="checkbox" name="keep" checked></label>
      <label for="u">User <b>name</b></label><input id=u name=user disabled>
      <textarea name="note">line &lt;1&gt;</textarea>
      <select name=lang><option value=en>E<option value=de selected>D</select>
      <button name=go value=1>Go <i>on</i></button><button type=button>No</button>
    </form><a href="/next?a=1&amp;b=2">Next  page</a>`)
  expect(page.forms).toHaveLength(1)
  const [form] = page.forms
  expect(form).toMatchObject({ action: '/a?x=1&y=2', method: 'post' })
  expect(form?.fields.map((field) => [field.name, field.value, field.label])).toEqual([
    ['csrf', 'a"b /', undefined],
    ['keep', 'on', 'Keep me'],
    ['note', 'line <1>', undefined],
    ['lang', 'de', undefined],
  ])
  expect(form?.buttons).toEqual([{ name: 'go', value: '1', label: 'Go on', action: undefined }])
  expect(page.links).toEqual([{ href: '/next?a=1&b=2', text: 'Next page' }])
})

test('cookies keep to their host, path and time', () => {
  const jar = createCookieJar()
  const at = (url: string) => new URL(url)
  jar.store(at('http://localhost:1/interaction/x'), [
    'a=1; Path=/interaction/x',
    'b=2; Path=/',
    'c=3; Max-Age=0',
    'd=4',
  ])
  expect(jar.header(at('http://localhost:2/interaction/x/y'))).toBe('a=1; d=4; b=2')
  expect(jar.header(at('http://localhost:2/interaction/xx'))).toBe('d=4; b=2')
  expect(jar.header(at('http://127.0.0.1:2/'))).toBeUndefined()
  jar.store(at('http://localhost:1/'), ['b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/'])
  expect(jar.header(at('http://localhost:1/'))).toBeUndefined()
  jar.store(at('https://example.com/'), ['s=1; Secure'])
  expect(jar.header(at('http://example.com/'))).toBeUndefined()
  expect(jar.header(at('https://example.com/'))).toBe('s=1')
})
