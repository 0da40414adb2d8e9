import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { PAGE } from '../../../src/admin/console/page-links.ts'
import type { HttpBrowser } from '../../support/flow.ts'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { signedIn } from '../console.ts'

const MANY = 10_000

describe(`a list of ${MANY} clients`, () => {
  let latchkey: Latchkey
  let browser: HttpBrowser

  beforeAll(async () => {
    latchkey = await startLatchkey({ background: false })
    browser = (await signedIn(latchkey)).browser
    const metadata = (i: number) =>
      JSON.stringify({
        client_name: `App ${i}`,
        redirect_uris: [`https://app-${i}.example/callback`],
        post_logout_redirect_uris: [],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        application_type: 'web',
        id_token_signed_response_alg: 'RS256',
      })
    const rows = Array.from({ length: MANY }, (_, i) => ({
      id: `lk_${i.toString(16).padStart(32, '0')}`,
      name: `App ${i}`,
      metadata: metadata(i),
      createdAt: new Date(Date.UTC(2026, 0, 1) + Math.floor(i / 3)),
    }))
    const { prisma } = latchkey.services.db
    for (let i = 0; i < MANY; i += 100) {
      const some = rows.slice(i, i + 100)
      await prisma.client.createMany({ data: some })
      await prisma.clientSecret.createMany({
        data: some.map(({ id }) => ({ id: `s-${id}`, clientId: id, hash: `h-${id}` })),
      })
    }
  })
  afterAll(() => latchkey?.stop())

  /** How many statements on clients and secrets a page takes. */
  async function statementsOf(path: string): Promise<number> {
    const prepared = vi.spyOn(Database.prototype, 'prepare')
    const reads = vi.spyOn(latchkey.services.db.reads, 'all')
    const page = await browser.open(`${latchkey.issuer}/admin/clients${path}`)
    expect(page.status).toBe(200)
    const texts = [...prepared.mock.calls, ...reads.mock.calls].map(([text]) => String(text))
    vi.restoreAllMocks()
    return texts.filter((text) => /client_secrets|\bclients\b/.test(text)).length
  }
  const rowsOf = (body: string) =>
    [...body.matchAll(/href="\/admin\/clients\/(lk_[0-9a-f]{32})"/g)].map(([, id]) => id)

  test('is walked page by page, each client once', async () => {
    const seen: (string | undefined)[] = []
    let page = await browser.open(`${latchkey.issuer}/admin/clients`)
    for (let pages = 1; pages < 4; pages++) {
      seen.push(...rowsOf(page.body))
      page = await browser.follow(page, 'Next page')
    }
    expect(seen).toHaveLength(3 * PAGE)
    expect(new Set(seen).size).toBe(3 * PAGE)
    expect(seen[0]).toBe(`lk_${(MANY - 1).toString(16).padStart(32, '0')}`)
  })

  test('a whole page takes as many statements as a page of one', async () => {
    await statementsOf('')
    const whole = await statementsOf('')
    expect(whole).toBeLessThanOrEqual(4)
    await statementsOf('?q=App+77')
    const searched = await statementsOf('?q=App+77')
    const one = await statementsOf('?q=app-7777.example')
    expect(searched).toBe(one)
    expect(searched).toBeLessThanOrEqual(6)
  })

  test('the search goes on over pages, and keeps its words', async () => {
    const first = await browser.open(`${latchkey.issuer}/admin/clients?q=App+7`)
    expect(rowsOf(first.body)).toHaveLength(PAGE)
    const second = await browser.follow(first, 'Next page')
    expect(second.url.searchParams.get('q')).toBe('App 7')
    expect(rowsOf(second.body).some((id) => rowsOf(first.body).includes(id))).toBe(false)
    expect((await browser.follow(second, 'First page')).url.searchParams.get('q')).toBe('App 7')
  })

  test('the form finds by redirect URI and by client ID', async () => {
    const page = await browser.open(`${latchkey.issuer}/admin/clients`)
    const byUri = await browser.submit(page, { q: 'app-4242.example' }, { button: 'Search' })
    expect(byUri.text).toContain('App 4242')
    expect(rowsOf(byUri.body)).toHaveLength(1)
    const id = rowsOf(byUri.body)[0] ?? ''
    expect(rowsOf((await browser.submit(page, { q: id }, { button: 'Search' })).body)).toEqual([id])
    const none = await browser.submit(page, { q: '<b>no such</b>' }, { button: 'Search' })
    expect(none.text).toContain('No client has “<b>no such</b>”')
    expect(none.body).not.toContain('<b>no such')
  })

  test.each(['?cursor=garbage', '?cursor=W10', '?q=a&cursor=bm8'])(
    'a cursor that is none of ours is refused: %s',
    async (query) => {
      expect((await browser.open(`${latchkey.issuer}/admin/clients${query}`)).status).toBe(400)
    },
  )
})
