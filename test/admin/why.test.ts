import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInAuditContext } from '../../src/shared/audit-context.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

describe.each(engines)('why a person cannot sign in, on %s', (engine) => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  let now = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + now })
    admin = await signedIn(latchkey)
  })
  afterAll(() => latchkey?.stop())

  const why = async (id: string, client = '') => {
    const page = await admin.browser.open(
      `${latchkey.issuer}/admin/users/${id}/why?${new URLSearchParams({ client })}`,
    )
    expect(page.status).toBe(200)
    const [, verdict = ''] = /<div class="alert banner"[^>]*><p>(.*?)<\/p>/s.exec(page.body) ?? []
    return { ...page, verdict: verdict.replace(/<[^>]*>/g, '') }
  }
  /** As a request does. */
  const fail = (identifier: string, times: number, address = '203.0.113.7') =>
    runInAuditContext({ actor: { kind: 'anonymous' }, address, settling: [] }, async () => {
      for (let i = 0; i < times; i++)
        await latchkey.services.accounts.authenticate({ identifier, password: 'wrong', address })
    })

  test('nothing that is stored: it says so, and where to look', async () => {
    const user = await latchkey.createUser()
    const page = await why(user.id)
    expect(page.verdict).toBe('')
    expect(page.text).toContain('Nothing that is stored here keeps them out.')
    const profile = await admin.browser.open(`${latchkey.issuer}/admin/users/${user.id}`)
    expect((await admin.browser.follow(profile, 'Why can’t they sign in?')).text).toContain(
      'What was looked at',
    )
  })

  test('locked: until when, unlocked from there, and then they get in', async () => {
    const user = await latchkey.createUser()
    await fail(user.username, 5)
    // Refused by the lock, whatever the password: it has brought nothing about.
    await fail(user.username, 1, '198.51.100.9')
    await latchkey.services.audit.idle()
    const page = await why(user.id)
    expect(page.verdict).toMatch(
      /^Lock\. Locked until .* UTC after 5 wrong passwords in a row, the last from 203\.0\.113\.7\.$/,
    )
    expect(page.text).toContain('wrong password')
    const profile = await admin.browser.open(`${latchkey.issuer}/admin/users/${user.id}`)
    expect(profile.text).toMatch(
      /Locked until .* after 5 wrong passwords in a row, the last from 203\.0\.113\.7\./,
    )
    const unlocked = await admin.browser.submit(page, {}, { button: 'Unlock' })
    expect(unlocked.text).toContain('Unlocked.')
    expect((await why(user.id)).verdict).toBe('')
    expect(
      await latchkey.services.accounts.authenticate({ identifier: user.username, password: PASSWORD }),
    ).toMatchObject({ kind: 'ok' })
  })

  test('a lock that has passed is none', async () => {
    const user = await latchkey.createUser()
    await fail(user.username, 5)
    expect((await why(user.id)).verdict).toMatch(/^Lock/)
    now = 1_000_000
    expect((await why(user.id)).verdict).toBe('')
    now = 0
  })

  test('a disabled account comes before its lock, and is enabled from there', async () => {
    const user = await latchkey.createUser()
    await fail(user.username, 5)
    await latchkey.services.accounts.disable(user.id)
    const page = await why(user.id)
    expect(page.verdict).toMatch(/^Account\. Disabled on/)
    await admin.browser.submit(page, {}, { button: 'Enable' })
    expect((await why(user.id)).verdict).toMatch(/^Lock\./)
  })

  test('an invitation that nobody has followed, and no way to sign in', async () => {
    const { accounts } = latchkey.services
    const invited = await accounts.createByAdmin({
      username: `inv.${engine}`,
      email: `inv.${engine}@example.com`,
    })
    expect((await why(invited.id)).verdict).toMatch(/^Email\. (Invited at|Nobody has verified) inv\./)
    const bare = await accounts.createByAdmin({
      username: `bare.${engine}`,
      email: `bare.${engine}@example.com`,
      verified: true,
    })
    const page = await why(bare.id)
    expect(page.verdict).toContain('no password, no passkey and no linked sign-in')
    const sent = await admin.browser.submit(page, {}, { button: 'Send reset link' })
    expect(sent.text).toContain('A message with a link to set a password is on its way.')
  })

  test('an app that is for others, and one that is disabled', async () => {
    const { access, clients } = latchkey.services
    const user = await latchkey.createUser()
    const group = await access.groups.create({ name: `Crew ${engine}` })
    const client = await latchkey.createClient({
      client_name: 'Bridge',
      access: { groups: [group.name] },
    })
    expect((await why(user.id)).verdict).toBe('')
    const page = await why(user.id, client.client_id)
    expect(page.verdict).toContain('Bridge is only for some groups or roles')
    expect(page.links.some(({ href }) => href.endsWith(`${client.client_id}/access`))).toBe(true)
    await access.groups.addMember(group.id, user.id)
    expect((await why(user.id, client.client_id)).text).toContain('Bridge is for them.')
    await clients.disable(client.client_id)
    expect((await why(user.id, client.client_id)).verdict).toContain('Bridge is disabled')
    const unknown = await why(user.id, '<b>nobody')
    expect(unknown.text).toContain('There is no client of this ID.')
    expect(unknown.body).not.toContain('<b>nobody')
  })

  test('an auditor sees why, and no button; others see nothing; an ID of nobody is not found', async () => {
    const user = await latchkey.createUser()
    await latchkey.services.accounts.disable(user.id)
    const address = `${latchkey.issuer}/admin/users/${user.id}/why`
    const auditor = await signedIn(latchkey, 'auditor')
    const page = await auditor.browser.open(address)
    expect(page.text).toContain('Disabled on')
    expect(page.forms.filter(({ method }) => method !== 'get')).toEqual([])
    expect((await (await signedIn(latchkey, 'user')).browser.open(address)).status).toBe(403)
    expect((await admin.browser.open(`${latchkey.issuer}/admin/users/nobody/why`)).status).toBe(404)
  })
})
