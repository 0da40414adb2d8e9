import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

describe.each(engines)('what belongs to an organization in the console, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey.stop())

  const acme = () => latchkey.services.organizations.create({ name: 'Acme <Ltd>', slug: 'acme' })

  test('a provider says whose it is, and is given to an organization or to everyone', async () => {
    const { providers } = latchkey.services
    const { id } = await acme()
    const settings = { issuer: 'https://login.acme.example' }
    await providers.add({
      ...{ id: 'acme-login', kind: 'oidc', client_id: 'latchkey', client_secret: 'given-out', settings },
    })
    const { browser } = await signedIn(latchkey)
    const open = () => browser.open(`${latchkey.issuer}/admin/providers/acme-login`)
    const page = await open()
    expect(page.text).toContain('Everyone’s')
    const wrong = await browser.submit(page, { 'Of an organization': 'nobody' }, { button: 'Save' })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('there is no organization')])
    expect(wrong.forms.flatMap(({ fields }) => fields).map(({ value }) => value)).toContain('nobody')
    const saved = await browser.submit(wrong, { 'Of an organization': 'acme' }, { button: 'Save' })
    expect(saved.text).toContain('Of the organization Acme <Ltd>')
    expect((await providers.get('acme-login')).organization).toBe(id)
    expect((await browser.open(`${latchkey.issuer}/admin/providers`)).text).toContain('Acme <Ltd>')
    const [entry] = (await latchkey.services.audit.list({ action: 'provider.updated' })).items
    expect(entry?.details).toMatchObject({
      before: { organization: null },
      after: { organization: id },
    })
    const cleared = await browser.submit(await open(), { 'Of an organization': '' }, { button: 'Save' })
    expect(cleared.text).toContain('Everyone’s')
    expect((await providers.get('acme-login')).organization).toBeNull()

    const { browser: auditor } = await signedIn(latchkey, 'auditor')
    const seen = await auditor.open(`${latchkey.issuer}/admin/providers/acme-login`)
    expect(seen.forms.flatMap(({ buttons }) => buttons.map(({ label }) => label))).not.toContain('Save')
    const form = browser.prepare(await open(), { 'Of an organization': 'acme' }, { button: 'Save' })
    expect((await auditor.visit(form)).status).toBe(403)
    expect((await providers.get('acme-login')).organization).toBeNull()
  })

  test('the list of tokens names the organization of each, and so does the page that deletes one', async () => {
    const { organizations, scimTokens } = latchkey.services
    const { id } = await organizations.create({ name: 'Globex Corporation', slug: 'globex' })
    await scimTokens.create({ name: 'Entra of Globex', organization: 'globex' })
    await scimTokens.create({ name: 'Okta of all' })
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin/scim`)
    expect(page.links.filter(({ text }) => text === 'Globex Corporation').map(({ href }) => href)).toEqual([
      `/admin/organizations/${id}`,
    ])
    expect(page.text).not.toContain(id)
    const asked = await browser.open(
      `${latchkey.issuer}/admin/scim/${(await scimTokens.list()).find(({ organization }) => organization === id)?.id}/delete`,
    )
    expect(asked.text).toContain('Globex Corporation')
  })
})
