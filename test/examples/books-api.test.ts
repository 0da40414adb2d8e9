import { decodeJwt } from 'jose'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fetchReport } from '../../examples/books-api/report.ts'
import { createProver, prove } from '../security/proofs.ts'
import { type Answer, type BooksFixture, form, photo, startBooks } from './books.ts'

let books: BooksFixture
let ada: string
let bob: string
beforeAll(async () => {
  books = await startBooks()
  ada = await books.person()
  bob = await books.person()
})
afterAll(() => books.stop())

const emma = { title: 'Emma', author: 'Jane Austen', year: '1815' }
const problem = (answer: Answer, status: number, code: string) => {
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(answer.json).toMatchObject({ status, code, title: expect.any(String), detail: expect.any(String) })
}

test('the books of the guide, call by call: create with a cover, list, read, update, delete', async () => {
  // Without a token, and with one that is no token: 401.
  problem(await books.call('GET', '/books'), 401, 'missing_token')
  problem(await books.call('GET', '/books', 'nonsense'), 401, 'invalid_token')

  // Create, with a cover image.
  const created = await books.call('POST', '/books', ada, form(emma, { bytes: await photo() }))
  expect(created.status).toBe(201)
  const { id } = created.json
  expect(created.headers.get('location')).toBe(`/books/${id}`)
  expect(created.json).toEqual({
    id,
    title: 'Emma',
    author: 'Jane Austen',
    year: 1815,
    cover_url: `/books/${id}/cover`,
    thumbnail_url: `/books/${id}/thumbnail`,
  })

  // The thumbnail is 150×150, the cover upright, and neither says where the photo was taken.
  const thumbnail = await books.call('GET', created.json.thumbnail_url, ada)
  expect(thumbnail.headers.get('content-type')).toBe('image/webp')
  const small = await sharp(thumbnail.bytes).metadata()
  expect(small).toMatchObject({ format: 'webp', width: 150, height: 150 })
  const cover = await books.call('GET', created.json.cover_url, ada)
  const large = await sharp(cover.bytes).metadata()
  expect(large).toMatchObject({ format: 'webp', width: 200, height: 300 })
  for (const { exif, xmp, icc } of [small, large])
    expect([exif, xmp, icc]).toEqual([undefined, undefined, undefined])

  // One title once for each person, however it is written.
  for (const title of ['Emma', ' emma ', 'EMMA', 'Ｅｍｍａ'])
    problem(await books.call('POST', '/books', ada, { title, author: 'x' }), 409, 'title_exists')
  expect((await books.call('POST', '/books', bob, emma)).status).toBe(201)

  // List and read.
  expect((await books.call('GET', '/books', ada)).json).toEqual({ items: [created.json] })
  expect((await books.call('GET', `/books/${id}`, ada)).json).toEqual(created.json)

  // Update; the cover stays, unless another one is sent.
  const changed = { title: 'Emma (annotated)', author: 'Jane Austen' }
  const updated = await books.call('PUT', `/books/${id}`, ada, changed)
  expect(updated.json).toEqual({ ...created.json, ...changed, year: undefined })
  const recovered = await books.call(
    'PUT',
    `/books/${id}`,
    ada,
    form(changed, { bytes: await photo(400, 400) }),
  )
  expect(recovered.status).toBe(200)
  const second = await books.call('GET', created.json.cover_url, ada)
  expect(await sharp(second.bytes).metadata()).toMatchObject({ width: 400, height: 400 })
  expect(second.headers.get('etag')).not.toBe(cover.headers.get('etag'))

  // Delete: the book and its files are gone.
  const gone = await books.call('DELETE', `/books/${id}`, ada)
  expect([gone.status, gone.bytes.length]).toEqual([204, 0])
  for (const path of [`/books/${id}`, `/books/${id}/cover`, `/books/${id}/thumbnail`])
    problem(await books.call('GET', path, ada), 404, 'not_found')
  problem(await books.call('DELETE', `/books/${id}`, ada), 404, 'not_found')
})

describe('own books only', () => {
  test('another person’s book is 404 in every way, and stays as it was', async () => {
    const made = await books.call(
      'POST',
      '/books',
      ada,
      form({ title: 'Ada’s diary', author: 'Ada' }, { bytes: await photo() }),
    )
    const path = `/books/${made.json.id}`
    const missing = await books.call('GET', '/books/6d6a2a4e-33cf-4f3c-9f33-6dd1b0a1f000', bob)
    for (const [method, at, body] of [
      ['GET', path],
      ['PUT', path, { title: 'Bob’s now', author: 'Bob' }],
      ['PUT', path, form({ title: 'Bob’s now', author: 'Bob' }, { bytes: await photo() })],
      ['DELETE', path],
      ['GET', `${path}/cover`],
      ['GET', `${path}/thumbnail`],
    ] as const) {
      const answer = await books.call(method, at, bob, body)
      problem(answer, 404, 'not_found')
      // To Bob it is as if it had never been.
      expect(answer.json).toEqual(missing.json)
    }
    expect((await books.call('GET', path, ada)).json).toEqual(made.json)
    expect((await books.call('GET', '/books?search=diary', bob)).json).toEqual({ items: [] })
  })

  test('who owns a book is never taken from the request', async () => {
    for (const extra of [{ owner: 'x' }, { sub: 'x' }, { id: 'x' }, { cover: 'x' }, { __proto__x: 1 }]) {
      const answer = await books.call('POST', '/books', bob, { title: 'T', author: 'A', ...extra })
      problem(answer, 422, 'invalid_fields')
      expect(Object.keys(answer.json.errors)).toEqual(Object.keys(extra))
    }
    const { sub } = decodeJwt(bob)
    const spoofed = await books.call('GET', `/books?owner=${sub}`, ada)
    problem(spoofed, 422, 'invalid_fields')
  })

  test('ids that are none of ours are 404, whatever they are', async () => {
    for (const id of ['1', '..%2f..%2fetc', "'%20OR%201=1--", '%00', 'x'.repeat(90), '%F0%9F%98%80'])
      problem(await books.call('GET', `/books/${id}`, ada), 404, 'not_found')
  })
})

test('lists page by page, newest first, and search looks at title and author in any case', async () => {
  const reader = await books.person()
  for (let at = 1; at <= 7; at++)
    await books.call('POST', '/books', reader, {
      title: `Volume ${at}`,
      author: at === 3 ? 'Émile Zola' : 'Anon',
    })
  const seen: string[] = []
  let cursor = ''
  do {
    const { json } = await books.call('GET', `/books?limit=3${cursor}`, reader)
    expect(json.items.length).toBeLessThanOrEqual(3)
    seen.push(...json.items.map(({ title }: { title: string }) => title))
    cursor = json.next_cursor ? `&cursor=${json.next_cursor}` : ''
  } while (cursor)
  expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map((at) => `Volume ${at}`))
  const found = async (search: string) =>
    (await books.call('GET', `/books?search=${encodeURIComponent(search)}`, reader)).json.items.length
  expect([await found('éMILE'), await found('volume'), await found('%'), await found('')]).toEqual([
    1, 7, 0, 7,
  ])
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=x',
    'cursor=x',
    'cursor=9e99',
    'limit=1&limit=2',
    'page=2',
  ])
    problem(await books.call('GET', `/books?${query}`, reader), 422, 'invalid_fields')
})

describe('what is wrong is named', () => {
  test.each<[string, unknown, string[]]>([
    ['nothing', {}, ['title', 'author']],
    ['an empty title', { title: '  ', author: 'A' }, ['title']],
    ['a long title', { title: 'x'.repeat(201), author: 'A' }, ['title']],
    ['a NUL', { title: 'a\0b', author: 'A' }, ['title']],
    ['half a character', { title: 'a\ud800', author: 'A' }, ['title']],
    ['a number for a title', { title: 1, author: 'A' }, ['title']],
    ['a year that is none', { title: 'T', author: 'A', year: 'MMXX' }, ['year']],
    ['two things at once', { title: '', year: -1, author: 'A' }, ['title', 'year']],
    ['a list', [], ['body']],
  ])('%s', async (_, body, fields) => {
    const answer = await books.call('POST', '/books', ada, body)
    problem(answer, 422, 'invalid_fields')
    expect(Object.keys(answer.json.errors).sort()).toEqual([...fields].sort())
  })

  test('400 for JSON that cannot be read, 413 for too much of it, 415 for anything else', async () => {
    const json = { 'content-type': 'application/json' }
    problem(await books.call('POST', '/books', ada, '{"title":', json), 400, 'bad_request')
    problem(await books.call('POST', '/books', ada, '{"__proto__":{}}', json), 400, 'bad_request')
    const huge = JSON.stringify({ title: 'T', author: 'A', description: 'x'.repeat(20_000) })
    problem(await books.call('POST', '/books', ada, huge, json), 413, 'payload_too_large')
    const deep = '['.repeat(8000) + ']'.repeat(8000)
    problem(await books.call('POST', '/books', ada, deep, json), 422, 'invalid_fields')
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded'])
      problem(
        await books.call('POST', '/books', ada, 'title=T', { 'content-type': type }),
        415,
        'unsupported_media_type',
      )
    problem(await books.call('GET', '/nothing', ada), 404, 'not_found')
  })
})

describe('scopes', () => {
  test('a token that may read cannot write, and the other way round', async () => {
    const reader = await books.person('openid books:read')
    const writer = await books.person('openid books:write')
    const refused = await books.call('POST', '/books', reader, emma)
    problem(refused, 403, 'insufficient_scope')
    expect(refused.headers.get('www-authenticate')).toContain('scope="books:write"')
    problem(await books.call('GET', '/books', writer), 403, 'insufficient_scope')
    expect((await books.call('POST', '/books', writer, emma)).status).toBe(201)
    problem(await books.call('GET', '/reports/counts', ada), 403, 'insufficient_scope')
  })

  test('the report is for machines: a person’s token does not do, even with the scope', async () => {
    const curious = await books.person('openid books:report')
    expect(decodeJwt(curious)).toMatchObject({ scope: 'openid books:report' })
    problem(await books.call('GET', '/reports/counts', curious), 403, 'machines_only')
  })

  test('other tokens of the same server do not do: id_token, opaque, refresh, another API’s', async () => {
    const { latchkey } = books
    await latchkey.services.resources.add({ identifier: 'https://films.example', scope: 'films:read' })
    const filmToken = await machine('films:read', 'films:read')
    expect(decodeJwt(filmToken)).toMatchObject({ aud: 'https://films.example' })
    problem(await books.call('GET', '/books', filmToken), 401, 'invalid_token')
    const opaque = await books.person('openid')
    expect(opaque).not.toContain('.')
    problem(await books.call('GET', '/books', opaque), 401, 'invalid_token')
  })
})

async function machine(allowed: string, scope: string, headers: Record<string, string> = {}) {
  const { latchkey } = books
  const client = await latchkey.createClient({
    grant_types: ['client_credentials'],
    redirect_uris: [],
    scope: allowed,
  })
  const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')
  const response = await fetch(`${latchkey.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, ...headers },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  })
  const { access_token } = (await response.json()) as { access_token: string }
  return access_token
}

test('the report job gets its own token and counts, by owner, without a title', async () => {
  const { latchkey, url } = books
  const client = await latchkey.createClient({
    grant_types: ['client_credentials'],
    redirect_uris: [],
    scope: 'books:report',
  })
  const options = { issuer: latchkey.issuer, api: url, clientId: client.client_id }
  const report = await fetchReport({ ...options, clientSecret: String(client.client_secret) })
  const { json } = await books.call('GET', '/books?limit=100', bob)
  expect(report.owners).toContainEqual({ owner: decodeJwt(bob).sub, books: json.items.length })
  expect(report.total).toBe(report.owners.reduce((sum, each) => sum + each.books, 0))
  expect(JSON.stringify(report)).not.toMatch(/emma|volume/i)
  await expect(fetchReport({ ...options, clientSecret: 'wrong' })).rejects.toThrow()
})

test('a key-bound token of Latchkey works with its proof, once, and not without', async () => {
  const prover = await createProver()
  const { latchkey, url } = books
  const ask = await prove(prover, 'POST', `${latchkey.issuer}/token`)
  const token = await machine('books:read', 'books:read', { dpop: ask })
  expect(decodeJwt(token).cnf).toEqual({ jkt: prover.jkt })
  problem(await books.call('GET', '/books', token), 401, 'invalid_token')
  const dpop = await prove(prover, 'GET', `${url}/books`, { accessToken: token })
  const headers = { authorization: `DPoP ${token}`, dpop }
  expect((await books.call('GET', '/books?limit=5', undefined, undefined, headers)).json).toEqual({
    items: [],
  })
  problem(await books.call('GET', '/books?limit=5', undefined, undefined, headers), 401, 'invalid_dpop_proof')
})

test('the metadata leads from the API to its issuer', async () => {
  const refused = await books.call('GET', '/books')
  const address = /resource_metadata="([^"]+)"/.exec(String(refused.headers.get('www-authenticate')))?.[1]
  const metadata = await (await fetch(String(address))).json()
  expect(metadata).toMatchObject({
    resource: books.url,
    authorization_servers: [books.latchkey.issuer],
    scopes_supported: ['books:read', 'books:report', 'books:write'],
  })
})

test('429 with Retry-After when one person asks too much; others are not slowed', async () => {
  const own = await startBooks({ requestsPerMinute: 5 })
  const [one, two] = [await own.person(), await own.person()]
  for (let time = 0; time < 5; time++) expect((await own.call('GET', '/books', one)).status).toBe(200)
  const refused = await own.call('GET', '/books', one)
  problem(refused, 429, 'too_many_requests')
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await own.call('GET', '/books', two)).status).toBe(200)
  expect((await own.call('GET', '/health')).json).toEqual({ status: 'ok' })
  await own.stop()
})
