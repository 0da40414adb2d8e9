import type { lookup } from 'node:dns'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { SELF_REGISTERED } from '../../src/clients/fields/views.ts'
import { parseRegistration } from '../../src/clients/metadata.ts'
import { createDocuments } from '../../src/registration/documents/documents.ts'
import { createDocumentFetcher } from '../../src/registration/documents/fetch.ts'
import { createFetchQuota } from '../../src/registration/documents/quota.ts'
import { openPolicy } from '../../src/registration/registration.ts'
import { post } from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { discover } from '../support/relying-party.ts'
import { type DocumentServer, startDocumentServer } from './document-server.ts'
import { callback } from './support.ts'

let server: DocumentServer
let latchkey: Latchkey
let user: Awaited<ReturnType<Latchkey['createUser']>>
let passed = 0
const wait = (milliseconds: number): void => {
  passed += milliseconds
}
beforeAll(async () => {
  server = await startDocumentServer()
  latchkey = await startLatchkey({
    env: { CLIENT_METADATA_DOCUMENTS: 'on', UNVERIFIED_CLIENT_SCOPES: 'books:read' },
    clock: () => Date.now() + passed,
  })
  user = await latchkey.createUser()
  await latchkey.services.resources.add({
    identifier: 'https://api.example/books',
    scope: 'books:read books:write',
  })
})
afterAll(async () => {
  await latchkey.stop()
  server.stop()
})
/** A minute in which nothing was fetched yet (src/registration/documents/quota.ts). */
afterEach(() => wait(60_000))

const app = {
  client_name: 'Agent',
  redirect_uris: [callback],
  grant_types: ['authorization_code', 'refresh_token'],
}

const party = (clientId: string) =>
  discover({ issuer: latchkey.issuer, clientId, auth: { method: 'none' }, redirectUri: callback })

/** Where an authorization request leads somebody who is not signed in. */
async function open(clientId: string, parameters: Record<string, string> = {}) {
  const request = await (await party(clientId)).authorize({ parameters })
  return createHttpBrowser({ stopAt: [callback] }).open(request.url)
}

test('an app that is known by its document signs somebody in, with consent each time, and refreshes', async () => {
  const id = server.publish(app)
  const client = await party(id)
  const browser = createHttpBrowser({ stopAt: [callback] })
  const request = await client.authorize({ scope: 'openid' })
  const signIn = await browser.open(request.url)
  const consent = await browser.signIn(signIn, { identifier: user.email, password: PASSWORD })
  expect(consent.text).toContain('Nobody has checked this app')
  expect(consent.text).toContain('Agent')
  expect(consent.text).toContain(server.host)
  const tokens = await client.callback((await browser.allow(consent)).url, request)
  expect(tokens.claims()).toMatchObject({ sub: user.id, aud: id })
  const refreshed = await client.refresh(String(tokens.refresh_token))
  expect(refreshed.access_token).toBeTypeOf('string')
  const again = await browser.open((await client.authorize()).url)
  expect(again.text).toContain('Nobody has checked this app')
  expect(server.asked.filter((path) => id.endsWith(path))).toHaveLength(1)

  const account = await browser.open(`${latchkey.issuer}/account/apps`)
  expect(account.text).toContain('Agent')
})

test('many requests at once fetch it once', async () => {
  const id = server.publish(app)
  const pages = await Promise.all(Array.from({ length: 10 }, () => open(id)))
  expect(pages.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(server.asked.filter((path) => id.endsWith(path))).toHaveLength(1)
})

/** Documents at a public host. */
const outside = (body: string) =>
  createDocuments({
    enabled: true,
    rulesVersion: '',
    clock: Date.now,
    fetch: async () => ({
      status: 200,
      contentType: 'application/json',
      cacheControl: '',
      body,
      inside: false,
    }),
    defaultsAmong: async () => [],
    log: { warn: () => {} },
    policy: openPolicy([]),
    around: {
      fields: SELF_REGISTERED,
      identityScopes: ['openid'],
      httpHosts: [],
      reach: { allowLoopback: false },
    },
    parse: parseRegistration,
  })

/** What, the document, and a word of the reason. */
const unfit: [string, Record<string, unknown> | string, string][] = [
  ['another client_id', { ...app, client_id: 'https://app.example/client.json' }, 'client_id'],
  ['no client_id', JSON.stringify(app), 'client_id'],
  ['a secret', { ...app, client_secret: 'known to all' }, 'client_secret'],
  [
    'a method with a secret',
    { ...app, token_endpoint_auth_method: 'client_secret_post' },
    'token_endpoint_auth_method',
  ],
  ['a redirect URI in script', { ...app, redirect_uris: ['javascript:alert(1)'] }, 'redirect_uris'],
  ['a redirect URI over http', { ...app, redirect_uris: ['http://app.example/'] }, 'redirect_uris'],
  ['no redirect URI', { client_name: 'App' }, 'redirect_uris'],
  [
    'keys in the network',
    { ...app, token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://10.0.0.1/' },
    'jwks_uri',
  ],
  ['nothing that is JSON', 'nonsense', 'JSON'],
  ['a list', '[]', 'JSON object'],
  ['null', 'null', 'JSON object'],
]

describe('what the document says is held to the same rules', () => {
  test('no exemption from consent or PKCE is taken from it', async () => {
    const id = server.publish({
      ...app,
      first_party: true,
      pkce: 'optional',
      verified: true,
      resource_scope: 'books:write',
    })
    const found = await latchkey.services.findForProtocol(id)
    expect(found).toMatchObject({ firstParty: false, pkce: 'required', verified: false })
    expect(found?.metadata).not.toHaveProperty('resource_scope')
    const browser = createHttpBrowser({ stopAt: [callback] })
    const request = await (await party(id)).authorize()
    const page = await browser.signIn(await browser.open(request.url), {
      identifier: user.email,
      password: PASSWORD,
    })
    expect(page.text).toContain('Nobody has checked this app')
    const bare = new URL(request.url)
    bare.searchParams.delete('code_challenge')
    bare.searchParams.delete('code_challenge_method')
    const refused = await browser.open(bare)
    expect(refused.url.searchParams.get('error')).toBe('invalid_request')
  })

  test('scopes and grants that it does not get are left out: it is written for many servers', async () => {
    const id = server.publish({
      ...app,
      scope: 'openid books:read books:write admin:write files',
      grant_types: [
        'authorization_code',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
    })
    const found = await latchkey.services.findForProtocol(id)
    expect(found?.metadata).toMatchObject({ scope: 'openid books:read', grant_types: ['authorization_code'] })
  })

  test.each(unfit)('%s is refused, and the answer says why', async (_what, document, word) => {
    const id = 'https://agent.example/client.json'
    const body = typeof document === 'string' ? document : JSON.stringify({ client_id: id, ...document })
    const refusal = await outside(body)
      .find(id)
      .catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'client_document_refused', status: 400 })
    expect((refusal as { publicMessage: string }).publicMessage).toContain(word)
  })

  test('another redirect URI than those in it leads nowhere', async () => {
    const page = await open(server.publish(app), { redirect_uri: 'https://evil.example/' })
    expect(page).toMatchObject({ left: false, status: 400 })
  })
})

describe('the answer is read with care', () => {
  const page = (contentType: string, body: string) =>
    server.publish((_request, response) => response.writeHead(200, { 'content-type': contentType }).end(body))

  test('a redirect is not followed', async () => {
    const target = server.publish(app)
    const id = server.publish((_request, response) => response.writeHead(302, { location: target }).end())
    expect((await open(id)).status).toBe(400)
    expect(server.asked).not.toContain(new URL(target).pathname)
  })

  test('no more than 5 KiB are read', async () => {
    let sent = 0
    const id = server.publish((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => {
        while (!response.destroyed && sent < 50_000_000) {
          sent += 65_536
          if (!response.write(' '.repeat(65_536))) return response.once('drain', more)
        }
        return response.end()
      }
      more()
    })
    expect((await open(id)).status).toBe(400)
    expect(sent).toBeLessThan(50_000_000)
    expect((await open(server.publish({ ...app, padding: 'x'.repeat(5000) }))).status).toBe(400)
  })

  test('a web page is no document', async () => {
    expect((await open(page('text/html', '{}'))).status).toBe(400)
    expect(latchkey.log.join('')).toContain('must be served as application/json')
  })

  test('what exactly is wrong with the connection is not told', async () => {
    const dropped = server.publish((request) => request.socket.destroy())
    const failing = server.publish((_request, response) => response.writeHead(503).end())
    const texts = [await open(dropped), await open(failing)].map(({ text }) =>
      text.replace(/[0-9a-f-]{20,}/g, ''),
    )
    expect(texts[0]).toContain('could not be fetched')
    expect(texts[1]).toBe(texts[0])
  })
})

describe('strangers do not learn what is where inside', () => {
  /** What a request is answered by that names the document, without what differs between any two. */
  const answered = async (clientId: string) => {
    const asked = { client_id: clientId, response_type: 'code', redirect_uri: callback, scope: 'openid' }
    const pushed = await post(`${latchkey.issuer}/par`, asked)
    const { status, text } = await open(clientId)
    return [pushed.status, pushed.text, status, text.replace(/[0-9a-f-]{20,}/g, '')]
  }
  const served = (status: number, type: string, body = '{}') =>
    server.publish((_request, response) => response.writeHead(status, { 'content-type': type }).end(body))

  test('a closed port, what is not found, not allowed, elsewhere, a page, too long: one answer, and the log says which', async () => {
    const closed = await startDocumentServer()
    const [nowhere] = [closed.publish(app), closed.stop()]
    const common = await answered(nowhere)
    expect(common).toMatchObject([
      400,
      expect.stringContaining('could not be fetched'),
      400,
      expect.anything(),
    ])
    const missing = server.publish(app)
    server.replace(missing, undefined)
    for (const id of [
      missing,
      served(200, 'text/html', '<!doctype html>'),
      served(401, 'application/json'),
      served(302, 'text/plain'),
      served(500, 'text/plain'),
      served(200, 'application/json', ' '.repeat(9000)),
      ...unfit.map(([, document]) => server.publish(document)),
    ]) {
      expect(await answered(id)).toEqual(common)
      wait(10_000)
    }
    const log = latchkey.log.join('')
    for (const reason of ['must be answered with the status 200', 'must be served as application/json'])
      expect(log).toContain(reason)
  })

  test('a name that leads inside is inside, whatever it looks like', async () => {
    const fetchDocument = createDocumentFetcher({
      allowLoopback: false,
      privateHosts: { names: new Set(), networks: [{ address: '127.0.0.0', prefix: 8 }] },
      lookup: ((_host: string, _options: object, done: (error: null, found: object[]) => void) =>
        done(null, [{ address: '127.0.0.1', family: 4 }])) as unknown as typeof lookup,
    })
    const found = await fetchDocument(new URL(`http://agent.example:${server.port}/nothing.json`))
    expect(found).toMatchObject({ status: 404, inside: true })
  })
})

describe('it changes', () => {
  test('and is read again after a minute, or after as long as it says', async () => {
    const id = server.publish(app)
    await latchkey.services.findForProtocol(id)
    server.replace(id, { ...app, client_name: 'Renamed' })
    wait(59_000)
    expect((await latchkey.services.findForProtocol(id))?.metadata.client_name).toBe('Agent')
    wait(2_000)
    expect((await latchkey.services.findForProtocol(id))?.metadata.client_name).toBe('Renamed')
    server.replace(id, (_request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=600' })
        .end(JSON.stringify({ ...app, client_id: id, client_name: 'Long' })),
    )
    wait(70_000)
    expect((await latchkey.services.findForProtocol(id))?.metadata.client_name).toBe('Long')
    server.replace(id, app)
    wait(580_000)
    expect((await latchkey.services.findForProtocol(id))?.metadata.client_name).toBe('Long')
    wait(60_000)
    expect((await latchkey.services.findForProtocol(id))?.metadata.client_name).toBe('Agent')
  })

  test('what is taken away ends the client; a server that is down for a while does not', async () => {
    const id = server.publish(app)
    await latchkey.services.findForProtocol(id)
    server.replace(id, (_request, response) => response.writeHead(500).end())
    wait(120_000)
    expect((await latchkey.services.findForProtocol(id))?.metadata.client_name).toBe('Agent')
    wait(2 * 3_600_000)
    await expect(latchkey.services.findForProtocol(id)).rejects.toMatchObject({
      code: 'client_document_refused',
    })
    server.replace(id, app)
    wait(60_000)
    await latchkey.services.findForProtocol(id)
    server.replace(id, undefined)
    wait(120_000)
    await expect(latchkey.services.findForProtocol(id)).rejects.toMatchObject({
      code: 'client_document_refused',
    })
  })
})

describe('nobody makes us knock at a door over and over', () => {
  const refused = { code: 'unavailable', status: 503 }

  test('20 times a minute at one host, 300 at all of them', async () => {
    let minute = 0
    const quota = createFetchQuota(() => minute * 60_000)
    for (let each = 0; each < 20; each++) await quota('one.example', async () => {})
    await expect(quota('one.example', async () => {})).rejects.toMatchObject(refused)
    for (let each = 0; each < 280; each++) await quota(`${each}.example`, async () => {})
    await expect(quota('other.example', async () => {})).rejects.toMatchObject(refused)
    minute++
    expect(await quota('one.example', async () => 'again')).toBe('again')
  })

  test('16 at once, also when some fail', async () => {
    const quota = createFetchQuota(() => 0)
    const gate = Promise.withResolvers<void>()
    const waiting = Array.from({ length: 16 }, (_, each) => quota(`${each}.example`, () => gate.promise))
    await expect(quota('other.example', async () => {})).rejects.toMatchObject(refused)
    gate.reject(new Error('gone'))
    await Promise.allSettled(waiting)
    expect(await quota('other.example', async () => 'in')).toBe('in')
  })
})

test('while it is off, an address is no client_id, and nothing is fetched', async () => {
  const without = await startLatchkey()
  try {
    const id = server.publish(app)
    const request = new URL(`${without.issuer}/authorize`)
    request.search = String(
      new URLSearchParams({ client_id: id, response_type: 'code', redirect_uri: callback, scope: 'openid' }),
    )
    const page = await createHttpBrowser().open(request)
    expect(page.status).toBe(400)
    expect(server.asked).not.toContain(new URL(id).pathname)
  } finally {
    await without.stop()
  }
})
