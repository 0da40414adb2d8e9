import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const API = 'https://books.example'

describe.each(engines)('attributes and claims in the console, on %s', (engine) => {
  let latchkey: Latchkey
  let browser: HttpBrowser
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    browser = (await signedIn(latchkey)).browser
  })
  afterAll(() => latchkey.stop())
  const at = (path: string, by = browser) => by.open(`${latchkey.issuer}${path}`)

  test('an attribute is defined, changed and deleted, and each act says what it does', async () => {
    const { accounts, attributes, customClaims } = latchkey.services
    const empty = await at('/admin/attributes')
    expect(empty.text).toContain('There is no attribute yet')
    const refused = await browser.submit(
      await at('/admin/attributes/new'),
      { Name: 'Cost Center', Label: 'Cost center', Choices: 'a\nb', 'Who changes it': 'user' },
      { button: 'Define attribute' },
    )
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('Use 1 to 50 lower-case letters')
    expect(refused.body).toContain('value="Cost center"')
    const again = await browser.submit(refused, { Name: 'cost_center' }, { button: 'Define attribute' })
    expect([again.status, again.text]).toEqual([
      422,
      expect.stringContaining('Only one of a list has choices'),
    ])
    const made = await browser.submit(
      again,
      { Type: 'one_of', 'Who sees it': 'user' },
      { button: 'Define attribute' },
    )
    expect(made.text).toContain('The attribute is defined')
    const [{ id } = { id: '' }] = await attributes.list()
    expect(await attributes.get(id)).toMatchObject({ label: 'Cost center', options: ['a', 'b'] })
    const second = await browser.submit(
      await at('/admin/attributes/new'),
      { Name: 'cost_center' },
      { button: 'Define attribute' },
    )
    expect([second.status, second.text]).toEqual([
      422,
      expect.stringContaining('There is one with this name'),
    ])

    const stale = await at(`/admin/attributes/${id}`)
    const other = await at(`/admin/attributes/${id}`)
    await browser.submit(other, { Label: 'Center of cost' }, { button: 'Save' })
    const conflict = await browser.submit(stale, { Choices: 'a\nb\nc' }, { button: 'Save' })
    expect([conflict.status, conflict.text]).toEqual([409, expect.stringContaining('Center of cost')])
    expect(conflict.body).toMatch(/a\r?\nb\r?\nc<\/textarea>/)
    expect((await attributes.get(id)).options).toEqual(['a', 'b'])
    // The typed values are there still, and so is the label of this tab: it is the administrator who decides.
    await browser.submit(conflict, { Label: 'Center of cost' }, { button: 'Save' })
    expect(await attributes.get(id)).toMatchObject({ label: 'Center of cost', options: ['a', 'b', 'c'] })

    const user = await latchkey.createUser()
    await accounts.updateByAdmin(user.id, { attributes: { cost_center: 'c' } })
    const claim = await customClaims.create({
      ...{ name: 'cost', source: 'attribute', value: 'cost_center', in: ['userinfo'] },
    })
    expect((await at(`/admin/attributes/${id}`)).body).toContain(`href="/admin/claims/${claim.id}"`)
    const question = await at(`/admin/attributes/${id}/delete`)
    expect(question.text).toMatch(/People with a value\s*1/)
    expect(question.text).toContain('The value that one person has is deleted with it')
    expect(question.text).toMatch(/Claims that read it\s*cost/)
    // Another tab changes it while the question is open: what is deleted has to be what was seen.
    await attributes.update(id, { label: 'Changed' })
    const kept = await browser.submit(question, {}, { button: 'Delete attribute' })
    expect([kept.status, kept.text]).toEqual([409, expect.stringContaining('It is not deleted')])
    const gone = await browser.submit(
      await at(`/admin/attributes/${id}/delete`),
      {},
      { button: 'Delete attribute' },
    )
    expect(gone.text).toContain('The attribute is deleted')
    expect((await at(`/admin/attributes/${id}`)).status).toBe(404)
    await customClaims.remove(claim.id)
  })

  test('an attribute that nobody has a value of is deleted at once; one that somebody has a value of by then is asked about', async () => {
    const { accounts, attributes } = latchkey.services
    const { id } = await attributes.create({ name: 'unused' })
    const other = await attributes.create({ name: 'used_later' })
    const page = await at(`/admin/attributes/${id}`)
    expect(page.text).toContain('Nobody has a value of it: nothing is lost.')
    const gone = await browser.submit(page, {}, { button: 'Delete attribute' })
    expect([gone.url.pathname, gone.text]).toEqual([
      '/admin/attributes',
      expect.stringContaining('The attribute is deleted'),
    ])
    await expect(attributes.get(id)).rejects.toMatchObject({ status: 404 })

    const opened = await at(`/admin/attributes/${other.id}`)
    const user = await latchkey.createUser()
    await accounts.updateByAdmin(user.id, { attributes: { used_later: 'x' } })
    const asked = await browser.submit(opened, {}, { button: 'Delete attribute' })
    expect([asked.url.pathname, asked.text]).toEqual([
      `/admin/attributes/${other.id}/delete`,
      expect.stringContaining('The value that one person has is deleted with it'),
    ])
    expect((await at(`/admin/attributes/${other.id}`)).text).toContain(
      'The value that one person has goes with it.',
    )
    await browser.submit(asked, {}, { button: 'Delete attribute' })
    await expect(attributes.get(other.id)).rejects.toMatchObject({ status: 404 })
  })

  test('an attribute that somebody gets a value of while it is being deleted at once is asked about', async () => {
    const { accounts, attributes } = latchkey.services
    const { id } = await attributes.create({ name: 'used_meanwhile' })
    const page = await at(`/admin/attributes/${id}`)
    const user = await latchkey.createUser()
    const { remove } = attributes
    const removing = vi.spyOn(attributes, 'remove').mockImplementationOnce(async (...given) => {
      await accounts.updateByAdmin(user.id, { attributes: { used_meanwhile: 'x' } })
      return remove(...given)
    })
    const asked = await browser.submit(page, {}, { button: 'Delete attribute' })
    expect(removing).toHaveBeenCalledOnce()
    removing.mockRestore()
    expect(asked.url.pathname).toBe(`/admin/attributes/${id}/delete`)
    expect(await attributes.get(id)).toMatchObject({ name: 'used_meanwhile' })
    await browser.submit(asked, {}, { button: 'Delete attribute' })
    await expect(attributes.get(id)).rejects.toMatchObject({ status: 404 })
  })

  test('what was seen blocks no deletion when it is broken', async () => {
    const { attributes } = latchkey.services
    const { id } = await attributes.create({ name: 'seen' })
    const question = await at(`/admin/attributes/${id}/delete`)
    const prepared = browser.prepare(question, {}, { button: 'Delete attribute' })
    prepared.body?.set('seen', '{')
    expect((await browser.send(prepared)).status).toBe(303)
    await expect(attributes.get(id)).rejects.toMatchObject({ status: 404 })
  })

  test('a claim is defined, previewed for a person and a client, changed and deleted', async () => {
    const { access, accounts, attributes, customClaims, resources } = latchkey.services
    await resources.add({ identifier: API, name: 'Books', scope: 'books:read' })
    await attributes.create({ name: 'level', type: 'number' })
    const made = await browser.submit(
      await at('/admin/claims/new'),
      {
        Name: 'app_level',
        'Made of': 'attribute',
        'Attribute, part or text': 'level',
        'Given as': 'first',
        'ID Token': true,
        Userinfo: true,
        'Access tokens': true,
      },
      { button: 'Define claim' },
    )
    expect(made.text).toContain('The claim is defined')
    const [{ id } = { id: '' }] = await customClaims.list()
    expect(await customClaims.get(id)).toMatchObject({ in: ['id_token', 'userinfo', 'access_token'] })

    const user = await latchkey.createUser()
    await accounts.updateByAdmin(user.id, { attributes: { level: 7 } })
    const client = await latchkey.createClient({
      ...{ redirect_uris: ['https://a.example/cb'], scope: 'openid profile books:read' },
    })
    const rows = (text: string) =>
      Object.fromEntries(
        [...text.matchAll(/<th scope="row">([^<]+)<\/th><td data-label="Value">(.*?)<\/td>/g)].map(
          ([, place, value]) => [place, value?.replaceAll(/<[^>]+>/g, '')],
        ),
      )
    const ask = async (who: string, which = client.client_id) => {
      const query = new URLSearchParams({ user: who, client: which })
      return (await at(`/admin/claims/${id}?${query}`)).body
    }
    expect(rows(await ask(user.email))).toEqual({
      'ID Token': '7',
      Userinfo: '7',
      'Access token': '7',
      [`Access token for ${API}`]: 'Not there. The token has no scope that gives it.',
      Introspection: '7',
      [`Introspection for ${API}`]: 'Not there. It is not for this place.',
    })
    const strict = await latchkey.createClient({
      ...{
        redirect_uris: ['https://b.example/cb'],
        scope: 'openid profile',
        id_token_identity_claims: false,
      },
    })
    expect(rows(await ask(user.username, strict.client_id))['ID Token']).toContain('id_token_identity_claims')
    expect(await ask('nobody at all')).toContain('There is no user with this username or address')
    expect(await ask(user.email, 'nothing')).toContain('There is no client with this ID')

    const emptied = await browser.submit(
      await at(`/admin/claims/${id}`),
      { 'ID Token': false, Userinfo: false, 'Access tokens': false },
      { button: 'Save' },
    )
    expect([emptied.status, emptied.text]).toEqual([422, expect.stringContaining('Choose at least one')])
    const group = await access.groups.create({ name: 'Crew' })
    await access.groups.addMember(group.id, user.id)
    const changed = await browser.submit(
      emptied,
      {
        ...{ 'Made of': 'groups', 'Attribute, part or text': '', Called: 'Crew = sailors', Userinfo: true },
        'For these clients': client.client_id,
        'With a scope of': 'openid',
      },
      { button: 'Save' },
    )
    expect(changed.text).toContain('Saved')
    expect(rows(await ask(user.id)).Userinfo).toBe('&quot;sailors&quot;')
    expect(rows(await ask(user.id, strict.client_id)).Userinfo).toContain('It is for other clients')
    const question = await at(`/admin/claims/${id}/delete`)
    expect(question.text).toContain(client.client_id)
    expect((await browser.submit(question, {}, { button: 'Delete claim' })).text).toContain(
      'The claim is deleted',
    )
  })

  test('an auditor sees definitions and previews, and no form that changes anything', async () => {
    const { attributes, customClaims } = latchkey.services
    await attributes.create({ name: 'seen', label: 'Seen' })
    const { id } = await customClaims.create({
      ...{ name: 'seen_claim', source: 'attribute', value: 'seen', in: ['userinfo'] },
    })
    const auditor = (await signedIn(latchkey, 'auditor')).browser
    for (const path of ['/admin/attributes', '/admin/claims', `/admin/claims/${id}`]) {
      const { status, body } = await at(path, auditor)
      expect([path, status, body.includes('method="post" action="/admin')]).toEqual([path, 200, false])
    }
    expect((await at('/admin/attributes/new', auditor)).status).toBe(403)
    expect((await at(`/admin/claims/${id}/delete`, auditor)).body).not.toContain(
      'method="post" action="/admin',
    )
  })

  test('a claim whose attribute is deleted has no value, says so, and is not saved again without another one', async () => {
    const { accounts, attributes, customClaims } = latchkey.services
    const { id: attribute } = await attributes.create({ name: 'fleeting' })
    const user = await latchkey.createUser()
    await accounts.updateByAdmin(user.id, { attributes: { fleeting: 'x' } })
    const client = await latchkey.createClient({ redirect_uris: ['https://c.example/cb'] })
    const { id } = await customClaims.create({
      ...{ name: 'fleeting_claim', source: 'attribute', value: 'fleeting', shape: 'first', in: ['userinfo'] },
    })
    const path = `/admin/claims/${id}?user=${user.id}&client=${client.client_id}`
    expect((await at(path)).text).toContain('"x"')
    await attributes.remove(attribute)
    const page = await at(path)
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('has no value for it')])
    const saved = await browser.submit(page, { 'Only those like': 'a*' }, { button: 'Save' })
    expect([saved.status, saved.text]).toEqual([422, expect.stringContaining('There is no attribute')])
    // The one that is left over is not shown on the page of the person either.
    expect((await at(`/admin/users/${user.id}`)).body).not.toContain('fleeting')
    await customClaims.remove(id)
  })

  test('auditors and people change nothing by a form of their own making, and two tabs delete once', async () => {
    const { attributes } = latchkey.services
    const { id } = await attributes.create({ name: 'guarded' })
    const before = await attributes.list()
    const user = await latchkey.createUser()
    for (const role of ['auditor', 'user'] as const) {
      const { browser: other } = await signedIn(latchkey, role)
      const page = await at('/account', other)
      for (const path of [
        '/admin/attributes',
        `/admin/attributes/${id}/edit`,
        `/admin/attributes/${id}/delete`,
        '/admin/claims',
        `/admin/users/${user.id}/attributes`,
      ]) {
        const request = other.prepare(page, {}, { button: 'Save profile' })
        request.body?.set('version', '0')
        request.body?.set('name', 'taken')
        const { text } = await other.visit({ ...request, url: new URL(path, latchkey.issuer) })
        expect([role, path, /Saved|is defined|is deleted/.test(text)]).toEqual([role, path, false])
        expect(await attributes.list()).toEqual(before)
      }
    }
    const tabs = await Promise.all([1, 2].map(() => at(`/admin/attributes/${id}/delete`)))
    const first = await browser.submit(tabs[0] as never, {}, { button: 'Delete attribute' })
    const second = await browser.submit(tabs[1] as never, {}, { button: 'Delete attribute' })
    expect([first.status, second.status]).toEqual([200, 404])
    expect((await attributes.list()).map(({ name }) => name)).not.toContain('guarded')
  })

  test('fifty are the most, and the pages of people take all of them', async () => {
    const { attributes } = latchkey.services
    const there = (await attributes.list()).length
    for (let n = there; n < 50; n++)
      await attributes.create({ name: `many_${n}`, visible_to: 'user', editable_by: 'user' })
    const page = await at('/admin/attributes/new')
    const more = await browser.submit(page, { Name: 'one_more' }, { button: 'Define attribute' })
    expect([more.status, more.text]).toEqual([422, expect.stringContaining('There are 50 already')])
    const { id } = await latchkey.createUser()
    const person = await at(`/admin/users/${id}`)
    const values = Object.fromEntries(
      Array.from({ length: 50 - there }, (_, n) => [`attributes.many_${n + there}`, `${n}`.repeat(50)]),
    )
    const saved = await browser.submit(person, values, { button: 'Save attributes' })
    expect(saved.text).toContain('Saved')
    const stored = (await latchkey.services.accounts.byId(id))?.attributes ?? {}
    expect(Object.keys(stored)).toHaveLength(50 - there)
  })

  test('what is huge, broken or not there is refused, with what was typed kept', async () => {
    const { customClaims } = latchkey.services
    const page = await at('/admin/claims/new')
    const long = await browser.submit(
      page,
      {
        ...{ Name: 'n'.repeat(1_000), 'Made of': 'constant', 'Attribute, part or text': 'v'.repeat(10_000) },
        ...{ Called: 'no sign', Userinfo: true },
      },
      { button: 'Define claim' },
    )
    expect(long.status).toBe(422)
    expect(long.body).toContain('v'.repeat(10_000))
    expect(long.text).toContain('Write it as from = to.')
    for (const name of ['sub', 'Email', '__proto__', 'urn:latchkey:x']) {
      const refused = await browser.submit(
        page,
        { Name: name, 'Made of': 'constant', 'Attribute, part or text': 'x', Userinfo: true },
        { button: 'Define claim' },
      )
      expect([name, refused.status]).toEqual([name, 422])
    }
    expect((await customClaims.list()).map(({ name }) => name)).toEqual(['seen_claim'])
    expect((await at('/admin/claims/nothing')).status).toBe(404)
    expect((await at('/admin/attributes/%00')).status).toBeLessThan(500)
  })
})
