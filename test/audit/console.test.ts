import { afterAll, beforeAll, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
let client: string
beforeAll(async () => {
  latchkey = await startLatchkey()
  const { accounts, clients, audit } = latchkey.services
  for (const [username, role] of [
    ['ada', 'admin'],
    ['olga', 'auditor'],
    ['ursula', 'user'],
  ] as const)
    await accounts.createByAdmin({
      username,
      email: `${username}@example.com`,
      password: PASSWORD,
      verified: true,
      role,
    })
  client = (await latchkey.createClient({ client_name: '<b>Books</b>' })).client_id
  await clients.update(client, { client_uri: 'https://books.example/' })
  await audit.idle()
})
afterAll(() => latchkey?.stop())

async function console(username: string, path = '/admin/audit') {
  const browser = createHttpBrowser()
  const at = `${latchkey.issuer}/login?return_to=${encodeURIComponent(path)}`
  return {
    browser,
    page: await browser.signIn(await browser.open(at), { identifier: username, password: PASSWORD }),
  }
}

test('the list says who did what; its filters are empty, and keep what was typed', async () => {
  const { browser, page } = await console('ada')
  expect(page.status).toBe(200)
  expect(page.text).toContain('changed the client <b>Books</b>')
  const filter = (form: { method: string }) => form.method === 'get'
  const fields = page.forms.find(filter)?.fields ?? []
  expect(fields.map(({ value }) => value)).toEqual(fields.map(() => ''))
  const values = { Who: 'ada', 'From day': '2026-01-01' }
  const filtered = await browser.submit(page, values, { button: 'Filter', form: filter })
  expect(filtered.text).toContain('signed in')
  expect(filtered.text).not.toContain('changed the client')
  expect(filtered.forms.find(filter)?.fields.find(({ name }) => name === 'actor')?.value).toBe('ada')
  const { items } = await latchkey.services.audit.list({ action: 'client.updated' })
  const entry = await browser.open(`${latchkey.issuer}/admin/audit/${items[0]?.seq}`)
  expect(entry.text).toContain('client_uri nothing https://books.example/')
  for (const missing of ['999', '0', 'x', '1e3', '99999999999'])
    expect((await browser.open(`${latchkey.issuer}/admin/audit/${missing}`)).status).toBe(404)
})

test('each filter is a chip that is taken off by itself', async () => {
  const path = '/admin/audit?action=client.&actor=ada&text=%3Cb%3E'
  const { browser, page } = await console('ada', path)
  const chipsOf = ({ body }: { body: string }) =>
    [...body.matchAll(/<li><a href="([^"]*)">([^<]*) <span aria-hidden="true">×/g)].map(
      ([, href = '', label = '']) => ({
        href: href.replaceAll('&amp;', '&'),
        label,
      }),
    )
  const chips = chipsOf(page)
  expect(chips.map(({ label }) => label)).toEqual(['Search: &lt;b&gt;', 'What: Clients', 'Who: ada'])
  const without = await browser.open(`${latchkey.issuer}${chips[2]?.href}`)
  expect(Object.fromEntries(without.url.searchParams)).toEqual({ action: 'client.', text: '<b>' })
  expect(chipsOf(without).map(({ label }) => label)).toEqual(['Search: &lt;b&gt;', 'What: Clients'])
  expect(chipsOf(await browser.open(`${latchkey.issuer}/admin/audit`))).toEqual([])
})

test('what is wrong with a day stands beside it, and what was typed is kept', async () => {
  const { browser } = await console('ada')
  const wrong = await browser.open(`${latchkey.issuer}/admin/audit?from=yesterday&to=2026-02-30&actor=ada`)
  expect(wrong.status).toBe(400)
  for (const [name, typed] of [
    ['from', 'yesterday'],
    ['to', '2026-02-30'],
  ]) {
    expect(wrong.body).toMatch(new RegExp(`id="field-${name}-error">Give a day or a time, like `))
    // A browser shows nothing in a date field whose value is none.
    expect(wrong.body).toMatch(
      new RegExp(`id="field-${name}" name="${name}" type="text"[^>]* value="${typed}"`),
    )
  }
  expect(wrong.text).toContain('Please check these fields: From day: Give')
  expect(wrong.text).not.toContain('Nothing matches')
  const [form] = wrong.forms.filter(({ method }) => method === 'get')
  expect(form?.fields.find(({ name }) => name === 'actor')?.value).toBe('ada')
})

test('an export has what the filters leave, and stands in the log itself', async () => {
  const { browser } = await console('ada')
  const file = await browser.open(
    `${latchkey.issuer}/admin/audit/export?format=jsonl&action=client.&target=${client}`,
  )
  expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-.*\.jsonl"$/)
  const lines = file.body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { action: string })
  expect(lines.map(({ action }) => action)).toEqual(['client.updated', 'client.created'])
  await latchkey.services.audit.idle()
  expect((await latchkey.services.audit.list({ action: 'audit.exported' })).items[0]).toMatchObject({
    actor: { name: 'ada' },
    details: { format: 'jsonl', filters: { action: 'client.' } },
  })
})

test('auditors read, export and verify; users do not get in', async () => {
  const { browser, page } = await console('olga')
  expect(page.text).toContain('Nobody has verified the log yet.')
  const verified = await browser.submit(page, {}, { button: 'Verify now' })
  expect(verified.text).toMatch(/Verified on .* by olga: \d+ entries, and nothing was changed/)
  expect((await browser.open(`${latchkey.issuer}/admin/audit/export?format=csv`)).status).toBe(200)
  const { page: refused } = await console('ursula')
  expect(refused.status).toBe(403)

  await latchkey.services.db.prisma.auditEntry.update({ where: { seq: 4 }, data: { actorName: 'eve' } })
  const broken = await browser.submit(verified, {}, { button: 'Verify now' })
  expect(broken.text).toContain('entry 4 is not what was written there')
  await latchkey.services.db.prisma.auditEntry.deleteMany({ where: { seq: { in: [6, 7] } } })
  await browser.submit(broken, {}, { button: 'Verify now' })
  const { browser: inGerman } = await signedIn(latchkey, 'auditor', { 'accept-language': 'de' })
  const german = await inGerman.open(`${latchkey.issuer}/admin/audit`)
  expect(german.text).toContain('Eintrag 4 ist nicht, was dort geschrieben wurde')
  expect(german.text).toContain('die Einträge 6 bis 7 fehlen')
  expect(german.text).toMatch(/Bemerkt am .* von olga:/)
})
