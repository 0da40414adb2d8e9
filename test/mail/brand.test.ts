import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { senderOf } from '../../src/mail/sender.ts'
import { person, type Rest } from '../admin/rest/support.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'

const ISSUER = { issuer: 'https://id.example.com/tenant' }

test.each([
  [undefined, undefined, { name: 'Latchkey', address: 'no-reply@id.example.com' }],
  [undefined, 'Harbour', { name: 'Harbour', address: 'no-reply@id.example.com' }],
  ['Latchkey <no-reply@id.example.com>', 'Harbour', { name: 'Harbour', address: 'no-reply@id.example.com' }],
  ['post@example.com', undefined, { name: undefined, address: 'post@example.com' }],
  ['post@example.com', 'Harbour', { name: 'Harbour', address: 'post@example.com' }],
  ['<post@example.com>', 'Harbour', { name: 'Harbour', address: 'post@example.com' }],
  ['Quay, 1 <post@example.com>', 'Harbour', { name: 'Quay, 1', address: 'post@example.com' }],
  ['"Quay, 1" <post@example.com>', 'Harbour', { name: 'Quay, 1', address: 'post@example.com' }],
])('a sender of %s under the brand %s', (from, name, sender) => {
  expect(senderOf(from, { ...ISSUER, name })).toEqual(sender)
})

describe.each(engines)('the brand of a message by SMTP, on %s', (engine) => {
  let latchkey: Latchkey
  let box: Mailbox
  let rest: Rest
  beforeAll(async () => {
    box = await startMailbox()
    latchkey = await startLatchkey({ engine, env: { SMTP_URL: box.smtpUrl } })
    rest = (await person(latchkey, 'admin')).rest
  })
  beforeEach(() => rest.put('/branding', { name: 'Harbour, “Bank” <x>', accent: '#7c3aed' }))
  afterAll(async () => {
    await latchkey.stop()
    await box.stop()
  })

  const sentTo = async (email: string) => {
    await latchkey.services.mailer.idle()
    const message = box.messages.filter(({ to }) => to === email).at(-1)
    return { from: message?.headers.from, html: message?.html ?? '', raw: message?.raw ?? '' }
  }
  const forgot = async (email: string, path: string) => {
    const browser = createHttpBrowser()
    const page = await browser.open(`${latchkey.issuer}${path}`)
    const link = /href="(\/forgot-password[^"]*)"/.exec(page.body)?.[1] ?? '/forgot-password'
    await browser.submit(await browser.open(`${latchkey.issuer}${link}`), { email })
    return sentTo(email)
  }
  const authorize = (client: { client_id: string; redirect_uri: string }, more = {}) =>
    `/authorize?${new URLSearchParams({
      ...{ client_id: client.client_id, redirect_uri: client.redirect_uri, response_type: 'code' },
      ...{ scope: 'openid', code_challenge_method: 'S256' },
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      ...more,
    })}`

  test('is the server’s where a message belongs to no app, and its name is nothing but a name', async () => {
    const { email } = await latchkey.createUser()
    const { from, raw } = await forgot(email, '/login')
    expect(from).toBe(
      '=?UTF-8?Q?Harbour=2C_=E2=80=9CBank=E2=80=9D_=3Cx?= =?UTF-8?Q?=3E?= <no-reply@localhost>',
    )
    expect(raw).not.toMatch(/^List-Id:/im)
    await rest.put('/branding', {})
    expect((await forgot(email, '/login')).from).toBe('Latchkey <no-reply@localhost>')
  })

  test('is the app’s, and its organization’s, on the way to an app; a name that mail_from says stays', async () => {
    const { email } = await latchkey.createUser()
    const client = await latchkey.createClient()
    const said = await rest.put(`/clients/${client.client_id}/branding`, { accent: '#0f766e' })
    expect(said).toMatchObject({ status: 200 })
    const slug = `quay-${client.client_id
      .slice(0, 6)
      .toLowerCase()
      .replaceAll(/[^a-z\d]/g, 'x')}`
    const organization = await rest.post('/organizations', { name: 'Quay', slug })
    await rest.put(`/organizations/${organization.json.id}/branding`, { name: 'Quay', accent: '#1d4ed8' })
    const plain = await forgot(email, authorize(client))
    expect(plain.from).toContain('Harbour')
    expect(plain.html).toContain('#0f766e')
    const ofBoth = await forgot(email, authorize(client, { organization: slug }))
    expect(ofBoth.from).toBe('Quay <no-reply@localhost>')
    expect(ofBoth.html).toContain('#0f766e')
    await rest.patch('/settings', { mail_from: 'Post Office <post@example.com>' })
    expect((await forgot(email, authorize(client, { organization: slug }))).from).toBe(
      'Post Office <post@example.com>',
    )
    await rest.patch('/settings', { mail_from: 'post@example.com' })
    expect((await forgot(email, authorize(client, { organization: slug }))).from).toBe(
      'Quay <post@example.com>',
    )
    await rest.patch('/settings', { mail_from: null })
  })

  test('of an invitation is its organization’s, and news of an account are the server’s wherever it signs in', async () => {
    const slug = `mole-${engine}`
    const organization = await rest.post('/organizations', { name: 'Mole', slug })
    await rest.put(`/organizations/${organization.json.id}/branding`, { name: 'Mole Ltd' })
    await rest.post(`/organizations/${organization.json.id}/invitations`, {
      email: 'guest@example.com',
      roles: ['member'],
    })
    expect((await sentTo('guest@example.com')).from).toBe('Mole Ltd <no-reply@localhost>')
    const { email, username } = await latchkey.createUser()
    const client = await latchkey.createClient()
    await rest.put(`/clients/${client.client_id}/branding`, { name: 'Notes' })
    const browser = createHttpBrowser()
    const page = await browser.open(`${latchkey.issuer}${authorize(client)}`)
    expect(page.body).toContain('Notes')
    for (let tries = 0; tries < 5; tries++)
      await browser.submit(await browser.open(page.url), { identifier: username, password: 'quite wrong' })
    const locked = await sentTo(email)
    expect([locked.from, locked.html.includes('wrong passwords')]).toEqual([
      expect.stringContaining('Harbour'),
      true,
    ])
  })
})
