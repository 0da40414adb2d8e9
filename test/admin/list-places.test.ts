import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

describe('a page of a list that is not there', () => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  const ids: Record<string, string> = {}
  beforeAll(async () => {
    latchkey = await startLatchkey()
    const { access, organizations, webhooks } = latchkey.services
    ids.group = (await access.groups.create({ name: 'Crew' })).id
    ids.role = (await access.roles.create({ name: 'Clerk' })).id
    ids.organization = (await organizations.create({ name: 'Acme', slug: 'acme' })).id
    ids.webhook = (await webhooks.create({ url: 'https://a.example/hook', events: ['*'] })).id
    admin = await signedIn(latchkey)
  })
  afterAll(() => latchkey?.stop())

  const LISTS: [list: string, kept: string, place?: string][] = [
    ['/admin/users', 'search=o%3Fn&state=locked&sort=name'],
    ['/admin/clients', 'q=%3Cb%3E&kind=web&sort=-used'],
    ['/admin/groups', 'search=crew&members=none'],
    ['/admin/groups/:group', ''],
    ['/admin/roles', 'search=a&given=none&sort=name'],
    ['/admin/roles/:role', ''],
    ['/admin/resources', 'tokens=jwt'],
    ['/admin/organizations', 'state=disabled'],
    ['/admin/organizations/:organization', 'section=members'],
    ['/admin/organizations/:organization', 'section=invitations', 'invitations'],
    ['/admin/audit', 'action=account.&from=2026-01-01'],
    ['/admin/rejections', 'endpoint=token&error=invalid_grant'],
    ['/admin/registration', ''],
    ['/admin/webhooks/:webhook', ''],
    ['/account/groups', ''],
  ]
  /** No cursor; of another list; longer than any; none at all. */
  const BROKEN = ['%', Buffer.from('["zz","a","b"]').toString('base64url'), 'x'.repeat(5000), '']

  test.each(LISTS)(
    'of %s?%s leads to the first, with what was asked for',
    async (list, kept, place = 'cursor') => {
      const path = list.replace(/:(\w+)/, (_, name: string) => ids[name] ?? '')
      const first = kept === '' ? path : `${path}?${kept}`
      expect((await admin.browser.open(`${latchkey.issuer}${first}`)).status).toBe(200)
      const asked = BROKEN.map((each) => `${path}?${kept}&${place}=${encodeURIComponent(each)}`)
      for (const address of [...asked, `${path}?${place}=a&${kept}&${place}=b`]) {
        // The groups that a person manages go on behind a name: any text may be one.
        if (path === '/account/groups' && address.includes('cursor=W')) continue
        const page = await admin.browser.open(`${latchkey.issuer}${address}`)
        expect([address, page.status]).toEqual([address, 400])
        expect(page.text).toContain('This page of the list is no longer there')
        expect(page.text).not.toContain('next_cursor')
        expect(page.links.find(({ text }) => text === 'First page')?.href, address).toBe(first)
      }
    },
  )
})
