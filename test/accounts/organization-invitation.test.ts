import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'

describe.each(engines)('the link of an invitation to an organization, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey.stop())

  let made = 0
  /** A person, who is invited to a new organization. */
  async function invited() {
    const user = await latchkey.createUser()
    const { organizations, mailer } = latchkey.services
    const { id, name } = await organizations.create({ name: `Company ${++made} & Sons` })
    const invitation = await organizations.invitations.create(id, { email: user.email, roles: ['admin'] })
    await mailer.idle()
    const mails = await readOutbox(join(latchkey.dataDir, 'outbox'))
    const mail = mails.findLast(({ to }) => to === user.email)
    const link = /https?:\S+\/invitation\/organization\?token=\S+/.exec(mail?.text ?? '')?.[0] ?? ''
    return { user, id, name, link, invitation: invitation.id }
  }
  const credentials = ({ email }: { email: string }) => ({ identifier: email, password: PASSWORD })
  const rolesOf = async (accountId: string, id: string) =>
    (await latchkey.services.organizations.members.membership(accountId, id))?.roles

  test('leads through the sign-in, and its button makes a member, once', async () => {
    const { user, id, name, link } = await invited()
    const browser = createHttpBrowser()
    const page = await browser.open(link)
    expect(page.text).toContain(`You are invited to ${name}`)
    expect(page.text).toContain(user.email)
    const signIn = await browser.follow(page, 'Sign in')
    const offer = await browser.signIn(signIn, credentials(user))
    expect(offer.url.pathname).toBe('/invitation/organization')
    expect(await rolesOf(user.id, id), 'opening the link joins nobody').toBeUndefined()
    const joined = await browser.submit(offer, {}, { button: 'Join' })
    expect(joined.url.pathname).toBe('/account/organizations')
    expect(joined.text).toContain('You are a member now.')
    expect(joined.text).toContain(name)
    expect(await rolesOf(user.id, id)).toEqual(['admin'])
    expect(await browser.open(link)).toMatchObject({ status: 410 })
    const again = await browser.visit(browser.prepare(offer, {}, { button: 'Join' }))
    expect(again.url.pathname, 'Back, and once more: done once').toBe('/account/organizations')
    expect((await latchkey.services.organizations.members.list(id)).items).toHaveLength(1)
  })

  test('is no invitation of another person, who is told what to do', async () => {
    const { id, link } = await invited()
    const other = await latchkey.createUser()
    const browser = createHttpBrowser()
    await browser.signIn(await browser.open(`${latchkey.issuer}/login`), credentials(other))
    const page = await browser.open(link)
    expect(page.text).toContain('has not confirmed the address')
    expect(page.forms.some(({ buttons }) => buttons.some(({ label }) => label === 'Join'))).toBe(false)
    expect(await rolesOf(other.id, id)).toBeUndefined()
    await browser.submit(page, {}, { button: 'Sign out' })
    expect((await browser.open(link)).text).toContain('Sign in with the account that has this address.')
    const mine = await invited()
    const offered = createHttpBrowser()
    const start = await offered.follow(await offered.open(mine.link), 'Sign in')
    const offer = await offered.signIn(start, credentials(mine.user))
    const forged = offered.prepare(offer, {}, { button: 'Join' })
    forged.body?.set('token', new URL(link).searchParams.get('token') ?? '')
    expect((await offered.visit(forged)).text).toContain('has not confirmed the address')
    expect(await rolesOf(mine.user.id, id)).toBeUndefined()
  })

  test('leads nowhere once it is revoked or sent again, and for what is no token', async () => {
    const { id, link, invitation } = await invited()
    const browser = createHttpBrowser()
    await latchkey.services.organizations.invitations.sendAgain(id, invitation)
    expect(await browser.open(link)).toMatchObject({ status: 410 })
    for (const token of ['', 'x', `${'a'.repeat(43)}`, 'a%00b', 'x'.repeat(3000)])
      expect(await browser.open(`${latchkey.issuer}/invitation/organization?token=${token}`)).toMatchObject({
        status: 410,
      })
    const repeated = await browser.open(`${latchkey.issuer}/invitation/organization?token=a&token=b`)
    expect(repeated.status).toBe(410)
  })

  test('who is in none has no such page in the navigation, but an answer', async () => {
    const user = await latchkey.createUser()
    const browser = createHttpBrowser()
    await browser.signIn(await browser.open(`${latchkey.issuer}/login`), credentials(user))
    expect((await browser.open(`${latchkey.issuer}/account`)).body).not.toContain('/account/organizations')
    expect((await browser.open(`${latchkey.issuer}/account/organizations`)).text).toContain(
      'You are a member of no organization',
    )
  })
})
