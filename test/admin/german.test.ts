/** What an administrator who reads German comes to read: each page of the console, area by area. Nothing that an area says in English stands on it. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describedTexts } from '../../scripts/checks/described.ts'
import { englishOnly, saidOn, type Words } from '../locales/english.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const HEADERS = { 'accept-language': 'de' }

/** What is there for the pages to show. */
interface Things {
  client: string
  user: string
}

/** The pages of each area, by the name of its catalogue: a row a page, with the things that its address names. */
const PAGES: Readonly<Record<string, readonly ((things: Things) => string)[]>> = {
  audit: [
    () => '/admin/audit',
    () => '/admin/audit?text=nothing-has-this',
    () => '/admin/audit?from=broken',
    () => '/admin/audit/1',
    ({ user }) => `/admin/audit?target=${user}`,
  ],
  dashboard: [() => '/admin'],
}

const read = (area: string, tag: string) =>
  Object.values(
    JSON.parse(readFileSync(`locales/admin/${area}.${tag}.json`, 'utf8')) as Record<string, string>,
  )

/** What an area says in English alone, with what every page of the console says. */
const englishOf = (area: string): Words => {
  const areas = [area, 'common', 'frame']
  const tables = Object.entries(describedTexts()).filter(([key]) =>
    areas.some((each) => key.startsWith(`admin.${each}.`)),
  )
  return englishOnly(
    [...areas.flatMap((each) => read(each, 'en')), ...tables.map(([, english]) => english)],
    areas.flatMap((each) => read(each, 'de')),
  )
}

let latchkey: Latchkey
let things: Things
let german: Awaited<ReturnType<typeof signedIn>>
beforeAll(async () => {
  latchkey = await startLatchkey()
  german = await signedIn(latchkey, 'admin', HEADERS)
  const { client_id: client } = await latchkey.createClient({ client_name: 'Kontor' })
  things = { client, user: (await latchkey.createUser('lotse')).id }
})
afterAll(() => latchkey?.stop())

test('the comparison finds English', async () => {
  const { browser } = await signedIn(latchkey)
  const page = await browser.open(`${latchkey.issuer}/admin/audit`)
  expect(saidOn(page, englishOf('audit'))).toEqual(expect.arrayContaining(['Integrity', 'Verify now']))
})

describe.each(Object.entries(PAGES))('%s', (area, pages) => {
  const words = englishOf(area)
  test.each(pages.map((page) => [page]))('%s', async (address) => {
    const page = await german.browser.open(`${latchkey.issuer}${address(things)}`)
    expect(page.status, page.text).toBeLessThan(500)
    expect(page.body).toContain('<html lang="de" dir="ltr">')
    expect(saidOn(page, words), page.url.href).toEqual([])
  })
})
