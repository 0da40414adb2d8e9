import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { get, redirectUri, type TestClient } from '../security/attacker.ts'
import { engines } from '../support/latchkey.ts'
import { type Desk, openDesk, referenceOf } from './requests.ts'

describe.each(engines)('the console explains refused requests on %s', (engine) => {
  let desk: Desk
  let shift = 0
  beforeAll(async () => {
    desk = await openDesk({ engine, clock: () => Date.now() + shift })
  })
  afterAll(() => desk.close())

  const refused = async (client: TestClient, redirect_uri = `${redirectUri}/`) => {
    const url = desk.fixture.authorizeUrl(client, { redirect_uri })
    const answer = await get(url)
    expect(answer.status).toBe(400)
    return { url, reference: referenceOf(answer) }
  }
  const address = (path: string) => `${desk.latchkey.issuer}${path}`
  const uris = async (client: TestClient) =>
    (await desk.latchkey.services.clients.get(client.client_id)).redirect_uris

  test('from the reference of the error page to the explanation', async () => {
    const client = await desk.fixture.client({ client_name: 'Harbour Notes' })
    const { reference } = await refused(client)
    const { browser } = await signedIn(desk.latchkey)
    const list = await browser.open(address('/admin/rejections'))
    expect(list.text).toContain('Harbour Notes')
    const page = await browser.submit(list, { Reference: ` ${reference} ` }, { button: 'Explain' })
    expect(page.url.pathname).toBe(`/admin/rejections/${reference}`)
    expect(page.text).toContain('Extra trailing slash')
    expect(page.body).toMatch(
      /https:\/\/app\.example\/callback<ins class="marked[^>]*><span[^>]*> \(added: <\/span>\/</,
    )
    expect(page.links.map(({ href }) => href)).toContain(`/admin/clients/${client.client_id}`)
    const nothing = await browser.submit(list, { Reference: crypto.randomUUID() }, { button: 'Explain' })
    expect(nothing.text).toContain('Nothing is kept under this reference')
  })

  test('the error page leads an administrator to the explanation, and nobody else', async () => {
    const client = await desk.fixture.client()
    const { browser } = await signedIn(desk.latchkey)
    const url = desk.fixture.authorizeUrl(client, { redirect_uri: `${redirectUri}/` })
    const words = 'What was wrong with the request, and how to mend it'
    const explained = await browser.follow(await browser.open(url), words)
    expect(explained.text).toContain('Extra trailing slash')
    const { browser: person } = await signedIn(desk.latchkey, 'user')
    for (const text of [(await person.open(url)).text, (await get(url)).text])
      expect(text).not.toContain(words)
  })

  test('one click registers what was sent, and then the same request passes', async () => {
    const client = await desk.fixture.client()
    const { url, reference } = await refused(client)
    const { browser } = await signedIn(desk.latchkey)
    const page = await browser.open(address(`/admin/rejections/${reference}`))
    const confirm = await browser.follow(page, 'Register what was sent …')
    expect(confirm.body).toContain(`added: </span>${redirectUri}/<`)
    const done = await browser.submit(confirm, {}, { button: 'Add it' })
    expect(done.url.pathname).toBe(`/admin/rejections/${reference}`)
    expect(done.text).toContain('The same request passes from now on')
    expect(done.text).not.toContain('Register what was sent')
    expect(done.text).toContain('has been registered since')
    expect(await uris(client)).toEqual([redirectUri, `${redirectUri}/`])
    const again = await get(url)
    expect([again.status, again.headers.get('location')]).toEqual([303, expect.stringMatching(/^\/inter/)])
  })

  test('it is audited: who, from what to what', async () => {
    const client = await desk.fixture.client()
    const { reference } = await refused(client)
    const admin = await signedIn(desk.latchkey)
    const confirm = await admin.browser.open(address(`/admin/rejections/${reference}/fix`))
    await admin.browser.submit(confirm, {}, { button: 'Replace the old one' })
    expect(await uris(client)).toEqual([`${redirectUri}/`])
    const entry = await desk.latchkey.services.db.prisma.auditEntry.findFirstOrThrow({
      where: { action: 'client.updated', targetId: client.client_id },
    })
    expect(entry).toMatchObject({ actorKind: 'account', actorId: admin.id })
    expect(JSON.parse(entry.details)).toMatchObject({
      before: { redirect_uris: [redirectUri] },
      after: { redirect_uris: [`${redirectUri}/`] },
    })
  })

  test('a stale page changes nothing: it is shown anew', async () => {
    const client = await desk.fixture.client()
    const { reference } = await refused(client)
    const { browser } = await signedIn(desk.latchkey)
    const confirm = await browser.open(address(`/admin/rejections/${reference}/fix`))
    const others = [redirectUri, 'https://app.example/second']
    await desk.latchkey.services.clients.update(client.client_id, { redirect_uris: others })
    const stale = await browser.submit(confirm, {}, { button: 'Add it' })
    expect(stale.status).toBe(409)
    expect(stale.body).toContain('role="alert"')
    expect(stale.text).toContain('https://app.example/second')
    expect(await uris(client)).toEqual(others)
    await browser.submit(stale, {}, { button: 'Add it' })
    expect(await uris(client)).toEqual([...others, `${redirectUri}/`])
  })

  test('two who press at once register it once', async () => {
    const client = await desk.fixture.client()
    const { reference } = await refused(client)
    const pressed = await Promise.all(
      [1, 2].map(async () => {
        const { browser } = await signedIn(desk.latchkey)
        const confirm = await browser.open(address(`/admin/rejections/${reference}/fix`))
        return browser.prepare(confirm, {}, { button: 'Add it' }) && { browser, confirm }
      }),
    )
    const statuses = await Promise.all(
      pressed.map(
        async ({ browser, confirm }) => (await browser.submit(confirm, {}, { button: 'Add it' })).status,
      ),
    )
    expect(statuses.sort()).toEqual([200, 409])
    expect(await uris(client)).toEqual([redirectUri, `${redirectUri}/`])
  })

  test('auditors read, and are offered and allowed no change; others see nothing', async () => {
    const client = await desk.fixture.client()
    const { reference } = await refused(client)
    const auditor = await signedIn(desk.latchkey, 'auditor')
    const page = await auditor.browser.open(address(`/admin/rejections/${reference}`))
    expect(page.text).toContain('Extra trailing slash')
    expect(page.text).not.toContain('Register what was sent')
    const confirm = await auditor.browser.open(address(`/admin/rejections/${reference}/fix`))
    expect(confirm.text).not.toContain('Add it Add it')
    const admin = await signedIn(desk.latchkey)
    const form = await admin.browser.open(address(`/admin/rejections/${reference}/fix`))
    const prepared = admin.browser.prepare(form, {}, { button: 'Add it' })
    expect((await auditor.browser.visit(prepared)).status).toBe(403)
    const user = await signedIn(desk.latchkey, 'user')
    expect((await user.browser.open(address(`/admin/rejections/${reference}`))).status).toBe(403)
    expect(await uris(client)).toEqual([redirectUri])
  })

  test('a change asks for a sign-in of the last fifteen minutes', async () => {
    const client = await desk.fixture.client()
    const { reference } = await refused(client)
    const { browser } = await signedIn(desk.latchkey)
    const confirm = await browser.open(address(`/admin/rejections/${reference}/fix`))
    shift = 16 * 60_000
    try {
      const login = await browser.submit(confirm, {}, { button: 'Add it' })
      expect(login.url.pathname).toBe('/login')
      expect(login.url.searchParams.get('return_to')).toMatch(/^\/confirm\//)
    } finally {
      shift = 0
    }
    expect(await uris(client)).toEqual([redirectUri])
  })

  test('the list filters by client, error and request, and pages', async () => {
    const client = await desk.fixture.client({ client_name: 'Filtered app' })
    const other = await desk.fixture.client({ client_name: 'Not this one' })
    await refused(client)
    await refused(other)
    await desk.fixture.token(client, { grant_type: 'password' })
    const { browser } = await signedIn(desk.latchkey)
    const list = await browser.open(address('/admin/rejections'))
    const mine = await browser.submit(
      list,
      { 'Client ID': client.client_id, Request: '' },
      { button: 'Filter' },
    )
    expect(mine.text).toContain('Filtered app')
    expect(mine.text).toContain('unsupported_grant_type')
    expect(mine.body).not.toContain('<td>Not this one</td>')
    const tokens = await browser.submit(
      list,
      { 'Client ID': client.client_id, Request: 'token' },
      { button: 'Filter' },
    )
    expect(tokens.body).toContain('<code>unsupported_grant_type</code>')
    expect(tokens.body).not.toContain('<code>invalid_redirect_uri</code>')
    const chip = /<a href="([^"]+)">unsupported_grant_type <small>(\d+)</.exec(mine.body)
    expect(Number(chip?.[2])).toBeGreaterThan(0)
    const narrowed = await browser.open(address(String(chip?.[1]).replaceAll('&amp;', '&')))
    expect(narrowed.url.searchParams.get('client')).toBe(client.client_id)
    expect(narrowed.body).toContain('<code>unsupported_grant_type</code>')
    expect(narrowed.body).not.toContain('<code>invalid_redirect_uri</code>')
    expect(narrowed.body).toMatch(/aria-current="true">unsupported_grant_type/)
    // An error that there is none of any more can be taken off still.
    const gone = await browser.open(address('/admin/rejections?error=gone_by_now'))
    expect(gone.body).toContain('<a href="/admin/rejections" aria-current="true">gone_by_now <small>0<')
    const none = await browser.submit(list, { 'Client ID': 'lk_none' }, { button: 'Filter' })
    expect(none.text).toContain('Nothing matches')

    const { rejections } = desk.latchkey.services
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await rejections.list({ limit: 2, cursor })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.next_cursor
    } while (cursor !== undefined)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBe(await desk.latchkey.services.db.prisma.rejection.count())
    await expect(rejections.list({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_page' })
  })

  test('bytes that no database takes break no page', async () => {
    const client = await desk.fixture.client()
    const { browser } = await signedIn(desk.latchkey)
    const strange = 'a\0b\u202e\ud800c'
    for (const parameters of [
      { client_id: strange },
      { redirect_uri: `https://app.example/${strange}` },
      { scope: strange },
      { response_type: strange },
      { resource: strange },
    ]) {
      const answer = await get(desk.fixture.authorizeUrl(client, parameters))
      const page = await browser.open(address(`/admin/rejections/${referenceOf(answer)}`))
      expect([Object.keys(parameters), page.status]).toEqual([Object.keys(parameters), 200])
      expect(page.text).toContain('Sent against registered')
    }
    for (const query of ['client=%00', 'error=%00', 'endpoint=%00', 'reference=%00', 'client=a&client=b'])
      expect((await browser.open(address(`/admin/rejections?${query}`))).status).toBe(200)
    expect((await browser.open(address('/admin/rejections?cursor=%00'))).status).toBe(400)
    expect((await browser.open(address('/admin/rejections/%00'))).status).toBe(404)
  })

  test('what an app sends is text on these pages', async () => {
    const client = await desk.fixture.client()
    const { reference } = await refused(client, 'https://app.example/"><script>alert(1)</script>')
    const { browser } = await signedIn(desk.latchkey)
    const page = await browser.open(address(`/admin/rejections/${reference}`))
    expect(page.status).toBe(200)
    expect(page.body).not.toContain('<script>alert')
  })
})
