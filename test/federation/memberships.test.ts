import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { engines } from '../support/latchkey.ts'
import { type FederationFixture, openFederation } from './federation-fixture.ts'

describe.each(engines)('groups and roles by what a provider says, on %s', (engine) => {
  let federation: FederationFixture
  beforeAll(async () => {
    federation = await openFederation({ engine })
    const { groups, roles } = federation.latchkey.services.access
    for (const name of ['Engineers', 'Sales', 'Everyone', 'By hand']) await groups.create({ name })
    for (const name of ['Clerk', 'Overseer']) await roles.create({ name })
  })
  afterAll(() => federation?.stop())

  const rules = (mode: string, membership_rules: unknown[]) =>
    federation.latchkey.services.providers.update('okta', { membership_mode: mode, membership_rules })

  let people = 0
  /** Somebody new at the provider, who signs in here as often as it is called. */
  function newcomer(groups?: string[]) {
    const sub = `${engine}-${++people}`
    const account = {
      ...{ sub, preferred_username: `p-${sub}`, given_name: 'A', family_name: 'B', name: 'A B' },
      ...{ email: `p-${sub}@corp.example`, email_verified: true },
      ...(groups && { groups }),
    }
    const app = federation.app()
    return {
      account,
      async signIn() {
        federation.okta.accounts = [account]
        const browser = federation.browser()
        const { party } = await app
        const request = await party.authorize({ scope: 'openid groups roles' })
        const page = await browser.submit(
          await browser.open(request.url),
          {},
          { button: 'Continue with Okta' },
        )
        const back = await browser.submit(page, {}, { button: `Continue as p-${sub}` })
        const tokens = await party.callback(back.url, request)
        const id = tokens.claims()?.sub ?? ''
        const told = await party.userinfo(tokens.access_token, id)
        return { id, browser, groups: told.groups, roles: told.roles, party, tokens }
      },
    }
  }
  const groupNamed = (name: string) => federation.latchkey.services.access.groups.find(name)

  test('are there with the first answer: exact values, beginnings, the domain of the address', async () => {
    await rules('add', [
      { claim: 'groups', value: 'eng-*', group: 'engineers' },
      { claim: 'groups', value: 'sales', role: 'Clerk' },
      { claim: 'email_domain', value: 'corp.example', group: 'Everyone' },
      { claim: 'groups', value: 'eng-*', group: 'There is none' },
    ])
    const one = await newcomer(['eng-core', 'sales-emea']).signIn()
    expect([one.groups, one.roles]).toEqual([['Engineers', 'Everyone'], []])
    const two = await newcomer(['sales']).signIn()
    expect([two.groups, two.roles]).toEqual([['Everyone'], ['Clerk']])
    const none = await newcomer().signIn()
    expect([none.groups, none.roles]).toEqual([['Everyone'], []])
    const { items } = await federation.latchkey.services.audit.list({
      action: 'group.member_added',
      actor: 'provider',
    })
    expect(items[0]).toMatchObject({
      actor: { kind: 'provider', id: 'okta', name: 'Okta' },
      details: { accountId: none.id, provider: 'okta' },
    })
  })

  test('are given by roles and the organization that it says too, and stand on the page of the person with where they come from', async () => {
    await rules('add', [
      { claim: 'realm_access.roles', value: 'clerk', role: 'Clerk' },
      { claim: 'organization', value: 'corp', group: 'Sales' },
    ])
    const person = newcomer()
    Object.assign(person.account, { realm_access: { roles: ['clerk'] }, organization: 'corp' })
    const one = await person.signIn()
    expect([one.groups, one.roles]).toEqual([['Sales'], ['Clerk']])
    const byHand = await groupNamed('By hand')
    await federation.latchkey.services.access.groups.addMember(byHand.id, one.id)
    const { browser } = await signedIn(federation.latchkey)
    const at = (path: string) => browser.open(`${federation.latchkey.issuer}/admin${path}`)
    const page = (await at(`/users/${one.id}`)).text
    for (const given of [/Sales ?by the provider okta/, /Clerk ?(?:No API · )?by the provider okta/])
      expect(page).toMatch(given)
    expect(page).not.toMatch(/By hand ?by the provider/)
    const { id } = await groupNamed('Sales')
    expect((await at(`/groups/${id}`)).text).toContain('by the provider okta')
    expect((await at(`/groups/${byHand.id}`)).text).not.toContain('by the provider')
  })

  test('mode add leaves what is not said any more, mode sync takes it away, and nothing that a person gave', async () => {
    const { access } = federation.latchkey.services
    const given = [
      { claim: 'groups', value: 'eng', group: 'Engineers' },
      { claim: 'groups', value: 'sales', group: 'Sales' },
      { claim: 'groups', value: 'eng', role: 'Clerk' },
    ]
    await rules('add', given)
    const person = newcomer(['eng', 'sales'])
    const first = await person.signIn()
    expect([first.groups, first.roles]).toEqual([['Engineers', 'Sales'], ['Clerk']])
    await access.groups.addMember((await groupNamed('By hand')).id, first.id)
    // An administrator gives what the provider gave already.
    await access.groups.addMember((await groupNamed('Sales')).id, first.id)
    person.account.groups = []
    expect((await person.signIn()).groups).toEqual(['By hand', 'Engineers', 'Sales'])
    await rules('sync', given)
    const after = await person.signIn()
    expect([after.groups, after.roles]).toEqual([['By hand', 'Sales'], []])
    const old = await first.party.userinfo(first.tokens.access_token, first.id)
    expect(old.groups, 'a session of before').toEqual(['By hand', 'Sales'])
    person.account.groups = ['eng']
    await person.signIn()
    await rules('sync', [])
    expect((await person.signIn()).groups, 'no rules any more').toEqual(['By hand', 'Sales'])
  })

  test('never a role at the administration, be it one by the name of its API', async () => {
    const { access } = federation.latchkey.services
    const [overseer] = await access.roles.find('Overseer')
    const resource = `${federation.latchkey.issuer}/api/admin`
    // None can be created there; a row may have come from elsewhere.
    await federation.latchkey.services.db.prisma.role.update({
      where: { id: overseer?.id ?? '' },
      data: { resource },
    })
    await rules('sync', [{ claim: 'groups', value: 'boss', role: `${resource} Overseer` }])
    const { id } = await newcomer(['boss']).signIn()
    expect((await access.membershipsOf(id)).roles).toEqual([])
    expect(await federation.latchkey.services.accounts.byId(id)).toMatchObject({ role: 'user' })
  })

  test('end when the person unlinks the provider, which cannot take them away any more', async () => {
    await rules('sync', [{ claim: 'groups', value: 'eng', group: 'Engineers' }])
    const { id, browser } = await newcomer(['eng']).signIn()
    const { accounts, access } = federation.latchkey.services
    expect((await access.membershipsOf(id)).groups).toMatchObject([{ name: 'Engineers' }])
    const account = await accounts.byId(id)
    await accounts.forgot(account?.email ?? '')
    const reset = await browser.open((await federation.latchkey.mailTo(account?.email ?? '')).link.href)
    await browser.submit(reset, { 'New password': 'glass-otter-72-harbour' }, { button: 'Set new password' })
    const security = await browser.open(`${federation.latchkey.issuer}/account/security`)
    const page =
      security.url.pathname === '/login'
        ? await browser.signIn(security, {
            identifier: account?.username ?? '',
            password: 'glass-otter-72-harbour',
          })
        : security
    await browser.submit(page, {}, { form: ({ action }) => action === '/account/unlink' })
    expect((await access.membershipsOf(id)).groups).toEqual([])
  })

  test('two sign-ins at once give each thing once', async () => {
    await rules('sync', [{ claim: 'groups', value: 'eng', group: 'Engineers' }])
    const person = newcomer([])
    const { id } = await person.signIn()
    person.account.groups = ['eng']
    const both = await Promise.all([person.signIn(), person.signIn()])
    expect(both.map(({ groups }) => groups)).toEqual([['Engineers'], ['Engineers']])
    const { items } = await federation.latchkey.services.audit.list({
      action: 'group.member_added',
      text: id,
    })
    expect(items).toHaveLength(1)
  })

  test('rules are typed as text too, and what is none is refused', async () => {
    const text = ['groups=eng* group:Engineers', 'realm_access.roles=a b role:https://a.example Clerk']
    const { provider } = await rules('sync', text)
    expect(provider.membership_rules).toEqual([
      { claim: 'groups', value: 'eng*', group: 'Engineers' },
      { claim: 'realm_access.roles', value: 'a b', role: 'https://a.example Clerk' },
    ])
    for (const wrong of [
      ['groups=eng'],
      [{ claim: 'groups', value: 'x' }],
      [{ claim: 'groups', value: 'x', group: 'a', role: 'b' }],
      [{ claim: '', value: 'x', group: 'a' }],
      Array.from({ length: 101 }, () => text[0]),
      'groups=eng group:Engineers',
    ])
      await expect(rules('sync', wrong as never)).rejects.toMatchObject({
        code: 'invalid_provider',
        errors: { membership_rules: [expect.any(String)] },
      })
    await expect(rules('replace', [])).rejects.toMatchObject({
      errors: { membership_mode: [expect.any(String)] },
    })
  })
})
