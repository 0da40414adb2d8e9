/** What an administrator who reads German is told by what they do: what is saved, refused, shown once, and asked before it is deleted. No page of it says anything in English. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describedTexts } from '../../scripts/checks/described.ts'
import { catalogueOf } from '../../src/shared/locales/catalogue.ts'
import { englishOnly, saidOn } from '../locales/english.ts'
import { type BrowserPage, createHttpBrowser } from '../support/flow.ts'
import { PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { PAGES_OF_APIS } from './german/apis.ts'
import { PAGES_OF_DEFINITIONS } from './german/definitions.ts'
import type { GermanPage, Visit } from './german/page.ts'
import { PAGES_OF_PROVIDERS } from './german/providers.ts'
import { PAGES_OF_WEBHOOKS } from './german/webhooks.ts'

const areas = readdirSync('locales/admin')
  .filter((file) => file.endsWith('.en.json'))
  .map((file) => file.slice(0, -'.en.json'.length))
const textsOf = (area: string, tag: string): Record<string, string> =>
  JSON.parse(readFileSync(`locales/admin/${area}.${tag}.json`, 'utf8'))

const german = [
  ...areas.flatMap((area) => Object.values(textsOf(area, 'de'))),
  ...Object.values(catalogueOf('de')),
]
/** What each area says in English alone, its table too. */
const words = Object.fromEntries(
  areas.map((area) => {
    const english = Object.entries({ ...describedTexts(), ...textsOf(area, 'en') })
    const ofArea = english.filter(([key]) => key.startsWith(`admin.${area}.`)).map(([, text]) => text)
    return [area, englishOnly(ofArea, german)]
  }),
)
const englishOn = (page: BrowserPage, area: string): string[] => {
  const ofArea = words[area]
  if (ofArea === undefined) throw new Error(`no area is called ${area}`)
  return saidOn(page, ofArea)
}

let visit: Visit
beforeAll(async () => {
  const latchkey = await startLatchkey()
  const account = { username: 'petra', email: 'petra@example.com', password: PASSWORD }
  await latchkey.services.accounts.createByAdmin({ ...account, verified: true, role: 'admin' })
  const browser = createHttpBrowser({ headers: { 'accept-language': 'de' } })
  const login = await browser.open(`${latchkey.issuer}/login?return_to=/account`)
  await browser.submit(
    login,
    { identifier: 'petra', password: PASSWORD },
    { form: (form) => new URL(form.action, login.url).pathname === '/login' },
  )
  visit = {
    latchkey,
    open: (path) => browser.open(`${latchkey.issuer}${path}`),
    follow(page, beginning) {
      const link = page.links.find(({ text }) => text.startsWith(beginning))
      return browser.follow(page, link?.text ?? beginning)
    },
    send(page, action, values = {}) {
      const there = page.forms.filter((form) => new URL(form.action, page.url).pathname === action)
      // Beside a list the form of the search has the same address as the one that adds.
      const meant = there.find(({ method }) => method === 'post') ?? there[0]
      return browser.submit(page, values, { form: (form) => form === meant })
    },
  }
})
afterAll(() => visit?.latchkey.stop())

/** Each area adds its pages, in a file of its own. They are opened in this order, by one administrator. */
const PAGES: readonly GermanPage[] = [
  ...PAGES_OF_APIS,
  ...PAGES_OF_DEFINITIONS,
  ...PAGES_OF_PROVIDERS,
  ...PAGES_OF_WEBHOOKS,
]

for (const [name, open, said, status = 200] of PAGES)
  test(name, async () => {
    const page = await open(visit)
    const [of = ''] = name.split(':', 1)
    const english = of.split(', ').flatMap((area) => englishOn(page, area))
    expect.soft(english, page.url.href).toEqual([])
    expect.soft(page.body).toMatch(/<html[^>]* lang="de"/)
    expect.soft(page.status, page.text).toBe(status)
    expect.soft(page.text, page.url.href).toMatch(said)
  })

test('the comparison finds English', async () => {
  const english = createHttpBrowser()
  const login = await english.open(`${visit.latchkey.issuer}/login?return_to=/admin/resources`)
  const page = await english.signIn(login, { identifier: 'petra', password: PASSWORD })
  expect(englishOn(page, 'resources')).toEqual(expect.arrayContaining(['Token lifetime', 'Add an API']))
})
