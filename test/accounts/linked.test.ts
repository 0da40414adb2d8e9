import { describe, expect, test } from 'vitest'
import type { StoredIdentity } from '../../src/accounts/linked/identity.ts'
import { type AccountsFixture, forEachDatabase, otherPassword, password } from './support.ts'

const profile = { givenName: 'Ada', familyName: 'Lovelace', picture: 'https://img.example/ada.png' }

let subjects = 0
/** Who has proven an account whose sign-ins have never been ended. */
const of = (accountId: string) => ({ accountId, generation: 0 })

const identity = (facts: Partial<StoredIdentity> = {}): StoredIdentity => ({
  issuer: 'https://github.com',
  subject: String(++subjects),
  provider: 'github',
  label: 'octocat',
  sealedTokens: null,
  ...facts,
})

const proven = (username: string) => ({
  username,
  email: { address: `${username}@example.org`, verified: true },
})

async function newcomer(fixture: AccountsFixture, username: string, who = identity()) {
  const outcome = await fixture.accounts.linked.register(proven(username), profile, who)
  if (outcome.kind !== 'ok') throw new Error(`not registered: ${outcome.kind}`)
  return { id: outcome.account.id, who }
}

forEachDatabase('linked sign-ins', (fixture) => {
  test('an identity that nobody has is unknown, and signs in to the account that was made for it', async () => {
    const { accounts } = fixture()
    const who = identity()
    expect(await accounts.linked.signIn(who)).toEqual({ kind: 'unknown' })
    const { id } = await newcomer(fixture(), 'fresh', who)
    expect(await accounts.linked.signIn(who)).toMatchObject({
      kind: 'ok',
      account: {
        id,
        email: 'fresh@example.org',
        pendingEmail: null,
        role: 'user',
        givenName: 'Ada',
        familyName: 'Lovelace',
        picture: 'https://img.example/ada.png',
      },
    })
    // The same subject of another issuer is another person (OpenID Connect Core §5.7).
    const elsewhere = identity({ subject: who.subject, issuer: 'https://gitlab.example' })
    expect(await accounts.linked.signIn(elsewhere)).toEqual({ kind: 'unknown' })
  })

  test('a sign-in is recorded, and leaves updated_at, which is a claim, alone', async () => {
    const { accounts, later, db } = fixture()
    const { id, who } = await newcomer(fixture(), 'recorded')
    const before = await accounts.byId(id)
    later(3600)
    await accounts.linked.signIn({ ...who, label: 'renamed', provider: 'github-work' })
    const after = await accounts.byId(id)
    expect(after?.updatedAt).toBe(before?.updatedAt)
    expect(after?.lastSignInAt).toBe(fixture().now)
    const { identities } = await accounts.linked.signInMethods(id)
    expect(identities).toMatchObject([
      { label: 'renamed', provider: 'github-work', lastUsedAt: fixture().now },
    ])
    expect(await db.prisma.linkedIdentity.count({ where: { accountId: id } })).toBe(1)
  })

  test('an address that the provider does not vouch for is asked to be proven, and reserves nothing', async () => {
    const { accounts, lastMailTo } = fixture()
    const owner = await fixture().verified('owner')
    const who = identity()
    const outcome = await accounts.linked.register(
      { username: 'claimant', email: { address: 'owner@example.org', verified: false } },
      profile,
      who,
    )
    expect(outcome).toMatchObject({
      kind: 'unverified',
      account: { email: null, pendingEmail: 'owner@example.org' },
    })
    expect(await accounts.linked.signIn(who)).toMatchObject({ kind: 'unverified' })
    expect((await lastMailTo('owner@example.org')).subject).toBe(
      'You already have an account at id.example.com',
    )
    expect((await accounts.byId(owner))?.email).toBe('owner@example.org')
  })

  describe('pre-registration takeover', () => {
    test('whoever registered an address without proof loses account, password and name when its owner comes', async () => {
      const { accounts, events, ended } = fixture()
      const squatter = await fixture().register('victim', 'victim@example.org')
      events.length = 0
      // The name is free for the owner of the address, and for nobody else.
      expect(await accounts.linked.suggestUsername(['victim'], 'victim@example.org')).toBe('victim')
      expect(await accounts.linked.suggestUsername(['victim'], undefined)).toBe('victim2')
      const { id } = await newcomer(fixture(), 'victim')
      expect(id).not.toBe(squatter)
      expect(await accounts.byId(squatter)).toBeUndefined()
      expect(await accounts.authenticate({ identifier: 'victim@example.org', password })).toMatchObject({
        kind: 'refused',
      })
      expect(ended).toContainEqual(expect.objectContaining({ accountId: squatter }))
      expect(events.map(({ type }) => type)).toContain('account.voided')
    })

    test('an identity that an attacker has put on such an account goes with it', async () => {
      const { accounts } = fixture()
      const attacker = identity()
      const planted = await accounts.linked.register(
        { username: 'planted', email: { address: 'target@example.org', verified: false } },
        profile,
        attacker,
      )
      expect(planted.kind).toBe('unverified')
      const { id } = await newcomer(fixture(), 'target')
      expect(await accounts.linked.signIn(attacker)).toEqual({ kind: 'unknown' })
      expect((await accounts.linked.signInMethods(id)).identities).toHaveLength(1)
    })

    test('an account that administrators made stays, without its password', async () => {
      const { accounts } = fixture()
      const made = await accounts.createByAdmin({
        username: 'designated',
        email: 'designated@example.org',
        password,
        role: 'admin',
      })
      const outcome = await accounts.linked.register(
        { username: 'newname', email: { address: 'designated@example.org', verified: true } },
        profile,
        identity(),
      )
      expect(outcome).toMatchObject({ kind: 'ok', account: { role: 'user', username: 'newname' } })
      expect((await accounts.byId(made.id))?.role).toBe('admin')
      expect(await accounts.authenticate({ identifier: 'designated', password })).toMatchObject({
        kind: 'refused',
        reason: 'no_password',
      })
    })

    test('accounts with a proven address of their own are left alone', async () => {
      const { accounts } = fixture()
      const moving = await fixture().verified('moving')
      await accounts.changeEmail(moving, 'coveted@example.org')
      await newcomer(fixture(), 'coveted')
      expect(await accounts.byId(moving)).toMatchObject({ email: 'moving@example.org' })
      expect(await accounts.authenticate({ identifier: 'moving', password })).toMatchObject({ kind: 'ok' })
    })
  })

  test('an address that is an account’s is never joined', async () => {
    const { accounts } = fixture()
    const id = await fixture().verified('settled')
    const who = identity()
    const outcome = await accounts.linked.register(
      { username: 'settled2', email: { address: 'Settled@Example.org', verified: true } },
      profile,
      who,
    )
    expect(outcome).toEqual({ kind: 'email_taken' })
    expect(await accounts.linked.signIn(who)).toEqual({ kind: 'unknown' })
    expect((await accounts.linked.signInMethods(id)).identities).toEqual([])
    expect((await accounts.linked.ownerOf('SETTLED@example.org'))?.id).toBe(id)
  })

  test('of twenty registrations of one identity at once there is one account', async () => {
    const { accounts, neighbour, db } = fixture()
    const who = identity()
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? neighbour() : accounts).linked.register(proven(`swarm${index}`), profile, who),
      ),
    )
    const ids = new Set(all.map((outcome) => (outcome.kind === 'ok' ? outcome.account.id : outcome.kind)))
    expect(ids.size).toBe(1)
    expect(await db.prisma.account.count({ where: { username: { startsWith: 'swarm' } } })).toBe(1)
  })

  test('of ten identities with one proven address at once, one gets an account and the others have to prove it', async () => {
    const { accounts } = fixture()
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        accounts.linked.register(
          { username: `rush${index}`, email: { address: 'rush@example.org', verified: true } },
          profile,
          identity(),
        ),
      ),
    )
    const kinds = all.map(({ kind }) => kind).sort()
    expect(kinds).toEqual([...Array(9).fill('email_taken'), 'ok'])
  })

  test('field errors: a taken or reserved name, a broken address', async () => {
    const { accounts } = fixture()
    await fixture().verified('holder')
    const who = identity()
    await expect(accounts.linked.register(proven('holder'), profile, who)).rejects.toMatchObject({
      status: 409,
      sentences: { username: expect.stringContaining('taken') },
    })
    await expect(accounts.linked.register(proven('admin'), profile, who)).rejects.toMatchObject({
      status: 422,
    })
    await expect(
      accounts.linked.register(
        { username: 'fine', email: { address: 'nonsense', verified: false } },
        profile,
        who,
      ),
    ).rejects.toMatchObject({ sentences: { email: expect.any(String) } })
    expect(await accounts.linked.signIn(who)).toEqual({ kind: 'unknown' })
  })

  test('usernames are suggested from what there is, valid and free', async () => {
    const { accounts } = fixture()
    await fixture().verified('grace')
    const suggest = (...hints: string[]) => accounts.linked.suggestUsername(hints, undefined)
    expect(await suggest('Grace')).toBe('grace2')
    expect(await suggest('admin')).not.toBe('admin')
    expect(await suggest('Ünïcödé Näme')).toBe('unicodename')
    expect(await suggest('', '漢字')).toMatch(/^user\d*$/)
    expect(await suggest('x'.repeat(200))).toMatch(/^x{28}$/)
  })

  describe('linking', () => {
    test('adds a way in, fills what is empty and nothing else, and tells the owner', async () => {
      const { accounts, lastMailTo } = fixture()
      const id = await fixture().verified('linker')
      await accounts.updateProfile(id, { givenName: 'Augusta' })
      const who = identity()
      expect(await accounts.linked.link(of(id), who, profile, 'GitHub')).toBe('linked')
      expect(await accounts.byId(id)).toMatchObject({
        givenName: 'Augusta',
        familyName: null,
        picture: 'https://img.example/ada.png',
      })
      expect(await accounts.linked.signIn(who)).toMatchObject({ kind: 'ok', account: { id } })
      const mail = await lastMailTo('linker@example.org')
      expect(mail.subject).toBe('A way to sign in was added to your account at id.example.com')
      expect(mail.text).toContain('GitHub can now be used')
      expect(await accounts.linked.link(of(id), who, profile, 'GitHub')).toBe('already')
    })

    test('an identity of another account stays there', async () => {
      const { accounts } = fixture()
      const { id: first, who } = await newcomer(fixture(), 'firstcome')
      const second = await fixture().verified('second')
      expect(await accounts.linked.link(of(second), who, profile, 'GitHub')).toBe('identity_taken')
      expect(await accounts.linked.accountOf(who)).toBe(first)
    })

    test('a disabled account gets none, and its identities sign nobody in', async () => {
      const { accounts, events } = fixture()
      const { id, who } = await newcomer(fixture(), 'disabled')
      await accounts.disable(id)
      events.length = 0
      expect(await accounts.linked.signIn(who)).toEqual({ kind: 'disabled' })
      expect(events).toMatchObject([
        { type: 'account.sign_in_failed', reason: 'disabled', provider: 'github' },
      ])
      expect(
        await accounts.linked.link({ accountId: id, generation: 1 }, identity(), profile, 'GitHub'),
      ).toBe('no_account')
    })

    test('a deleted account leaves nothing: its identity makes a new one', async () => {
      const { accounts } = fixture()
      const { id, who } = await newcomer(fixture(), 'goner')
      await accounts.delete(id)
      expect(await accounts.linked.signIn(who)).toEqual({ kind: 'unknown' })
      expect((await newcomer(fixture(), 'goner', who)).id).not.toBe(id)
    })
  })

  describe('unlinking', () => {
    test('never the last way in, until there is a password', async () => {
      const { accounts, lastMailTo } = fixture()
      const { id, who } = await newcomer(fixture(), 'lastway')
      const [only] = (await accounts.linked.signInMethods(id)).identities
      const unlink = () => accounts.linked.unlink(id, only?.id ?? '', ['github'], 'GitHub')
      await expect(unlink()).rejects.toMatchObject({ code: 'last_way_in', status: 409 })

      await accounts.forgot('lastway@example.org')
      const token = new URL(/https:\S+/.exec((await lastMailTo('lastway@example.org')).text)?.[0] ?? '')
      await accounts.reset(token.searchParams.get('token') ?? '', otherPassword)
      expect(await accounts.linked.signInMethods(id)).toMatchObject({ password: true })
      expect(await unlink()).toMatchObject({ issuer: who.issuer, subject: who.subject })
      expect(await accounts.linked.signIn(who)).toEqual({ kind: 'unknown' })
      expect((await lastMailTo('lastway@example.org')).subject).toBe(
        'A way to sign in was removed from your account at id.example.com',
      )
      expect(await unlink()).toBeUndefined()
    })

    test('an identity of a provider that is switched off is no way in', async () => {
      const { accounts } = fixture()
      const { id } = await newcomer(fixture(), 'switched')
      await accounts.linked.link(
        of(id),
        identity({ provider: 'okta', issuer: 'https://okta.example' }),
        profile,
        'Okta',
      )
      const [github, okta] = (await accounts.linked.signInMethods(id)).identities
      const unlink = (which = '', usable: string[] = []) => accounts.linked.unlink(id, which, usable, 'X')
      await expect(unlink(github?.id, ['github'])).rejects.toMatchObject({ code: 'last_way_in' })
      expect(await unlink(okta?.id, ['github'])).toMatchObject({ provider: 'okta' })
    })

    test('two removals at once leave one way in', async () => {
      const { accounts, neighbour } = fixture()
      const { id } = await newcomer(fixture(), 'twoways')
      await accounts.linked.link(
        of(id),
        identity({ provider: 'google', issuer: 'https://google.example' }),
        profile,
        'G',
      )
      const [a, b] = (await accounts.linked.signInMethods(id)).identities
      const usable = ['github', 'google']
      const outcomes = await Promise.allSettled([
        accounts.linked.unlink(id, a?.id ?? '', usable, 'A'),
        neighbour().linked.unlink(id, b?.id ?? '', usable, 'B'),
      ])
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect((await accounts.linked.signInMethods(id)).identities).toHaveLength(1)
    })

    test('another account’s identity cannot be removed', async () => {
      const { accounts } = fixture()
      const { id: victim } = await newcomer(fixture(), 'idorvictim')
      const attacker = await fixture().verified('idorattacker')
      const [theirs] = (await accounts.linked.signInMethods(victim)).identities
      expect(await accounts.linked.unlink(attacker, theirs?.id ?? '', ['github'], 'X')).toBeUndefined()
      expect((await accounts.linked.signInMethods(victim)).identities).toHaveLength(1)
    })
  })
})

forEachDatabase(
  'linked sign-ins where registration is closed, for some domains',
  (fixture) => {
    test('nobody new gets in, and who has an account does', async () => {
      const { accounts } = fixture()
      await expect(accounts.linked.register(proven('late'), profile, identity())).rejects.toMatchObject({
        code: 'registration_closed',
      })
      const id = await fixture().verified('member')
      const who = identity()
      expect(await accounts.linked.link(of(id), who, profile, 'GitHub')).toBe('linked')
      expect(await accounts.linked.signIn(who)).toMatchObject({ kind: 'ok' })
    })
  },
  { settings: { registration: 'closed' } },
)

forEachDatabase(
  'linked sign-ins for addresses of some domains',
  (fixture) => {
    test('addresses elsewhere are refused, verified or not', async () => {
      const { accounts } = fixture()
      for (const verified of [true, false]) {
        const refused = accounts.linked.register(
          { username: 'outsider', email: { address: 'out@elsewhere.example', verified } },
          profile,
          identity(),
        )
        await expect(refused).rejects.toMatchObject({
          sentences: { email: 'Use an address at example.org.' },
        })
      }
      expect(await accounts.linked.register(proven('insider'), profile, identity())).toMatchObject({
        kind: 'ok',
      })
    })
  },
  { settings: { emailDomains: ['example.org'] } },
)
