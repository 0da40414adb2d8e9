import ExifReader from 'exifreader'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { photoWithPlace, png, pngChunk, smallJpeg, webp } from '../../support/pictures.ts'
import { type Person, person, press } from './person.ts'

const PNG = png()
const WEBP = webp()
/** A PNG of so many bytes. */
const pngOf = (length: number) =>
  png({ extra: [pngChunk('iCCP', Buffer.alloc(length - PNG.length - 12, 7))] })

describe.each(engines)('pictures, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())

  const accounts = () => latchkey.services.accounts
  const pictureOf = async ({ id }: Person) => (await accounts().byId(id))?.picture ?? ''

  /** As a browser sends the form, with the token of its page. */
  async function upload({ browser }: Person, file: Buffer, change: (form: FormData) => void = () => {}) {
    const page = await browser.open(`${latchkey.issuer}/account`)
    const token = page.forms[0]?.fields.find(({ name }) => name === 'csrf_token')?.value ?? ''
    const form = new FormData()
    form.set('csrf_token', token)
    form.set('picture', new Blob([new Uint8Array(file)]), 'me.png')
    change(form)
    const answer = await fetch(`${latchkey.issuer}/account/picture`, {
      method: 'POST',
      body: form,
      redirect: 'manual',
      headers: { cookie: browser.cookies.header(page.url) ?? '', 'sec-fetch-site': 'same-origin' },
    })
    const to = new URL(answer.headers.get('location') ?? '', latchkey.issuer)
    browser.cookies.store(to, answer.headers.getSetCookie())
    return { answer, page: await browser.open(to) }
  }

  test.each([
    ['image/png', PNG],
    ['image/webp', WEBP],
  ])('%s is known by its bytes, kept, served to everybody, and is the claim', async (type, file) => {
    const who = await person(latchkey)
    const { page } = await upload(who, file)
    expect(page.text).toContain('Your picture is saved.')
    const address = await pictureOf(who)
    expect(address).toMatch(new RegExp(`^${latchkey.issuer}/pictures/[\\w-]{22}$`))
    expect(page.body).toContain(`src="${new URL(address).pathname}"`)
    const served = await fetch(address)
    expect(Buffer.from(await served.arrayBuffer())).toEqual(file)
    expect(Object.fromEntries(served.headers)).toMatchObject({
      'content-type': type,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'public, max-age=31536000, immutable',
    })
  })

  test.each([
    [
      'a program',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
      'PNG, JPEG or WebP',
    ],
    ['a page', Buffer.from('<!doctype html><script>alert(1)</script>'), 'PNG, JPEG or WebP'],
    ['too large', pngOf(512 * 1024 + 1), 'at most 512 KiB'],
    ['damaged', PNG.subarray(0, -4), 'This picture is damaged'],
    ['huge', png({ width: 5000, height: 1 }), 'at most 4096 pixels'],
    ['nothing', Buffer.alloc(0), 'Choose a picture.'],
  ])('%s is refused beside the field', async (_what, file, words) => {
    const who = await person(latchkey)
    const { page } = await upload(who, file)
    expect(page.status).toBe(422)
    expect(page.body).toContain('id="field-picture-error"')
    expect(page.text).toContain(words)
    expect(await pictureOf(who)).toBe('')
  })

  test('a photo is kept and served without where it was taken', async () => {
    const who = await person(latchkey)
    await upload(who, photoWithPlace())
    const served = Buffer.from(await (await fetch(await pictureOf(who))).arrayBuffer())
    const row = await latchkey.services.db.prisma.accountPicture.findUnique({ where: { accountId: who.id } })
    expect(served.equals(Buffer.from(row?.bytes ?? []))).toBe(true)
    expect(ExifReader.load(photoWithPlace(), { expanded: true }).gps).toBeDefined()
    expect(Object.keys(ExifReader.load(served, { expanded: true })).toSorted()).toEqual(['file', 'jfif'])
  })

  test('the largest that is allowed is kept', async () => {
    const who = await person(latchkey)
    await upload(who, pngOf(512 * 1024))
    expect((await (await fetch(await pictureOf(who))).arrayBuffer()).byteLength).toBe(512 * 1024)
  })

  test('a form without a token of its browser, or from another site, changes nothing', async () => {
    const who = await person(latchkey)
    expect((await upload(who, PNG, (form) => form.delete('csrf_token'))).page.status).toBe(403)
    expect((await upload(who, PNG, (form) => form.set('csrf_token', 'x'))).page.status).toBe(403)
    const twice = await upload(who, PNG, (form) => form.append('csrf_token', 'x'))
    expect(twice.page.status).toBe(400)
    expect(await pictureOf(who)).toBe('')
  })

  test('another one, one elsewhere, or none: the one before is not served any more, and not kept', async () => {
    const who = await person(latchkey)
    const rows = () => latchkey.services.db.prisma.accountPicture.count({ where: { accountId: who.id } })
    await upload(who, PNG)
    const first = await pictureOf(who)
    await upload(who, WEBP)
    const second = await pictureOf(who)
    expect((await fetch(first)).status).toBe(404)
    expect((await fetch(second)).status).toBe(200)
    await press(latchkey, who, '/account', 'Use this picture', {
      'Address of the picture': 'https://img.example/ada.png',
    })
    expect(await pictureOf(who)).toBe('https://img.example/ada.png')
    // No other server is asked by the page: it would learn who looks at their account.
    expect((await who.browser.open(`${latchkey.issuer}/account`)).body).not.toContain('<img')
    expect((await fetch(second)).status).toBe(404)
    expect(await rows()).toBe(0)
    await upload(who, smallJpeg())
    expect(await rows()).toBe(1)
    const removed = await press(latchkey, who, '/account', 'Remove the picture')
    expect(removed.text).toContain('Your picture is removed.')
    expect([await rows(), await pictureOf(who)]).toEqual([0, ''])
  })

  test('it ends with its account', async () => {
    const who = await person(latchkey)
    await upload(who, PNG)
    const address = await pictureOf(who)
    await accounts().delete(who.id)
    expect((await fetch(address)).status).toBe(404)
    expect((await fetch(`${latchkey.issuer}/pictures/${'a'.repeat(22)}`)).status).toBe(404)
  })

  test('an address that is none is refused beside its field; an administrator can save what was uploaded', async () => {
    const who = await person(latchkey)
    const refused = await press(latchkey, who, '/account', 'Use this picture', {
      'Address of the picture': 'http://img.example/ada.png',
    })
    expect(refused.status).toBe(422)
    expect(refused.body).toContain('id="field-picture_url-error"')
    await upload(who, PNG)
    const picture = await pictureOf(who)
    await accounts().updateByAdmin(who.id, { picture, nickname: 'Addie' })
    expect(await accounts().byId(who.id)).toMatchObject({ picture, nickname: 'Addie' })
  })
})
