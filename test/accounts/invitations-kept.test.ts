import { expect, test, vi } from 'vitest'
import { runInAuditContext } from '../../src/shared/audit-context.ts'
import { linkIn } from '../support/mailbox.ts'
import { type AccountsFixture, forEachDatabase, otherPassword } from './support.ts'

const profile = { givenName: 'Upstream', familyName: 'Name', picture: null }
let subjects = 0
const identity = () => ({
  issuer: 'https://github.com',
  subject: String(++subjects),
  provider: 'github',
  label: 'octocat',
  sealedTokens: null,
})

const address = (username: string) => `${username}@example.org`
const invite = (fixture: AccountsFixture, username: string, more: object = {}) =>
  fixture.accounts.createByAdmin({ username, email: address(username), ...more })
const tokenOf = async (fixture: AccountsFixture, email: string) =>
  linkIn(await fixture.lastMailTo(email)).searchParams.get('token') ?? ''
const codeOf = (outcome: Promise<unknown>) =>
  outcome.then(
    () => 'done',
    (error: { code?: string; status?: number }) => `${error.status} ${error.code}`,
  )

/** An address that has had its five invitations of this hour, of which none works any more. */
async function exhausted(fixture: AccountsFixture, email: string, sent = 5) {
  const id = await fixture.register(`had.${email.split('@')[0]}`, email)
  for (let i = 0; i < sent; i++) await fixture.accounts.sendInvitation(id)
  await fixture.accounts.withdrawInvitation(id)
}

forEachDatabase('what an invitation keeps', (fixture) => {
  for (const role of ['user', 'auditor', 'admin'] as const) {
    test(`a newcomer from elsewhere ends no invitation of their address, as ${role}`, async () => {
      const { accounts } = fixture()
      const username = `kept.${role}`
      const { id, invitedUntil } = await invite(fixture(), username, { role, givenName: 'Grace' })
      const token = await tokenOf(fixture(), address(username))
      const input = { username: `new.${role}`, email: { address: address(username), verified: true } }
      expect(await accounts.linked.register(input, profile, identity())).toEqual({ kind: 'invited' })
      expect(await accounts.byId(id)).toMatchObject({ role, invitedUntil, givenName: 'Grace' })
      expect(await accounts.find(`new.${role}`)).toBeUndefined()
      expect(await accounts.linked.isUsable(username, address(username))).toBe(false)
      expect(await accounts.invitations.accept(token, otherPassword)).toMatchObject({ accountId: id })
    })
  }

  test('a provider that vouches for the invited address accepts for a user, once, with all that was entered', async () => {
    const { accounts, events } = fixture()
    const { id } = await invite(fixture(), 'vouched', { givenName: 'Grace', nickname: 'G' })
    const token = await tokenOf(fixture(), address('vouched'))
    events.length = 0
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () =>
        accounts.invitations.acceptVouched('Vouched@example.org', identity(), profile),
      ),
    )
    expect(outcomes.filter((each) => each?.kind === 'ok')).toMatchObject([{ account: { id } }])
    expect(await accounts.byId(id)).toMatchObject({
      ...{ email: address('vouched'), pendingEmail: null, invitedUntil: null },
      ...{ givenName: 'Grace', familyName: null, nickname: 'G' },
    })
    expect((await accounts.linked.signInMethods(id)).identities).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'account.invitation_accepted')).toMatchObject([
      { accountId: id, provider: 'github' },
    ])
    expect(await accounts.invitations.accept(token, otherPassword)).toBeUndefined()
  })

  test('an identity of another account accepts nothing: both or neither', async () => {
    const { accounts } = fixture()
    const who = identity()
    await accounts.linked.register(
      { username: 'owns.it', email: { address: address('owns.it'), verified: true } },
      profile,
      who,
    )
    const { id } = await invite(fixture(), 'unlinked')
    expect(await accounts.invitations.acceptVouched(address('unlinked'), who, profile)).toEqual({
      kind: 'identity_taken',
    })
    expect(await accounts.byId(id)).toMatchObject({ email: null, invitedUntil: expect.any(Number) })
    const token = await tokenOf(fixture(), address('unlinked'))
    expect(await accounts.invitations.accept(token, otherPassword)).toMatchObject({ accountId: id })
  })

  test('a provider’s word hands out no role: who is invited to administer follows the link', async () => {
    const { accounts } = fixture()
    for (const role of ['auditor', 'admin'] as const) {
      const { id } = await invite(fixture(), `offered.${role}`, { role })
      const email = address(`offered.${role}`)
      expect(await accounts.invitations.acceptVouched(email, identity(), profile)).toEqual({
        kind: 'by_link',
      })
      expect(await accounts.byId(id)).toMatchObject({ email: null, invitedUntil: expect.any(Number) })
      const token = await tokenOf(fixture(), email)
      expect(await accounts.invitations.accept(token, otherPassword)).toMatchObject({ accountId: id })
    }
    expect(
      await accounts.invitations.acceptVouched('nobody@example.org', identity(), profile),
    ).toBeUndefined()
  })

  test('an invitation that cannot be sent leaves no account, and works an hour later', async () => {
    const { accounts, later } = fixture()
    await exhausted(fixture(), address('full'))
    expect(await codeOf(invite(fixture(), 'full'))).toBe('429 too_many_mails')
    expect(await accounts.find('full')).toBeUndefined()
    later(3601)
    expect(await codeOf(invite(fixture(), 'full'))).toBe('done')
  })

  test('of two who take the last message of the hour at once, the other has no account', async () => {
    const { accounts } = fixture()
    await exhausted(fixture(), address('last'), 4)
    const names = ['last.one', 'last.two']
    const outcomes = await Promise.allSettled(
      names.map((username) => accounts.createByAdmin({ username, email: address('last') })),
    )
    const there = await Promise.all(names.map((name) => accounts.find(name)))
    expect(there.map((account) => account !== undefined)).toEqual(
      outcomes.map(({ status }) => status === 'fulfilled'),
    )
  })

  test('an address that cannot be invited now changes nothing, and the link before goes on working', async () => {
    const { accounts, later } = fixture()
    const { id } = await invite(fixture(), 'stays')
    for (let i = 0; i < 4; i++) {
      later(1)
      await accounts.sendInvitation(id)
    }
    const before = await accounts.byId(id)
    const token = await tokenOf(fixture(), address('stays'))
    const changes = { email: 'elsewhere@example.org', givenName: 'Changed' }
    expect(await codeOf(accounts.updateByAdmin(id, changes))).toBe('429 too_many_mails')
    expect(await accounts.byId(id)).toEqual(before)
    expect(await accounts.invitations.accept(token, otherPassword)).toMatchObject({ accountId: id })
  })

  test('an invited person is not moved to an address that has an account', async () => {
    const { accounts } = fixture()
    await fixture().verified('settled')
    const { id } = await invite(fixture(), 'mover')
    await expect(accounts.updateByAdmin(id, { email: address('settled') })).rejects.toMatchObject({
      ...{ status: 409, sentences: { email: expect.stringContaining('settled') } },
    })
    expect(await accounts.byId(id)).toMatchObject({ pendingEmail: address('mover') })
  })

  test('a change of address that cannot be sent a message now is not made', async () => {
    const { accounts } = fixture()
    const id = await fixture().verified('roamer')
    for (let i = 0; i < 5; i++) {
      await accounts.changeEmail(id, address(`roam${i}`))
      await fixture().mailsTo(address(`roam${i}`))
    }
    const before = await accounts.byId(id)
    expect(await codeOf(accounts.changeEmail(id, address('roam5')))).toBe('429 too_many_mails')
    expect(await accounts.byId(id)).toEqual(before)
  })

  test('accepted while it is sent again: the account is active, and no further link is sent', async () => {
    const { accounts, db } = fixture()
    const inviter = await fixture().verified('inviter')
    const { id } = await invite(fixture(), 'hasty')
    const token = await tokenOf(fixture(), address('hasty'))
    // Between the first look at the account and the writing: the inviter's name is looked up.
    const { get } = db.reads
    const spy = vi.spyOn(db.reads, 'get').mockImplementation(async (statement, values) => {
      if (values?.[0] === inviter) {
        spy.mockRestore()
        await accounts.invitations.accept(token, otherPassword)
      }
      return get.call(db.reads, statement, values) as never
    })
    const act = { actor: { kind: 'account' as const, id: inviter }, settling: [] }
    expect(await codeOf(runInAuditContext(act, () => accounts.sendInvitation(id)))).toBe('409 address_proven')
    expect(await accounts.byId(id)).toMatchObject({ email: address('hasty'), invitedUntil: null })
    expect(await fixture().mailsTo(address('hasty'))).toHaveLength(1)
    expect(
      await db.prisma.oneTimeToken.count({
        where: { accountId: id, usedAt: null, expiresAt: { gt: new Date(fixture().now) } },
      }),
    ).toBe(0)
  })

  test('whoever is invited gets the invitation again, and no link of another kind', async () => {
    const { accounts } = fixture()
    const { id } = await invite(fixture(), 'guest')
    await expect(accounts.sendReset(id)).rejects.toMatchObject({
      ...{ status: 409, code: 'invited', message: expect.stringContaining('Send the invitation again') },
    })
    expect(await fixture().mailsTo(address('guest'))).toHaveLength(1)
    await accounts.invitations.accept(await tokenOf(fixture(), address('guest')), otherPassword)
    expect(await codeOf(accounts.sendReset(id))).toBe('done')
  })

  test('a change that changes nothing writes nothing, and a stale version is told all the same', async () => {
    const { accounts, later, events } = fixture()
    const id = await fixture().verified('steady')
    const address = { country: 'United Kingdom', locality: 'London' }
    await accounts.updateByAdmin(id, { givenName: 'Ada', phoneNumber: '+441632960961', address })
    const before = await accounts.byId(id)
    later(60)
    events.length = 0
    await accounts.updateProfile(id, { givenName: 'Ada' })
    await accounts.updateProfile(id, {})
    const same = { givenName: 'Ada', phoneNumber: '+441632960961', address, role: 'user' as const }
    await accounts.updateByAdmin(id, { ...same, email: 'steady@example.org' })
    await accounts.updateByAdmin(id, same, { ifVersion: before?.updatedAt ?? 0 })
    await accounts.setRole(id, 'user')
    await accounts.enable(id)
    expect(await accounts.byId(id)).toEqual(before)
    expect(events).toEqual([])
    expect(await codeOf(accounts.updateByAdmin(id, same, { ifVersion: 1 }))).toBe('409 version_conflict')
    await accounts.updateProfile(id, { givenName: 'Augusta' })
    expect((await accounts.byId(id))?.updatedAt).toBe(fixture().now)
  })

  test('the username of an invited person, made from the address, is one that people may have', async () => {
    const { accounts } = fixture()
    const made = await accounts.createByAdmin({ username: '', email: 'support@example.org' })
    expect(made.username).toBe('support2')
    expect((await accounts.createByAdmin({ username: '', email: 'ada+1@example.net' })).username).toBe('ada1')
  })
})
