import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSigner } from '../../oidc/signer.ts'
import { artifactsOf } from '../../support/artifacts.ts'
import type { BrowserPage, HttpBrowser } from '../../support/flow.ts'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { discover } from '../../support/relying-party.ts'
import { signedIn } from '../console.ts'

const OLD = 901_000

describe('clients in the console', () => {
  let latchkey: Latchkey
  let shift = 0
  let browser: HttpBrowser
  let at: (path: string) => string

  beforeAll(async () => {
    latchkey = await startLatchkey({ clock: () => Date.now() + shift })
    browser = (await signedIn(latchkey)).browser
    at = (path) => `${latchkey.issuer}/admin/clients${path}`
    await latchkey.services.resources.add({
      identifier: 'https://api.example',
      name: 'Photos API',
      scope: 'photos:read photos:write',
    })
  })
  afterAll(() => latchkey?.stop())

  const idOf = (page: BrowserPage) => /lk_[0-9a-f]{32}/.exec(page.url.pathname)?.[0] ?? ''
  const secretOn = (page: BrowserPage) =>
    /<pre id="new-secret"[^>]*><code>([\w-]{43})<\/code>/.exec(page.body)?.[1]
  const secretsOf = (page: BrowserPage) => browser.open(at(`/${idOf(page)}/secrets`))
  const stored = (page: BrowserPage) => latchkey.services.clients.get(idOf(page))

  async function create(kind: string, values: Record<string, string | boolean>) {
    const cards = await browser.open(at('/new'))
    const form = await browser.follow(
      cards,
      cards.links.find(({ href }) => href.endsWith(`kind=${kind}`))?.text ?? '',
    )
    return browser.submit(form, values, { button: 'Register' })
  }
  const createWeb = (name = 'Photo Shop') =>
    create('web', { Name: name, 'Redirect URIs': 'https://shop.example/callback' })

  /** A POST of somebody who knows the address and has a token of their own. */
  async function post(by: HttpBrowser, path: string, fields: Record<string, string> = {}) {
    const page = await by.open(`${latchkey.issuer}/account`)
    const token = page.forms[0]?.fields.find(({ name }) => name === 'csrf_token')?.value ?? ''
    return by.visit({
      url: new URL(at(path)),
      method: 'POST',
      body: new URLSearchParams({ csrf_token: token, ...fields }),
      headers: { 'sec-fetch-site': 'same-origin' },
    })
  }

  describe('what are you building?', () => {
    test('each card leads to a short form', async () => {
      const page = await browser.open(at('/new'))
      const cards = page.links.filter(({ href }) => href.includes('?kind='))
      expect(cards.map(({ href }) => href.split('=')[1])).toEqual([
        'web',
        'spa',
        'native',
        'fapi',
        'device',
        'machine',
        'mcp',
      ])
      for (const { href } of cards) {
        const form = await browser.open(`${latchkey.issuer}${href}`)
        expect(form.forms[0]?.buttons.map(({ label }) => label)).toEqual(['Register'])
      }
    })

    test('a FAPI 2.0 app: from its name, address and key the rest follows, and is shown', async () => {
      const { jwk } = await createSigner('PS256')
      const page = await browser.open(at('/new?kind=fapi'))
      const fields = { Name: 'Bank app', 'Redirect URIs': 'https://bank.example/callback' }
      const without = await browser.submit(page, fields)
      expect(without.text).toContain(
        'needs the public keys in “Public keys (JWK Set)” or “Address of its public keys”',
      )
      const nonsense = await browser.submit(without, { ...fields, 'Public keys (JWK Set)': 'nonsense' })
      expect(nonsense.text).toContain('must be a JWK Set')
      const made = await browser.submit(nonsense, {
        ...fields,
        'Public keys (JWK Set)': JSON.stringify(jwk),
      })
      expect(made.text).toMatch(/FAPI 2\.0 Security Profile.*Requests are pushed.*Tokens are bound to a key/s)
      expect(await stored(made)).toMatchObject({
        profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        id_token_signed_response_alg: 'PS256',
        authorization_signed_response_alg: 'PS256',
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
        pkce: 'required',
        jwks: { keys: [jwk] },
        secrets: [],
      })
      expect(made.text).toContain('openid-client, FAPI 2.0')
      expect(made.text).toContain("id_token_signed_response_alg: 'PS256'")
      // Whatever does neither PAR nor DPoP.
      expect(made.text).not.toContain('Auth.js')
      expect(made.text).not.toContain('docs/fapi.md of Latchkey')
    })

    test('what a profile keeps on cannot be taken off beside it', async () => {
      const { jwk } = await createSigner('PS256')
      const page = await browser.open(at('/new?kind=fapi'))
      const made = await browser.submit(page, {
        Name: 'Bank app',
        'Redirect URIs': 'https://bank.example/callback',
        'Public keys (JWK Set)': JSON.stringify(jwk),
      })
      const edit = await browser.open(`${made.url.origin}${made.url.pathname}/edit`)
      const off = await browser.submit(edit, { 'Requests are pushed (PAR)': false })
      expect([off.status, off.text]).toEqual([422, expect.stringContaining('choose “None” here')])
      const plain = await browser.submit(off, { Profile: '' })
      expect(plain.text).toContain('Saved')
      const { require_pushed_authorization_requests: pushed } = await stored(plain)
      expect(pushed ?? false).toBe(false)
    })

    test('a web app becomes a FAPI app by one choice; what the person sets against it stands beside the field', async () => {
      const created = await createWeb()
      const { jwks } = await createSigner('PS256')
      const edit = await browser.open(`${created.url.origin}${created.url.pathname}/edit`)
      const fields = { Profile: 'fapi2', 'Public keys (JWK Set)': JSON.stringify(jwks) }
      const against = await browser.submit(edit, {
        ...fields,
        'Tokens are signed with': 'ES256',
        PKCE: 'optional',
      })
      expect(against.text).toContain('is always required with the profile fapi2')
      const saved = await browser.submit(edit, { ...fields, 'Tokens are signed with': 'ES256' })
      expect(saved.text).toContain('Saved')
      expect(await stored(saved)).toMatchObject({
        profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        id_token_signed_response_alg: 'ES256',
        pkce: 'required',
        require_pushed_authorization_requests: true,
        secrets: [],
      })
    })

    describe('a program that is there already', () => {
      const openPreset = async (program: string) => browser.follow(await browser.open(at('/new')), program)

      test('is registered by its address, and its lines have the secret this once', async () => {
        const values = { 'Its address': 'https://grafana.example/' }
        const page = await browser.submit(await openPreset('Grafana'), values, { button: 'Register' })
        const secret = secretOn(page)
        expect(secret).toMatch(/^[\w-]{43}$/)
        expect(await stored(page)).toMatchObject({
          client_name: 'Grafana',
          redirect_uris: ['https://grafana.example/login/generic_oauth'],
          scope: 'openid profile email groups',
          first_party: false,
        })
        expect(page.text).toContain('Into the settings of Grafana')
        expect(page.text).toContain(`client_id = ${idOf(page)}`)
        expect(page.text).toContain('root_url = https://grafana.example/')
        const vault = await browser.submit(
          await openPreset('Vault'),
          {
            'Its address': 'https://vault.example:8200',
            'It is your own: people are not asked for consent': true,
          },
          { button: 'Register' },
        )
        expect(vault.text).toContain(`oidc_client_secret='${secretOn(vault)}'`)
        expect((await stored(vault)).first_party).toBe(true)
        const again = await browser.open(vault.url.href)
        expect(again.text).toContain("oidc_client_secret='…'")
        expect(latchkey.log.join()).not.toContain(String(secretOn(vault)))
      })

      test('one without an address is asked for none', async () => {
        const form = await openPreset('Kubernetes (kube-apiserver) with kubelogin')
        expect(form.text).not.toContain('Its address')
        const page = await browser.submit(form, {}, { button: 'Register' })
        expect(await stored(page)).toMatchObject({
          application_type: 'native',
          token_endpoint_auth_method: 'none',
        })
        expect(page.text).toContain(`audiences: ["${idOf(page)}"]`)
      })

      test.each([
        ['Grafana', '', 'is needed'],
        ['Grafana', 'grafana.example', 'is no address'],
        ['Grafana', 'http://grafana.example', 'https'],
        ['Proxmox VE', 'https://pve.example:8006/pve', 'may have no path'],
        ['Grafana', 'https://a.example/<b>', 'has characters in it'],
        ['Grafana', 'x'.repeat(5000), 'is no address'],
      ])(
        '%s at “%s”: what is wrong stands beside the address, which stays',
        async (program, url, message) => {
          const before = (await latchkey.services.clients.list({ limit: 1 })).items[0]?.client_id
          const values = { 'Its address': url, Name: 'Mine' }
          const page = await browser.submit(await openPreset(program), values, { button: 'Register' })
          if (page.status === 303) throw new Error('it was registered')
          expect(page.status).toBe(422)
          expect(page.body).toMatch(/id="field-url-error"/)
          expect(page.text).toContain(message)
          expect(page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'url')?.value).toBe(
            url,
          )
          expect((await latchkey.services.clients.list({ limit: 1 })).items[0]?.client_id).toBe(before)
        },
      )

      test('there is no other one', async () => {
        for (const path of ['/new/nothing', '/new/__proto__', '/new/openid-client'])
          expect((await browser.open(at(path))).status).toBe(404)
        const known = await browser.open(at('/new'))
        expect(known.links.some(({ href }) => href.endsWith('/new/outline'))).toBe(true)
      })
    })

    test('a web app has a secret, PKCE and refresh', async () => {
      const page = await createWeb()
      expect(page.text).toContain('The client is registered')
      expect(await stored(page)).toMatchObject({
        client_name: 'Photo Shop',
        redirect_uris: ['https://shop.example/callback'],
        token_endpoint_auth_method: 'client_secret_basic',
        pkce: 'auto',
        application_type: 'web',
        grant_types: ['authorization_code', 'refresh_token'],
        source: 'administrator',
        verified: true,
      })
    })

    test('a single-page application is public, and a website also on localhost', async () => {
      const page = await create('spa', {
        Name: 'Browser',
        'Redirect URIs': 'https://spa.example/callback\r\nhttp://localhost:5173/callback',
      })
      expect(await stored(page)).toMatchObject({
        token_endpoint_auth_method: 'none',
        application_type: 'web',
        pkce: 'required',
        redirect_uris: ['https://spa.example/callback', 'http://localhost:5173/callback'],
      })
      expect(secretOn(page)).toBeUndefined()
    })

    test('a native app is public and native', async () => {
      const page = await create('native', { Name: 'Phone', 'Redirect URIs': 'com.example.phone:/callback' })
      expect(await stored(page)).toMatchObject({
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      })
    })

    test('a machine gets the scopes that were ticked, and a secret', async () => {
      const page = await create('machine', { Name: 'Nightly job', 'photos:read': true })
      expect(await stored(page)).toMatchObject({
        grant_types: ['client_credentials'],
        scope: 'photos:read',
        redirect_uris: [],
      })
      expect(secretOn(page)).toMatch(/^[\w-]{43}$/)
    })

    test('an MCP client is public, on loopback, with refresh', async () => {
      const page = await create('mcp', { Name: 'Editor', 'photos:read': true })
      expect(await stored(page)).toMatchObject({
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        scope: 'openid profile email photos:read',
      })
    })

    test('what is wrong stands beside its field, in plain words, and what was typed stays', async () => {
      const page = await create('web', {
        Name: '',
        'Redirect URIs': 'http://shop.example/callback\nhttps://*.shop.example/',
      })
      expect(page.status).toBe(422)
      expect(page.body).toMatch(/id="field-redirect_uris-error">[^<]*uses http on shop\.example; use https/)
      expect(page.body).toMatch(/id="field-redirect_uris-error">[^<]*contains a wildcard/)
      expect(page.body).toMatch(/id="field-client_name-error"/)
      const typed = page.forms[0]?.fields.find(({ name }) => name === 'redirect_uris')?.value.trim()
      expect(typed).toBe('http://shop.example/callback\nhttps://*.shop.example/')
    })

    test('names and URIs are text: markup in them is none', async () => {
      const page = await createWeb('<b>"Photo" & Shop</b>')
      expect(page.body).not.toContain('<b>"Photo"')
      expect(page.text).toContain('<b>"Photo" & Shop</b>')
    })
  })

  describe('a secret', () => {
    test('is shown once, works, and is in no log', async () => {
      const page = await createWeb()
      const secret = secretOn(page) ?? ''
      expect(page.text).toContain(`LATCHKEY_CLIENT_SECRET=${secret}`)
      const again = await browser.open(page.url)
      expect(again.body).not.toContain(secret)
      expect((await browser.open(at(`/${idOf(page)}`))).body).not.toContain(secret)
      const found = await latchkey.services.clients.findForProtocol(idOf(page))
      expect(latchkey.services.clients.secretMatches(idOf(page), found?.secretHashes ?? [], secret)).toBe(
        true,
      )
      expect(latchkey.log.join('')).not.toContain(secret)
    })

    test('is not shown to another person who gets hold of the cookie', async () => {
      const form = await browser.open(at('/new?kind=web'))
      const request = browser.prepare(form, { Name: 'Taken', 'Redirect URIs': 'https://a.example/cb' })
      const answer = await browser.send(request)
      const cookie = answer.headers.getSetCookie().find((line) => line.includes('shown_')) ?? ''
      expect(cookie).toMatch(/HttpOnly.*SameSite=Lax/)
      const other = (await signedIn(latchkey)).browser
      const url = new URL(answer.headers.get('location') ?? '', latchkey.issuer)
      other.cookies.store(url, [cookie])
      expect(secretOn(await other.open(url))).toBeUndefined()
    })

    test('is rotated with an overlap: both work; the old one is ended by hand', async () => {
      const page = await createWeb()
      const id = idOf(page)
      const rotated = await browser.submit(
        await secretsOf(page),
        { 'The present secret': '3600' },
        { button: 'New secret' },
      )
      expect(rotated.text).toContain('There is a new secret')
      expect(secretOn(rotated)).not.toBe(secretOn(page))
      const valid = async (secret = '') => {
        const found = await latchkey.services.clients.findForProtocol(id)
        return latchkey.services.clients.secretMatches(id, found?.secretHashes ?? [], secret)
      }
      expect([await valid(secretOn(page)), await valid(secretOn(rotated))]).toEqual([true, true])
      await latchkey.services.clients.idle()
      const both = await secretsOf(page)
      expect(both.text).toMatch(/Before itcreated .* up to an hour later .* in 1 hour/)
      const older = (await latchkey.services.clients.get(id)).secrets[1]?.id
      const ask = await browser.open(at(`/${id}/secrets/remove?id=${older}`))
      expect(both.links.map(({ href }) => href)).toContain(ask.url.pathname + ask.url.search)
      expect(ask.text).toMatch(
        /End the secret created .*\? .*refused from this moment on\. Last used: .*hour later/,
      )
      expect([await valid(secretOn(page)), await valid(secretOn(rotated))]).toEqual([true, true])
      const ended = await browser.submit(ask, {}, { button: 'End now' })
      expect(ended.text).toContain('The secret has ended')
      // Gone in the other tab, and the last one: there is nothing to ask.
      const twice = await browser.open(ask.url.href)
      expect([twice.url.pathname, twice.status]).toEqual([`/admin/clients/${id}/secrets`, 200])
      expect([await valid(secretOn(page)), await valid(secretOn(rotated))]).toEqual([false, true])
      expect(ended.text).not.toContain('End now')
    })

    test('that has leaked is replaced at once', async () => {
      const page = await createWeb()
      await browser.submit(await secretsOf(page), { 'The present secret': '0' }, { button: 'New secret' })
      expect((await stored(page)).secrets).toHaveLength(1)
    })

    test('the last use is that of a real token request', async () => {
      const page = await create('machine', { Name: 'Job', 'photos:read': true })
      expect((await secretsOf(page)).text).toMatch(/Newestcreated .* Never/)
      const party = await discover({
        issuer: latchkey.issuer,
        clientId: idOf(page),
        auth: { method: 'client_secret_basic', secret: secretOn(page) ?? '' },
      })
      await party.clientCredentials({ scope: 'photos:read' })
      await latchkey.services.clients.idle()
      expect((await secretsOf(page)).text).toMatch(/Newestcreated .* up to an hour later/)
    })
  })

  describe('editing', () => {
    test('takes one JWK for a set of it', async () => {
      const page = await createWeb()
      const jwk = {
        kty: 'EC',
        crv: 'P-256',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      }
      const form = await browser.open(at(`/${idOf(page)}/edit`))
      const saved = await browser.submit(form, {
        'Client authentication': 'private_key_jwt',
        'Public keys (JWK Set)': JSON.stringify(jwk),
      })
      expect(saved.text).toContain('Saved.')
      expect(await stored(page)).toMatchObject({ jwks: { keys: [jwk] } })
    })

    test('saves what was changed and leaves the rest', async () => {
      const page = await createWeb()
      const before = await stored(page)
      const form = await browser.open(at(`/${idOf(page)}/edit`))
      const saved = await browser.submit(form, {
        Name: 'Photo Shop 2',
        'Redirect URIs': 'https://shop.example/callback\r\nhttp://localhost:4000/callback',
        Logo: 'https://shop.example/logo.png',
        'It is your own application': true,
        'Oldest sign-in where its request says nothing, in seconds': '3600',
        'Name and email are in the ID token too': false,
      })
      expect(saved.text).toContain('Saved.')
      expect(saved.text).toContain('At userinfo only')
      const { version: _a, ...after } = await stored(page)
      const { version: _b, ...was } = before
      expect(after).toEqual({
        ...was,
        client_name: 'Photo Shop 2',
        redirect_uris: ['https://shop.example/callback', 'http://localhost:4000/callback'],
        logo_uri: 'https://shop.example/logo.png',
        first_party: true,
        id_token_identity_claims: false,
        default_max_age: 3600,
      })
    })

    test('scopes in an empty field take name and email away: the page says so; a scope that no API has, too', async () => {
      const client = await createWeb('Narrowed')
      const save = async (scope: string) => {
        const edit = await browser.open(at(`/${idOf(client)}/edit`))
        return browser.submit(edit, { Scopes: scope }, { button: 'Save' })
      }
      const narrowed = await save('openid photos:read')
      expect(narrowed.text).toContain('now the client may ask for what is in it and nothing else')
      expect(narrowed.text).not.toContain('No API has')
      const mistyped = await save('openid photo:read')
      expect(mistyped.text).toContain('No API has photo:read')
      expect(mistyped.text).not.toContain('what is in it and nothing else')
      await save('')
      const all = 'openid profile email phone address offline_access photos:read'
      expect((await save(all)).text).not.toContain('what is in it and nothing else')
    })

    test('a group or role that does not exist lets nobody in: the page says so until there is one', async () => {
      const { groups, roles } = latchkey.services.access
      const client = await createWeb('For some')
      const save = async (only: string) => {
        const edit = await browser.open(at(`/${idOf(client)}/edit`))
        return browser.submit(edit, { 'Only for': only }, { button: 'Save' })
      }
      await groups.create({ name: 'Engineers' })
      await roles.create({ name: 'Viewer', resource: 'https://api.example', scope: 'photos:read' })
      const right = await save('group: engineers\nrole: https://api.example Viewer')
      expect(right.text).not.toContain('There is no')
      const half = await save('group: Engineers\nrole: Viewer')
      expect(half.text).toContain('There is no role: Viewer: nobody gets in by it.')
      const mistyped = await save('group: Enginers')
      expect(mistyped.text).toContain('There is no group: Enginers: nobody may use this app.')
      await groups.create({ name: 'Enginers' })
      expect((await browser.open(at(`/${idOf(client)}`))).text).not.toContain('There is no')
      const bare = await save('Engineers')
      expect(bare.status).toBe(422)
      expect(bare.body).toMatch(/id="field-access-error">[^<]*each with that word before its name/)
    })

    test('a new API with a scope of the same name: the page of an older client says so, and its code names the old API', async () => {
      const { resources } = latchkey.services
      const client = await latchkey.createClient({ client_name: 'Shelf', scope: 'openid shelf:read' })
      const address = `${latchkey.issuer}/admin/clients/${client.client_id}/connect`
      await resources.add({ identifier: 'https://shelf.example', scope: 'shelf:read' })
      const alone = await browser.open(address)
      expect(alone.text).toContain('https://shelf.example')
      await resources.add({ identifier: 'https://another.example', scope: 'shelf:read' })
      const page = await browser.open(address)
      expect(page.text).toContain(
        'shelf:read is a scope of https://another.example and https://shelf.example',
      )
      expect(page.text).toContain('The code below names https://shelf.example, which was there first.')
      const code = (text: string) => text.slice(text.indexOf('Use it'))
      expect(code(page.text)).toContain('https://shelf.example')
      expect(code(page.text)).not.toContain('https://another.example')
    })

    test('a form that is sent as it was changes nothing', async () => {
      const full = await latchkey.createClient({
        client_name: 'Everything',
        scope: 'openid email photos:read',
        logo_uri: 'https://a.example/l.png',
        client_uri: 'https://a.example/',
        policy_uri: 'https://a.example/p',
        tos_uri: 'https://a.example/t',
        backchannel_logout_uri: 'https://a.example/bc',
        backchannel_logout_session_required: true,
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
        default_max_age: 0,
        contacts: ['ops@a.example'],
        pkce: 'optional',
        first_party: true,
        id_token_signed_response_alg: 'ES256',
      })
      const before = await latchkey.services.clients.get(full.client_id)
      const form = await browser.open(at(`/${full.client_id}/edit`))
      await browser.submit(form)
      const after = await latchkey.services.clients.get(full.client_id)
      expect({ ...after, version: '' }).toEqual({ ...before, version: '' })
    })

    test('what is wrong stands beside its field, and nothing is saved', async () => {
      const page = await createWeb()
      const form = await browser.open(at(`/${idOf(page)}/edit`))
      const refused = await browser.submit(form, {
        Name: 'Changed',
        'Redirect URIs': 'https://shop.example/a#b',
        Logo: 'http://shop.example/logo.png',
        'Privacy policy': 'http://shop.example/privacy',
        'Home page': 'nonsense',
        'Oldest sign-in where its request says nothing, in seconds': 'an hour',
      })
      expect(refused.status).toBe(422)
      expect(refused.body).toMatch(/id="field-redirect_uris-error">[^<]*has a fragment/)
      expect(refused.body).toMatch(/id="field-logo_uri-error">[^<]*must be an https URL.*logo[.]png/)
      expect(refused.body).toMatch(/id="field-policy_uri-error">[^<]*https:[/][/]app[.]example[/]privacy/)
      expect(refused.body).toMatch(/id="field-client_uri-error">[^<]*https:[/][/]app[.]example</)
      expect(refused.body).toMatch(/id="field-default_max_age-error">[^<]*whole number of seconds/)
      expect(
        refused.forms
          .find(({ method }) => method === 'post')
          ?.fields.find(({ name }) => name === 'client_name')?.value,
      ).toBe('Changed')
      expect((await stored(page)).client_name).toBe('Photo Shop')
    })

    test('no grant: the first box has the focus, and what is wrong has the words of the form', async () => {
      const page = await createWeb()
      const form = await browser.open(at(`/${idOf(page)}/edit`))
      const boxes = form.forms.flatMap(({ fields }) => fields).filter(({ name }) => /^grant[.]/.test(name))
      const refused = await browser.submit(
        form,
        Object.fromEntries(boxes.map(({ label = '' }) => [label, false])),
        { button: 'Save' },
      )
      expect(refused.status).toBe(422)
      expect(refused.body.match(/<[^>]* autofocus/g)).toEqual([
        expect.stringContaining('name="grant.authorization_code"'),
      ])
      const error = /id="field-grant_types-error">([^<]*)/.exec(refused.body)?.[1]
      expect(error).toContain('“Sign people in on a device without a browser (device_code)”')
      expect(error).not.toMatch(/urn:|, client_credentials/)
    })

    test('rules that go across fields name theirs: grants, PKCE of a public client, keys that are no JSON', async () => {
      const page = await create('spa', { Name: 'Public', 'Redirect URIs': 'https://spa.example/cb' })
      const form = await browser.open(at(`/${idOf(page)}/edit`))
      const refused = await browser.submit(form, {
        PKCE: 'optional',
        'Act for itself (client_credentials)': true,
      })
      expect(refused.body).toMatch(/id="field-grant_types-error">[^<]*public client cannot use/)
      expect(refused.body).not.toMatch(/-error">[^<(]*client_secret_basic/)
      expect(refused.body).toMatch(/id="field-pkce-error">[^<]*a public client always uses PKCE/)
      const keys = await browser.submit(form, { 'Public keys (JWK Set)': '{broken' })
      expect(keys.body).toMatch(/id="field-jwks-error">must be a JWK Set/)
    })

    test('a private key that was pasted is in no page that is shown again, its public half is', async () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const secret = privateKey.export({ format: 'jwk' })
      const { x = '' } = publicKey.export({ format: 'jwk' })
      const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
      const page = await createWeb()
      const long = await browser.open(at(`/${idOf(page)}/edit`))
      const short = await browser.open(at('/new?kind=fapi'))
      for (const form of [short, long]) {
        const keys = (typed: string) => browser.submit(form, { 'Public keys (JWK Set)': typed })
        for (const typed of [secret, { keys: [secret] }]) {
          const refused = await keys(JSON.stringify(typed))
          expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('the private key')])
          expect(refused.body).toContain(x)
          expect(refused.body).not.toContain(secret.d)
        }
        for (const typed of [`${JSON.stringify(secret)},`, pem]) {
          const refused = await keys(typed)
          expect(refused.status).toBe(422)
          expect(refused.body).not.toContain(secret.d)
          expect(refused.body).not.toContain('PRIVATE KEY')
        }
      }
    })

    test('a stale tab is refused with both versions, and can be saved knowingly', async () => {
      const page = await createWeb()
      const stale = await browser.open(at(`/${idOf(page)}/edit`))
      const fresh = await browser.open(at(`/${idOf(page)}/edit`))
      await browser.submit(fresh, { Name: 'By the other tab' })
      const refused = await browser.submit(stale, { Name: 'By the stale tab' })
      expect(refused.status).toBe(409)
      expect(refused.text).toContain('Somebody has changed this client')
      expect(refused.text).toMatch(/Name By the stale tab By the other tab/)
      expect((await stored(page)).client_name).toBe('By the other tab')
      const saved = await browser.submit(refused, {}, { button: 'Save' })
      expect(saved.text).toContain('Saved.')
      expect((await stored(page)).client_name).toBe('By the stale tab')
    })

    test('a client that begins to need a secret gets one, shown once', async () => {
      const page = await create('spa', { Name: 'Grows up', 'Redirect URIs': 'https://spa.example/cb' })
      const form = await browser.open(at(`/${idOf(page)}/edit`))
      const saved = await browser.submit(form, { 'Client authentication': 'client_secret_basic' })
      expect(secretOn(saved)).toMatch(/^[\w-]{43}$/)
    })
  })

  describe('cutting off', () => {
    test('disabled it is unknown, enabled it is back', async () => {
      const page = await createWeb()
      const ask = await browser.follow(page, 'Disable')
      expect(ask.text).toMatch(
        /Disable Photo Shop\?.*it gets no token.*0 sign-ins at it are on, and end with all/,
      )
      expect(await latchkey.services.findClient(idOf(page))).toBeDefined()
      const off = await browser.submit(ask, {}, { button: 'Disable' })
      expect(off.text).toContain('This client is disabled')
      expect((await browser.open(ask.url.href)).url.pathname).toBe(page.url.pathname)
      expect(await latchkey.services.findClient(idOf(page))).toBeUndefined()
      const on = await browser.submit(off, {}, { button: 'Enable' })
      expect(on.text).toContain('The client is enabled')
      expect(await latchkey.services.findClient(idOf(page))).toBeDefined()
    })

    test('deleting says what ends, and asks for the name', async () => {
      const page = await createWeb()
      const id = idOf(page)
      const { artifacts, consents } = latchkey.services
      for (const account of ['a', 'b']) {
        await consents.allow(account, id, { scopes: ['openid'], resources: {} })
        await artifacts.upsert('Grant', `grant-${account}-${id}`, { accountId: account, clientId: id }, 60)
        await artifacts.upsert(
          'AccessToken',
          `token-${account}-${id}`,
          { accountId: account, clientId: id },
          60,
        )
      }
      await artifacts.upsert('RefreshToken', `refresh-${id}`, { accountId: 'a', clientId: id }, 60)
      const form = await browser.open(at(`/${id}/delete`))
      expect(form.text).toMatch(/2 people allowed it.*2 sign-ins at it are on/)
      const refused = await browser.submit(form, { 'Type “Photo Shop” to delete it': 'photo shop' })
      expect(refused.status).toBe(422)
      expect(await stored(page)).toMatchObject({ disabled: false })
      const gone = await browser.submit(refused, { 'Type “Photo Shop” to delete it': 'Photo Shop' })
      expect(gone.text).toContain('The client is deleted')
      expect((await browser.open(at(`/${id}`))).status).toBe(404)
      expect(await artifactsOf(latchkey, id)).toEqual({})
    })
  })

  describe('who may', () => {
    const POSTS = [
      '/edit',
      '/secrets',
      '/secrets/remove',
      '/disable',
      '/enable',
      '/verify',
      '/pkce',
      '/delete',
      '/try',
    ]

    test('an auditor sees everything and changes nothing', async () => {
      const id = idOf(await createWeb())
      const auditor = (await signedIn(latchkey, 'auditor')).browser
      const before = await latchkey.services.clients.get(id)
      for (const path of [
        '',
        `/${id}`,
        `/${id}/edit`,
        `/${id}/delete`,
        `/${id}/try`,
        ...['connect', 'secrets', 'access', 'activity'].map((tab) => `/${id}/${tab}`),
      ])
        expect([path, (await auditor.open(at(path))).status]).toEqual([path, 200])
      for (const path of ['/new', '/new?kind=web'])
        expect([path, (await auditor.open(at(path))).status]).toEqual([path, 403])
      const page = await auditor.open(at(`/${id}`))
      // A search looks; it changes nothing.
      expect(page.forms.filter(({ method }) => method !== 'get')).toEqual([])
      for (const path of ['/new', ...POSTS.map((each) => `/${id}${each}`)])
        expect([path, (await post(auditor, path, { kind: 'web', name: 'Photo Shop' })).status]).toEqual([
          path,
          403,
        ])
      expect(await latchkey.services.clients.get(id)).toEqual(before)
    })

    test('a person without a role sees nothing', async () => {
      const id = idOf(await createWeb())
      const user = (await signedIn(latchkey, 'user')).browser
      for (const path of ['', '/new', `/${id}`, `/${id}/edit`, `/${id}/delete`, `/${id}/try`])
        expect([path, (await user.open(at(path))).status]).toEqual([path, 403])
      for (const path of ['/new', ...POSTS.map((each) => `/${id}${each}`)])
        expect([path, (await post(user, path)).status]).toEqual([path, 403])
    })

    test('a form without its token, or from another site, does nothing', async () => {
      const page = await createWeb()
      const id = idOf(page)
      const before = await stored(page)
      for (const path of POSTS) {
        const request = { url: new URL(at(`/${id}${path}`)), method: 'POST' as const }
        const bare = await browser.visit({ ...request, body: new URLSearchParams({ name: 'Photo Shop' }) })
        const foreign = await browser.send({
          ...request,
          body: new URLSearchParams({ name: 'Photo Shop' }),
          headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
        })
        expect([path, bare.status, foreign.status]).toEqual([path, 403, 403])
      }
      expect(await stored(page)).toEqual(before)
    })

    test('with every id swapped, an act on one client is none on another', async () => {
      const mine = await createWeb('Mine')
      const other = await createWeb('Other')
      await browser.submit(await secretsOf(other), {}, { button: 'New secret' })
      const theirs = await stored(other)
      for (const secret of theirs.secrets)
        expect((await post(browser, `/${idOf(mine)}/secrets/remove`, { id: secret.id })).status).toBe(404)
      expect((await post(browser, `/${idOf(mine)}/delete`, { name: 'Other' })).status).toBe(422)
      expect(
        (await post(browser, `/${idOf(mine)}/edit`, { version: theirs.version, client_name: 'x' })).status,
      ).toBeGreaterThanOrEqual(400)
      expect(await stored(other)).toEqual(theirs)
      expect((await stored(mine)).client_name).toBe('Mine')
    })

    test.each(['lk_none', '..%2f', "'", 'a%00b', 'x'.repeat(300)])('the id %s is nobody’s', async (id) => {
      for (const path of ['', '/edit', '/delete', '/try'])
        expect((await browser.open(at(`/${id}${path}`))).status).toBeGreaterThanOrEqual(400)
    })

    test('a dangerous act with an old sign-in asks to sign in again, and does nothing', async () => {
      const page = await createWeb()
      shift = OLD
      try {
        for (const path of POSTS.filter((each) => each !== '/enable')) {
          const answer = await post(browser, `/${idOf(page)}${path}`, { name: 'Photo Shop' })
          expect([path, answer.url.pathname, answer.url.searchParams.get('return_to')]).toEqual([
            path,
            '/login',
            expect.stringMatching(/^\/confirm\/[\w-]{32}$/),
          ])
        }
      } finally {
        shift = 0
      }
      expect(await stored(page)).toMatchObject({ disabled: false, client_name: 'Photo Shop' })
    })
  })
})
