import { expect, test } from 'vitest'
import { createAccountStore } from '../../src/accounts/store/store.ts'
import { linkIn, type ReceivedMail } from '../support/mailbox.ts'
import { forEachDatabase, otherPassword, password } from './support.ts'

const tokenIn = (mail: ReceivedMail | undefined): string =>
  mail ? (linkIn(mail).searchParams.get('token') ?? '') : ''

forEachDatabase('password reset', (fixture) => {
  const signIn = (identifier: string, typed: string) =>
    fixture().accounts.authenticate({ identifier, password: typed })
  const forgotten = async (email: string): Promise<string> => {
    await fixture().accounts.forgot(email)
    return tokenIn(await fixture().lastMailTo(email.trim().toLowerCase()))
  }

  test('sets the password once, ends every session and every other link, and tells the owner', async () => {
    const id = await fixture().verified('reset')
    const older = await forgotten('reset@example.org')
    const token = await forgotten(' RESET@example.org ')
    expect(await fixture().accounts.peekReset(token)).toEqual({
      accountId: id,
      username: 'reset',
      passwordMinLength: 15,
    })
    fixture().later(10)
    expect(await fixture().accounts.reset(token, otherPassword)).toEqual({
      accountId: id,
      generation: 1,
      leaving: false,
    })
    expect(await signIn('reset', password)).toMatchObject({ kind: 'refused' })
    expect(await signIn('reset', otherPassword)).toMatchObject({ kind: 'ok' })
    for (const used of [token, older]) {
      expect(await fixture().accounts.peekReset(used)).toBeUndefined()
      expect(await fixture().accounts.reset(used, password)).toBeUndefined()
    }
    expect(fixture().ended).toContainEqual({ accountId: id, except: undefined })
    expect(await fixture().accounts.byId(id)).toMatchObject({ generation: 1 })
    expect((await fixture().lastMailTo('reset@example.org')).subject).toMatch(/password .* was changed/)
  })

  test('one link used twenty times in parallel sets one password', async () => {
    await fixture().verified('crowd')
    const token = await forgotten('crowd@example.org')
    const passwords = Array.from({ length: 20 }, (_, i) => `${otherPassword} ${i}`)
    const results = await Promise.all(passwords.map((text) => fixture().accounts.reset(token, text)))
    expect(results.filter((result) => result !== undefined)).toHaveLength(1)
    const winner = passwords[results.findIndex((result) => result !== undefined)] ?? ''
    expect(await signIn('crowd', winner)).toMatchObject({ kind: 'ok' })
  })

  test('two links of one account used at the same moment: one sets the password, none fails', async () => {
    for (let round = 0; round < 5; round++) {
      const username = `pair-${round}`
      const id = await fixture().register(username)
      const verification = tokenIn(await fixture().lastMailTo(`${username}@example.org`))
      const resets = [await forgotten(`${username}@example.org`), await forgotten(`${username}@example.org`)]
      const [proof, ...done] = await Promise.all([
        fixture().accounts.verification.byToken(verification),
        ...resets.map((token, i) => fixture().accounts.reset(token, `${otherPassword} ${i}`)),
      ])
      expect(done.filter((result) => result !== undefined)).toHaveLength(1)
      expect(['verified', 'expired']).toContain(proof.kind)
      expect(await fixture().accounts.byId(id)).toMatchObject({
        email: `${username}@example.org`,
        pendingEmail: null,
      })
    }
  })

  test('a refused password leaves the link usable', async () => {
    await fixture().verified('weak-first')
    const token = await forgotten('weak-first@example.org')
    await expect(fixture().accounts.reset(token, 'weak-first-2026')).rejects.toMatchObject({
      sentences: { password: expect.any(String) },
    })
    expect(await fixture().accounts.reset(token, otherPassword)).toBeDefined()
  })

  test('a link ends after an hour', async () => {
    await fixture().verified('tomorrow')
    const token = await forgotten('tomorrow@example.org')
    fixture().later(3600)
    expect(await fixture().accounts.peekReset(token)).toBeUndefined()
    expect(await fixture().accounts.reset(token, otherPassword)).toBeUndefined()
  })

  test('the link of an account that has proven nothing proves its address', async () => {
    const id = await fixture().register('unread')
    const verification = await fixture().lastMailTo('unread@example.org')
    await fixture().accounts.reset(await forgotten('unread@example.org'), otherPassword)
    expect(await fixture().accounts.byId(id)).toMatchObject({
      email: 'unread@example.org',
      pendingEmail: null,
    })
    expect(await signIn('unread', otherPassword)).toMatchObject({ kind: 'ok' })
    expect(await fixture().accounts.verification.byToken(tokenIn(verification))).toEqual({ kind: 'expired' })
  })

  test('a link sent to an address that was changed since is worth nothing', async () => {
    const id = await fixture().verified('moved-away')
    const token = await forgotten('moved-away@example.org')
    await fixture().accounts.changeEmail(id, 'moved-here@example.org')
    await fixture().accounts.verification.byToken(
      tokenIn(await fixture().lastMailTo('moved-here@example.org')),
    )
    expect(await fixture().accounts.reset(token, otherPassword)).toBeUndefined()
    expect(await signIn('moved-away', password)).toMatchObject({ kind: 'ok' })
  })

  test('a username will do, in any case, and the link goes to the address of its account, proven or not', async () => {
    const id = await fixture().verified('by-name')
    await fixture().accounts.forgot(' By-Name ')
    const token = tokenIn(await fixture().lastMailTo('by-name@example.org'))
    expect(await fixture().accounts.peekReset(token)).toMatchObject({ accountId: id, username: 'by-name' })
    expect(await fixture().accounts.reset(token, otherPassword)).toMatchObject({ accountId: id })
    const waiting = await fixture().register('by-name-too')
    await fixture().accounts.forgot('by-name-too')
    const link = tokenIn(await fixture().lastMailTo('by-name-too@example.org'))
    expect(await fixture().accounts.peekReset(link)).toMatchObject({ accountId: waiting })
  })

  test('the five links of an hour are those of an address, by whichever name they are asked for', async () => {
    await fixture().verified('often')
    for (const typed of [
      'often',
      'often@example.org',
      'OFTEN',
      'often',
      'often@example.org',
      'often',
      'often',
    ])
      await fixture().accounts.forgot(typed)
    await fixture().mailer.idle()
    const links = (await fixture().mailsTo('often@example.org')).filter((mail) => tokenIn(mail) !== '')
    expect(links.filter((mail) => linkIn(mail).pathname === '/reset-password')).toHaveLength(5)
  })

  test('an address is looked up as an address first: neither its owner nor who waits for it loses the link to a username', async () => {
    const { accounts, db } = fixture()
    const imported = await fixture().verified('looks-like-one')
    const named = (username: string) =>
      db.prisma.account.update({ where: { id: imported }, data: { username, displayUsername: username } })
    const meant = async (email: string) => (await accounts.peekReset(await forgotten(email)))?.accountId

    await named('waits@example.org')
    const waiting = await fixture().register('waits')
    expect(await meant('Waits@example.org')).toBe(waiting)
    await named('owns@example.org')
    const owner = await fixture().verified('owns')
    await fixture().register('owns-not', 'owns@example.org')
    expect(await meant('owns@example.org')).toBe(owner)
    await named('nobody-has@example.org')
    await accounts.forgot('nobody-has@example.org')
    const link = tokenIn(await fixture().lastMailTo('looks-like-one@example.org'))
    expect(await accounts.peekReset(link)).toMatchObject({ accountId: imported })
  })

  test('an address that an account is about to change to is not its address yet', async () => {
    const id = await fixture().verified('changing')
    await fixture().accounts.changeEmail(id, 'changed@example.org')
    const before = (await fixture().mailsTo('changed@example.org')).length
    await fixture().accounts.forgot('changed@example.org')
    expect(await fixture().mailsTo('changed@example.org')).toHaveLength(before)
    expect(await fixture().mailsTo('changing@example.org')).toEqual([])
  })

  test('what an earlier version has stored is still answered', async () => {
    const id = await fixture().verified('stored-before')
    await fixture().storeDeferred('forgot', { email: 'stored-before@example.org', address: '192.0.2.7' })
    // As it stored what was no address.
    await fixture().storeDeferred('forgot', { address: '192.0.2.8' })
    const token = tokenIn(await fixture().lastMailTo('stored-before@example.org'))
    expect(await fixture().accounts.peekReset(token)).toMatchObject({ accountId: id })
    expect(fixture().events).toContainEqual({
      type: 'account.password_reset_requested',
      reason: 'unknown_address',
      address: '192.0.2.8',
    })
  })

  test('unknown, malformed and disabled: the same silence, and no mail', async () => {
    const id = await fixture().verified('disabled')
    await fixture().accounts.disable(id)
    for (const email of [
      'nobody@example.org',
      'no address',
      '',
      'disabled@example.org',
      'disabled',
      'nobody',
      '\0',
    ]) {
      expect(await fixture().accounts.forgot(email)).toBeUndefined()
    }
    await fixture().mailer.idle()
    expect(await fixture().mailsTo('nobody@example.org')).toEqual([])
    expect(await fixture().mailsTo('disabled@example.org')).toEqual([])
  })

  test('no mailbox is flooded: five links an hour', async () => {
    await fixture().verified('flooded')
    for (let i = 0; i < 9; i++) await fixture().accounts.forgot('flooded@example.org')
    expect(await fixture().mailsTo('flooded@example.org')).toHaveLength(5)
    fixture().later(3601)
    await fixture().accounts.forgot('flooded@example.org')
    expect(await fixture().mailsTo('flooded@example.org')).toHaveLength(6)
  })

  test('nor by making account after account that waits for the address', async () => {
    const resets = () => fixture().mailsTo('shared@example.org')
    for (let i = 0; i < 7; i++) {
      await fixture().register(`sharer-${i}`, 'shared@example.org')
      await fixture().accounts.forgot('shared@example.org')
    }
    const subjects = (await resets()).map(({ subject }) => subject)
    expect(subjects.filter((subject) => /new password/.test(subject))).toHaveLength(5)
  })
})

forEachDatabase('changing a password', (fixture) => {
  test('ends the other sessions, keeps this one, voids reset links and tells the owner', async () => {
    const accountId = await fixture().verified('changer')
    await fixture().accounts.forgot('changer@example.org')
    const token = tokenIn(await fixture().lastMailTo('changer@example.org'))
    await fixture().accounts.changePassword({
      accountId,
      currentPassword: password,
      newPassword: otherPassword,
      keepSessionUid: 'this-one',
    })
    expect(fixture().ended).toEqual([{ accountId, except: { sessionUid: 'this-one', generation: 1 } }])
    expect(await fixture().accounts.peekReset(token)).toBeUndefined()
    expect((await fixture().lastMailTo('changer@example.org')).subject).toMatch(/was changed/)
    const outcome = await fixture().accounts.authenticate({ identifier: 'changer', password: otherPassword })
    expect(outcome.kind).toBe('ok')
  })

  test('a wrong current password counts like a failed sign-in', async () => {
    const accountId = await fixture().verified('hijacked')
    const change = () =>
      fixture().accounts.changePassword({
        accountId,
        currentPassword: 'a wrong guess',
        newPassword: otherPassword,
      })
    for (let i = 0; i < 5; i++) {
      await expect(change()).rejects.toMatchObject({
        sentences: { currentPassword: expect.stringMatching(/not your/) },
      })
    }
    await expect(change()).rejects.toMatchObject({
      sentences: { currentPassword: expect.stringMatching(/too many/) },
    })
    expect(await fixture().accounts.authenticate({ identifier: 'hijacked', password })).toMatchObject({
      reason: 'locked',
    })
    expect(fixture().ended.filter((each) => each.accountId === accountId)).toEqual([])
  })

  test('a reset that comes in between wins over a change by whoever knew the old password', async () => {
    const accountId = await fixture().verified('rescued')
    await fixture().accounts.forgot('rescued@example.org')
    const token = tokenIn(await fixture().lastMailTo('rescued@example.org'))
    fixture().later(1)
    fixture().hashing.during = async () => {
      await fixture().accounts.reset(token, 'the rescue came by canoe')
    }
    await expect(
      fixture().accounts.changePassword({ accountId, currentPassword: password, newPassword: otherPassword }),
    ).rejects.toMatchObject({ sentences: { currentPassword: expect.any(String) } })
    // Later still, once the old password had been checked: what was read before the reset is no ground to write on.
    const { db } = fixture()
    const store = createAccountStore({ db, clock: () => fixture().now })
    expect(await store.replacePassword(accountId, 0, 'stale')).toBeUndefined()
    const outcome = await fixture().accounts.authenticate({
      identifier: 'rescued',
      password: 'the rescue came by canoe',
    })
    expect(outcome.kind).toBe('ok')
  })

  test('a weak new password is refused with a reason', async () => {
    const accountId = await fixture().verified('careless')
    await expect(
      fixture().accounts.changePassword({
        accountId,
        currentPassword: password,
        newPassword: 'careless2026!',
      }),
    ).rejects.toMatchObject({ sentences: { newPassword: expect.stringMatching(/\.$/) } })
  })
})

forEachDatabase(
  'password reset by the phone number to sign in with',
  (fixture) => {
    test('the link goes to the email address of the account, and a number that nobody has verified finds none', async () => {
      const { accounts, db } = fixture()
      const id = await fixture().verified('by-phone')
      await accounts.forgot('+4915212345678')
      expect(await fixture().mailsTo('by-phone@example.org')).toEqual([])
      await db.prisma.account.update({ where: { id }, data: { phoneLogin: '+4915212345678' } })
      await accounts.forgot('+49 1521 2345678')
      const token = tokenIn(await fixture().lastMailTo('by-phone@example.org'))
      expect(await accounts.peekReset(token)).toMatchObject({ accountId: id })
    })
  },
  { settings: { phoneSignIn: 'on' } },
)
