import { hash } from 'node:crypto'
import { brotliDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { machine, person, type Rest } from '../admin/rest/support.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { photoWithPlace, png, webp } from '../support/pictures.ts'

const dataUri = (bytes: Buffer, type = 'image/png') => `data:${type};base64,${bytes.toString('base64')}`
const SAID = {
  ...{ name: 'Harbour Bank', accent: '#7c3aed', background: '#faf5ff', radius: 12 },
  ...{ support_url: 'mailto:help@example.com', terms_url: 'https://example.com/terms' },
  ...{ privacy_url: 'https://example.com/privacy', mail_footer: 'Harbour Bank Ltd\n1 Quay Street' },
}
const EMPTY = {
  ...{ name: null, logo: null, favicon: null, accent: null, background: null, radius: null },
  ...{ support_url: null, terms_url: null, privacy_url: null, mail_footer: null },
}

describe.each(engines)('brands, on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    rest = (await person(latchkey, 'admin')).rest
  })
  beforeEach(() => rest.put('/branding', {}))
  afterAll(() => latchkey.stop())

  const page = async (path: string) => createHttpBrowser().open(`${latchkey.issuer}${path}`)
  const sheetOf = (body: string) =>
    /<link rel="stylesheet" href="(\/theme\/[^"]+)">/.exec(body)?.[1]?.replaceAll('&amp;', '&')
  const authorize = (
    client: { client_id: string; redirect_uri: string },
    more: Record<string, string> = {},
  ) =>
    `/authorize?${new URLSearchParams({
      ...{
        client_id: client.client_id,
        redirect_uri: client.redirect_uri,
        response_type: 'code',
        scope: 'openid',
      },
      ...{
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
        ...more,
      },
    })}`

  test('what is said stands on the next page, and nothing of it once it is reset', async () => {
    const before = await page('/login')
    expect(before.body).toContain('<title>Sign in · Latchkey</title>')
    expect(sheetOf(before.body)).toBeUndefined()
    expect((await rest.get('/branding')).json).toEqual(EMPTY)
    const saved = await rest.put('/branding', {
      ...SAID,
      logo: dataUri(png()),
      favicon: dataUri(webp(), 'image/webp'),
    })
    expect([saved.status, saved.json]).toEqual([
      200,
      {
        ...SAID,
        logo: expect.stringMatching(/^\/theme\/[\w-]{43}\.\d+x\d+\.png$/),
        favicon: expect.stringMatching(/^\/theme\/[\w-]{43}\.\d+x\d+\.webp$/),
      },
    ])
    const { body } = await page('/login')
    expect(body).toContain('<title>Sign in · Harbour Bank</title>')
    expect(body).toContain(`<img class="brand-logo" src="${saved.json.logo}"`)
    expect(body).toContain(`<link rel="icon" href="${saved.json.favicon}">`)
    expect(body).toContain('<a href="mailto:help@example.com" rel="noopener noreferrer">Help</a>')
    expect(body).toContain('<a href="https://example.com/terms" rel="noopener noreferrer">Terms</a>')
    expect(body).toContain('<a href="https://example.com/privacy" rel="noopener noreferrer">Privacy</a>')
    expect(body).not.toContain('Latchkey')
    const error = await page('/nowhere')
    expect([error.status, error.body.includes('Harbour Bank')]).toEqual([404, true])
    expect((await rest.put('/branding', {})).json).toEqual(EMPTY)
    expect((await page('/login')).body).toContain('<title>Sign in · Latchkey</title>')
  })

  test('its style sheet is kept for ever, compressed, and is nobody else’s', async () => {
    await rest.put('/branding', SAID)
    const address = sheetOf((await page('/login')).body) ?? ''
    const url = `${latchkey.issuer}${address}`
    const answer = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
    const sheet = await answer.text()
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      vary: 'Accept-Encoding',
    })
    // Who does not have the key of this server names no sheet, not even one that is right.
    const own = hash('sha256', sheet, 'base64url')
    expect((await fetch(url.replace(/[\w-]{43}(?=\.css)/, own))).status).toBe(404)
    expect(
      (await fetch(url, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } })).status,
    ).toBe(304)
    const packed = await latchkey.app.inject({ url: address, headers: { 'accept-encoding': 'br' } })
    expect(packed.headers['content-encoding']).toBe('br')
    expect(brotliDecompressSync(packed.rawPayload).toString()).toBe(sheet)
    const digest = address.slice('/theme/'.length, '/theme/'.length + 43)
    for (const other of [
      `/theme/${digest}.css?accent=ff0000`,
      `/theme/${'A'.repeat(43)}.css?accent=7c3aed`,
      `${address}&x=1`,
      `${address}&accent=ff0000`,
      `/theme/${digest}.css?accent=${encodeURIComponent('red;}*{display:none')}`,
      '/theme/..%2f..%2fpackage.json',
      '/theme/%2e%2e%2flatchkey.db',
      '/theme/constructor',
      `/theme/${digest}.png`,
      `/theme/${digest}.1x1.png`,
      `/theme/${digest}.1x1.svg`,
    ]) {
      const refused = await fetch(`${latchkey.issuer}${other}`)
      const kept = refused.headers.get('cache-control') ?? ''
      expect([other, refused.status, kept.includes('immutable')]).toEqual([other, 404, false])
    }
  })

  test('a picture is cleaned, named by its content, and served so that it runs nowhere', async () => {
    const { json } = await rest.put('/branding', { logo: dataUri(photoWithPlace(), 'text/html') })
    const answer = await fetch(`${latchkey.issuer}${json.logo}`)
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(String(json.logo)).toContain(hash('sha256', bytes, 'base64url'))
    expect(bytes.includes('Exif')).toBe(false)
    expect(bytes.length).toBeLessThan(photoWithPlace().length)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'public, max-age=31536000, immutable',
    })
    expect((await rest.put('/branding', { favicon: json.logo })).json.favicon).toBe(json.logo)
  })

  const svg = (inner: string) =>
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10">${inner}</svg>`)
  const SHAPE = '<path d="M0 0h40v10H0z"/>'

  test('an SVG is cleaned, served so that it runs nowhere, and shown on pages, not in messages', async () => {
    const uploaded = svg(`<script>alert(1)</script><g onload="alert(1)">${SHAPE}</g>`)
    const { json } = await rest.put('/branding', {
      ...{ name: 'Harbour Bank', logo: dataUri(uploaded, 'image/svg+xml') },
      favicon: dataUri(svg(SHAPE), 'text/plain'),
    })
    expect(json.logo).toMatch(/^\/theme\/[\w-]{43}\.512x128\.svg$/)
    const answer = await fetch(`${latchkey.issuer}${json.logo}`)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/svg+xml',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'public, max-age=31536000, immutable',
    })
    const kept = await answer.text()
    expect(kept).toBe(
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10" width="512" height="128"><g>${SHAPE}</g></svg>`,
    )
    expect(String(json.logo)).toContain(hash('sha256', kept, 'base64url'))
    const { body } = await page('/login')
    expect(body).toContain(
      `<img class="brand-logo" src="${json.logo}" alt="Harbour Bank" width="512" height="128">`,
    )
    expect(body).toContain(`<link rel="icon" href="${json.favicon}">`)
    expect(latchkey.services.branding.mail()).toMatchObject({ name: 'Harbour Bank', logo: undefined })
    // What it was cleaned to is what it is cleaned to.
    expect((await rest.put('/branding', { logo: dataUri(Buffer.from(kept)) })).json.logo).toBe(json.logo)
  })

  test.each([
    ['an accent that is a rule', { accent: 'red;}body{display:none' }, 'accent'],
    ['an accent that is a function', { accent: 'url(https://evil.example)' }, 'accent'],
    ['an accent of four parts', { accent: '#0f5c73ff' }, 'accent'],
    ['an accent that cannot be read', { accent: '#ffdd00' }, 'accent'],
    ['a background that texts cannot be read on', { background: '#808080' }, 'background'],
    ['a radius that is a text', { radius: '8px}' }, 'radius'],
    ['a radius that is too large', { radius: 25 }, 'radius'],
    ['a script as a link', { support_url: 'javascript:alert(1)' }, 'support_url'],
    ['a script as a link, in capitals', { terms_url: 'JaVaScRiPt:alert(1)' }, 'terms_url'],
    ['a script with a tab', { privacy_url: 'java\tscript:alert(1)' }, 'privacy_url'],
    ['data as a link', { privacy_url: 'data:text/html,x' }, 'privacy_url'],
    ['a link without encryption', { terms_url: 'http://example.com' }, 'terms_url'],
    ['a name of two lines', { name: 'a\nb' }, 'name'],
    ['a name that turns the direction', { name: 'Bank\u202egnp' }, 'name'],
    ['a foot that turns the direction', { mail_footer: '1 Quay\u202e Street' }, 'mail_footer'],
    ['a foot with a control character', { mail_footer: 'a\u001bb' }, 'mail_footer'],
    ['a logo elsewhere', { logo: 'https://evil.example/logo.png' }, 'logo'],
    ['a logo that is not here', { logo: `/theme/${'A'.repeat(43)}.1x1.png` }, 'logo'],
    ['a path that climbs', { logo: '/theme/../../etc/passwd' }, 'logo'],
    ['an SVG of a script', { logo: dataUri(svg('<script>alert(1)</script>'), 'image/svg+xml') }, 'logo'],
    [
      'an SVG with a picture',
      { logo: dataUri(svg(`<image href="https://evil.example/"/>${SHAPE}`)) },
      'logo',
    ],
    ['an SVG that loads by its style', { logo: dataUri(svg(`<style>@import "x"</style>${SHAPE}`)) }, 'logo'],
    [
      'an SVG with entities',
      { logo: dataUri(Buffer.from('<!DOCTYPE s [<!ENTITY a "aa">]><svg>&a;</svg>')) },
      'logo',
    ],
    ['an SVG of something foreign', { logo: dataUri(svg('<foreignObject/>')) }, 'logo'],
    ['half a PNG', { favicon: dataUri(png().subarray(0, 40)) }, 'favicon'],
    [
      'a page that begins like a PNG',
      { logo: dataUri(Buffer.from('\x89PNG\r\n\x1a\n<script>', 'latin1')) },
      'logo',
    ],
    ['no base64', { logo: 'data:image/png,hello' }, 'logo'],
    ['a field that there is not', { colour: '#000000' }, 'colour'],
    ['what every object has', { toString: 'x' }, 'toString'],
  ])('%s is refused beside its field, and nothing is saved', async (_what, body, field) => {
    const { status, json } = await rest.put('/branding', {
      ...body,
      terms_url: 'terms_url' in body ? body.terms_url : 'https://example.com/',
    })
    expect([status, Object.keys((json.errors ?? {}) as object)]).toEqual([422, [field]])
    expect((await rest.get('/branding')).json).toEqual(EMPTY)
  })

  test('a refused colour names the nearest that passes, and that one is taken', async () => {
    const { json } = await rest.put('/branding', { accent: '#FD0', background: '#808080' })
    const errors = json.errors as Record<string, string[]>
    const [accent, background] = ['accent', 'background'].map(
      (name) => /#[\da-f]{6}/.exec(String(errors[name]))?.[0],
    )
    const saved = await rest.put('/branding', { accent, background })
    expect([saved.status, saved.json]).toEqual([200, { ...EMPTY, accent, background }])
  })

  test('what follows the end of a picture stays behind', async () => {
    const { json } = await rest.put('/branding', {
      logo: dataUri(Buffer.concat([png(), Buffer.from('<script>alert(1)</script>')])),
    })
    const bytes = Buffer.from(await (await fetch(`${latchkey.issuer}${json.logo}`)).arrayBuffer())
    expect([bytes.equals(png()), bytes.includes('script')]).toEqual([true, false])
  })

  test('a body of 2 MB is not read', async () => {
    expect(
      (await rest.put('/branding', { logo: `data:image/png;base64,${'A'.repeat(2_000_000)}` })).status,
    ).toBe(413)
  })

  test('a change is of a state, and of ten at once one is made', async () => {
    const tag = (await rest.get('/branding')).headers.get('etag') ?? ''
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        rest.put('/branding', { name: `Bank ${at}` }, { 'if-match': tag }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(412)])
    const names = Array.from({ length: 10 }, (_, at) => `Shop ${at}`)
    const clients = await Promise.all(names.map(() => latchkey.createClient()))
    await Promise.all(
      clients.map(({ client_id }, at) => rest.put(`/clients/${client_id}/branding`, { name: names[at] })),
    )
    const said = await Promise.all(clients.map(({ client_id }) => rest.get(`/clients/${client_id}/branding`)))
    expect(said.map(({ json }) => json.name)).toEqual(names)
  })

  test('auditors read; programs and others change nothing', async () => {
    const auditor = (await person(latchkey, 'auditor')).rest
    expect((await auditor.get('/branding')).status).toBe(200)
    expect((await auditor.put('/branding', SAID)).status).toBe(403)
    const program = (await machine(latchkey)).rest
    expect((await program.put('/branding', SAID)).status).toBe(403)
    expect((await rest.get('/branding')).json).toEqual(EMPTY)
    expect((await rest.get('/clients/nobody/branding')).status).toBe(404)
    expect((await rest.put('/organizations/nobody/branding', SAID)).status).toBe(404)
  })

  test('a client goes before its organization, that before the server, field by field, by the interaction alone', async () => {
    const client = await latchkey.createClient({ client_name: 'Shop' })
    const other = await latchkey.createClient({ client_name: 'Other' })
    const acme = await latchkey.services.organizations.create({ name: 'Acme' })
    await rest.put('/branding', { name: 'Server', radius: 3, terms_url: 'https://server.example/' })
    await rest.put(`/organizations/${acme.id}/branding`, {
      name: 'Acme',
      accent: '#7c3aed',
      terms_url: 'https://acme.example/',
    })
    await rest.put(`/clients/${client.client_id}/branding`, { name: 'Shop brand' })
    const seen = async (path: string) => {
      const { body } = await page(path)
      return [
        /<title>.* · (.*)<\/title>/.exec(body)?.[1],
        sheetOf(body)?.split('?')[1],
        /href="https:\/\/(\w+)\.example\/"/.exec(body)?.[1],
      ]
    }
    expect(await seen(authorize(client))).toEqual(['Shop brand', 'radius=3', 'server'])
    const both = ['Shop brand', 'accent=7c3aed&radius=3', 'acme']
    expect(await seen(authorize(client, { organization: 'acme' }))).toEqual(both)
    expect(await seen(authorize(client, { organization: acme.id }))).toEqual(both)
    expect(await seen(authorize(other, { organization: 'acme' }))).toEqual([
      'Acme',
      'accent=7c3aed&radius=3',
      'acme',
    ])
    expect(await seen(authorize(other))).toEqual(['Server', 'radius=3', 'server'])
    expect(
      await seen(`/login?client_id=${client.client_id}&client=${client.client_id}&organization=acme`),
    ).toEqual(['Server', 'radius=3', 'server'])
    await latchkey.services.organizations.update(acme.id, { slug: 'acme-2' })
    await expect
      .poll(() => seen(authorize(other, { organization: 'acme-2' })))
      .toEqual(['Acme', 'accent=7c3aed&radius=3', 'acme'])
    await latchkey.services.clients.delete(client.client_id)
    await latchkey.services.organizations.remove(acme.id)
    await expect
      .poll(() => latchkey.services.branding.list().then((all) => all.map(({ owner }) => owner.kind)))
      .toEqual(['server', ...Array(10).fill('client')])
  })

  test('a client that nobody has checked wears no brand but the server’s', async () => {
    const acme = await latchkey.services.organizations.create({ name: 'Umbrella' })
    await rest.put(`/organizations/${acme.id}/branding`, { name: 'Umbrella' })
    const client = await latchkey.createClient()
    await latchkey.services.clients.setVerified(client.client_id, false)
    expect((await page(authorize(client, { organization: 'umbrella' }))).body).toContain('· Latchkey</title>')
  })

  test('pictures that no brand has go after a month, and those in use stay', async () => {
    const start = await rest.put('/branding', { logo: dataUri(png()) })
    expect(await latchkey.services.branding.purge()).toBe(0)
    const { prisma } = latchkey.services.db
    const past = new Date(Date.now() - 31 * 86_400_000)
    await prisma.brandImage.updateMany({ data: { usedAt: past } })
    expect(await latchkey.services.branding.purge()).toBeGreaterThan(0)
    expect((await prisma.brandImage.findMany()).map(({ file }) => `/theme/${file}`)).toEqual([
      start.json.logo,
    ])
    await rest.put('/branding', {})
    expect(await latchkey.services.branding.purge()).toBe(0)
    expect((await fetch(`${latchkey.issuer}${start.json.logo}`)).status).toBe(200)
    await prisma.brandImage.updateMany({ data: { usedAt: past } })
    expect(await latchkey.services.branding.purge()).toBe(1)
    expect((await fetch(`${latchkey.issuer}${start.json.logo}`)).status).toBe(404)
  })

  test('each change is in the audit log, with what was said before', async () => {
    await rest.put('/branding', { name: 'One' })
    await rest.put('/branding', { name: 'Two' })
    const { items } = (await rest.get('/audit?action=branding.updated')).json
    expect(items?.[0]).toMatchObject({
      action: 'branding.updated',
      target_name: 'this server',
      details: { before: { name: 'One' }, after: { name: 'Two' } },
    })
  })
})
