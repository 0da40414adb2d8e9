import { afterEach, expect, test } from 'vitest'
import { buildHttpApp } from './http-app.ts'

const apps: { close(): Promise<unknown> }[] = []
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())))

async function server(options: Parameters<typeof buildHttpApp>[0] = {}) {
  const app = await buildHttpApp(options)
  apps.push(app)
  return app
}

test('a page cannot be framed, sniffed, cached or made to run foreign script', async () => {
  const app = await server()
  const { headers } = await app.inject('/login')
  const policy = new Map(
    String(headers['content-security-policy'])
      .split(';')
      .map((directive) => {
        const [name = '', ...values] = directive.trim().split(' ')
        return [name, values.join(' ')] as const
      }),
  )
  expect(Object.fromEntries(policy)).toEqual({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' data: https:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'frame-ancestors': "'none'",
    'base-uri': "'none'",
  })
  expect(headers).toMatchObject({
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
    'content-type': 'text/html; charset=utf-8',
  })
  expect(headers['permissions-policy']).toContain('camera=()')
})

test.each(['/login', '/nowhere', '/boom'])(
  '%s holds no inline script, style or event handler',
  async (path) => {
    const app = await server()
    const { body } = await app.inject({ url: path, headers: { accept: 'text/html' } })
    expect(body).toContain('<html lang="en" dir="ltr">')
    expect(body).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i)
  },
)

test('HSTS and __Host- cookies on an https issuer only', async () => {
  const plain = await (await server()).inject('/login')
  expect(plain.headers['strict-transport-security']).toBeUndefined()
  expect(plain.cookies[0]).toMatchObject({
    name: 'latchkey_csrf',
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
  })
  expect(plain.cookies[0]?.secure).toBeUndefined()

  const secure = await (await server({ issuer: new URL('https://id.example') })).inject('/login')
  expect(secure.headers['strict-transport-security']).toBe('max-age=31536000')
  expect(secure.cookies[0]).toMatchObject({
    name: '__Host-latchkey_csrf',
    secure: true,
    httpOnly: true,
    path: '/',
  })
  expect(secure.cookies[0]?.domain).toBeUndefined()
})

test('assets are kept for ever under the hash of their content, and checked again without it', async () => {
  const app = await server()
  const { body } = await app.inject('/login')
  const links = [...body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? '')
  expect(links.map((link) => link.split('?')[0])).toEqual([
    '/assets/latchkey.svg',
    '/assets/figtree-latin.woff2',
    '/assets/latchkey.css',
    '/assets/latchkey.js',
  ])
  for (const link of links) {
    const hashed = await app.inject(link)
    expect(hashed.statusCode).toBe(200)
    expect(hashed.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    const known = { 'if-none-match': String(hashed.headers.etag), 'accept-encoding': 'br' }
    for (const method of ['GET', 'HEAD'] as const) {
      const again = await app.inject({ url: link, method, headers: known })
      expect([again.statusCode, again.body]).toEqual([304, ''])
    }
    const stale = await app.inject(link.replace(/v=.*/, 'v=of-another-version'))
    expect(stale.headers['cache-control']).toBe('no-cache')
  }
})

test.each([
  '/assets/',
  '/assets/../package.json',
  '/assets/..%2fpackage.json',
  '/assets/tokens.css',
  '/assets/css/tokens.css',
  '/assets/.env',
])('nothing else is served: %s', async (path) => {
  const app = await server()
  expect((await app.inject(path)).statusCode).toBe(404)
})

test('health: live always, ready by its checks, failing ones by name and no more', async () => {
  const app = await server()
  expect((await app.inject('/health/live')).json()).toEqual({ status: 'ok' })
  expect((await app.inject('/health/ready')).json()).toEqual({ status: 'ok' })

  const failing = async () => {
    throw new Error('connect ECONNREFUSED 10.0.0.5:5432')
  }
  const broken = await (await server({ failing })).inject('/health/ready')
  expect(broken.statusCode).toBe(503)
  expect(broken.json()).toEqual({ status: 'unavailable', failing: ['database'] })
})
