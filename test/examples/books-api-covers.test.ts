import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCovers } from '../../examples/books-api/covers.ts'
import { MAX_COVER } from '../../examples/books-api/upload.ts'
import { type BooksFixture, form, photo, startBooks } from './books.ts'

let books: BooksFixture
let ada: string
let count = 0
beforeAll(async () => {
  books = await startBooks({ requestsPerMinute: 10_000 })
  ada = await books.person()
})
afterAll(() => books.stop())

const fields = () => ({ title: `Book ${++count}`, author: 'A' })
const upload = (bytes: Buffer | string, more: { name?: string; type?: string; field?: string } = {}) =>
  books.call('POST', '/books', ada, form(fields(), { bytes, ...more }))
const stored = () => readdirSync(join(books.dataDir, 'covers')).sort()
const solid = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'red' }, limitInputPixels: false })

/** A PNG whose header promises a size, with a few bytes of data. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const crc = Buffer.alloc(4)
    crc.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, crc])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const data = deflateSync(Buffer.alloc(1000))
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
function crc32(bytes: Buffer): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return ~crc >>> 0
}

test.each(['jpeg', 'png', 'webp'] as const)('%s is taken, whatever it is called', async (format) => {
  const bytes = await solid(64, 64).toFormat(format).toBuffer()
  const answer = await upload(bytes, { name: 'whatever.exe', type: 'application/x-msdownload' })
  expect(answer.status).toBe(201)
  expect((await books.call('GET', answer.json.thumbnail_url, ada)).headers.get('content-type')).toBe(
    'image/webp',
  )
})

describe('refused, and nothing of it is kept', () => {
  const fakes: [string, () => Promise<Buffer | string> | Buffer | string, number, string][] = [
    ['text that is called an image', () => 'hello', 415, 'not_an_image'],
    ['a page', () => '<html><script>alert(1)</script></html>', 415, 'not_an_image'],
    ['a program', () => Buffer.from('MZ\x90\0'), 415, 'not_an_image'],
    ['an SVG', () => '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 415, 'not_an_image'],
    ['a GIF', () => solid(9, 9).gif().toBuffer(), 415, 'not_an_image'],
    ['a TIFF', () => solid(9, 9).tiff().toBuffer(), 415, 'not_an_image'],
    ['an AVIF', () => solid(64, 64).avif().toBuffer(), 415, 'not_an_image'],
    ['a PDF', () => '%PDF-1.7\n', 415, 'not_an_image'],
    ['the beginning of a JPEG', () => Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 415, 'not_an_image'],
    ['half a JPEG', async () => (await photo(800, 800)).subarray(0, 3000), 422, 'damaged_image'],
    ['a PNG with a big promise', () => png(50_000, 50_000), 422, 'image_too_large'],
    ['a PNG one pixel too wide', () => png(6001, 4000), 422, 'image_too_large'],
    ['a PNG without its pixels', () => png(500, 500), 422, 'damaged_image'],
    [
      'a decompression bomb',
      () => solid(7000, 7000).png({ compressionLevel: 9 }).toBuffer(),
      422,
      'image_too_large',
    ],
    ['more bytes than allowed', () => Buffer.alloc(MAX_COVER + 1, 0xff), 413, 'payload_too_large'],
  ]
  test.each(fakes)('%s', async (_, make, status, code) => {
    const bytes = await make()
    const before = stored()
    const answer = await upload(bytes)
    expect([answer.status, answer.json.code]).toEqual([status, code])
    expect(stored()).toEqual(before)
    const { json } = await books.call('GET', `/books?search=Book ${count}`, ada)
    expect(json.items.filter(({ title }: { title: string }) => title === `Book ${count}`)).toEqual([])
  })

  test.each<[string, () => FormData, number]>([
    ['two covers', () => twice('cover'), 413],
    ['a cover in another field', () => form(fields(), { bytes: 'x', field: 'image' }), 422],
    ['a field twice', () => twice('title'), 400],
    ['a field without end', () => form({ ...fields(), description: 'x'.repeat(20_000) }), 413],
    [
      'many fields',
      () => form(Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`f${at}`, 'x']))),
      413,
    ],
    ['a field of the prototype', () => form({ ...fields(), __proto__x: '1', constructor: 'x' }), 400],
  ])('%s', async (_, data, status) => {
    const before = stored()
    const answer = await books.call('POST', '/books', ada, data())
    expect(answer.status).toBe(status)
    expect(answer.json.status).toBe(status)
    expect(stored()).toEqual(before)
  })
  function twice(field: string) {
    const data = form(fields(), { bytes: 'x' })
    data.append(field, field === 'cover' ? new Blob(['y']) : 'again')
    return data
  }

  test('a form that breaks off', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' }
    const body = '--x\r\ncontent-disposition: form-data; name="title"\r\n\r\nT'
    expect((await books.call('POST', '/books', ada, body, headers)).status).toBe(400)
    const none = { 'content-type': 'multipart/form-data' }
    const answer = await books.call('POST', '/books', ada, body, none)
    expect([400, 415]).toContain(answer.status)
  })

  test('a title that is taken: the cover that came with it is not kept', async () => {
    const same = fields()
    await books.call('POST', '/books', ada, same)
    const before = stored()
    expect((await books.call('POST', '/books', ada, form(same, { bytes: await photo() }))).status).toBe(409)
    expect(stored()).toEqual(before)
  })
})

test('one title sent ten times at once with covers: one book, and the files of one', async () => {
  const before = stored().length
  const bytes = await photo(40, 40)
  const same = fields()
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => books.call('POST', '/books', ada, form(same, { bytes }))),
  )
  const statuses = answers.map(({ status }) => status).sort()
  expect(statuses.filter((status) => status === 201)).toHaveLength(1)
  expect(statuses.every((status) => [201, 409, 429].includes(status))).toBe(true)
  expect(stored()).toHaveLength(before + 2)
})

test.each([
  '../../evil.jpg',
  '..\\..\\evil.jpg',
  '/etc/passwd',
  'C:\\evil.jpg',
  'a\0.jpg',
  '%2e%2e%2fevil.jpg',
  `${'x'.repeat(5000)}.jpg`,
  '.htaccess',
])('a file name is never used: %j', async (name) => {
  const answer = await upload(await photo(20, 20), { name })
  expect(answer.status).toBe(201)
  for (const file of stored()) expect(file).toMatch(/^[0-9a-f-]{36}-(cover|thumbnail)\.webp$/)
})

test('a cover is served so that no browser takes it for anything else', async () => {
  const { json } = await upload(await photo())
  const { headers } = await books.call('GET', json.cover_url, ada)
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'image/webp',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'content-disposition': 'inline; filename="cover.webp"',
    'cache-control': 'private, no-cache',
    'cross-origin-resource-policy': 'same-site',
  })
  const etag = String(headers.get('etag'))
  const again = await books.call('GET', json.cover_url, ada, undefined, { 'if-none-match': etag })
  expect([again.status, again.bytes.length]).toEqual([304, 0])
  expect((await books.call('GET', json.cover_url)).status).toBe(401)
})

test('a large photo is made smaller; a small one is not made larger', async () => {
  const size = async (width: number, height: number) => {
    const { json } = await upload(await solid(width, height).jpeg().toBuffer())
    const served = await books.call('GET', json.cover_url, ada)
    const { width: w, height: h } = await sharp(served.bytes).metadata()
    return [w, h]
  }
  expect(await size(3000, 1500)).toEqual([1200, 600])
  expect(await size(30, 60)).toEqual([30, 60])
})

test('twenty covers at once: two are decoded at a time, eight wait, the rest is 429 at once', async () => {
  const covers = createCovers(join(books.dataDir, 'gate'))
  const bytes = await photo(40, 40)
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => covers.save(bytes)))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  for (const result of results)
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ status: 429, code: 'busy' })
  await expect(covers.save(bytes)).resolves.toMatch(/^[0-9a-f-]{36}$/)
})
