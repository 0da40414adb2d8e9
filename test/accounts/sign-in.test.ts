import { expect, test } from 'vitest'
import { createHasher } from '../../src/accounts/passwords/hashing.ts'
import { AppError } from '../../src/shared/errors.ts'
import { forEachDatabase, otherPassword, password } from './support.ts'

const wrong = 'not the password at all'

forEachDatabase(
  'sign-in',
  (fixture) => {
    const signIn = (identifier: string, typed = password) =>
      fixture().accounts.authenticate({ identifier, password: typed, address: '192.0.2.7' })

    test('by username or proven address, in any case and form', async () => {
      const id = await fixture().verified('grace')
      for (const identifier of ['grace', ' GRACE ', 'ｇｒａｃｅ', 'grace@example.org', 'Grace@EXAMPLE.org']) {
        expect(await signIn(identifier), identifier).toMatchObject({ kind: 'ok', account: { id } })
      }
      expect(fixture().events).toContainEqual(
        expect.objectContaining({ type: 'account.signed_in', accountId: id, address: '192.0.2.7' }),
      )
    })

    test('a password that was right is refused when the sign-ins were ended while it was being checked', async () => {
      const id = await fixture().verified('overtaken')
      fixture().hashing.during = async () => {
        fixture().hashing.during = undefined
        await fixture().accounts.endSessions(id)
      }
      expect(await signIn('overtaken')).toMatchObject({ kind: 'refused' })
      expect(await signIn('overtaken')).toMatchObject({ kind: 'ok', account: { generation: 1 } })
    })

    test('the answer never holds the password hash', async () => {
      await fixture().verified('hashless')
      expect(JSON.stringify(await signIn('hashless'))).not.toContain('argon2')
    })

    test('a composed and a decomposed password are the same one (NFC), other letters are not', async () => {
      const typed = 'crème brûlée für zwölf'
      await fixture().accounts.createByAdmin({
        username: 'accent',
        email: 'accent@example.org',
        password: typed.normalize('NFD'),
        verified: true,
      })
      expect(await signIn('accent', typed.normalize('NFC'))).toMatchObject({ kind: 'ok' })
      expect(await signIn('accent', 'creme brulee fur zwolf')).toMatchObject({ kind: 'refused' })
    })

    test('an unverified account is told apart only for the right password', async () => {
      const id = await fixture().register('fresh')
      expect(await signIn('fresh@example.org')).toMatchObject({ kind: 'unverified', account: { id } })
      expect(await signIn('fresh', wrong)).toMatchObject({ kind: 'refused' })
      expect(await fixture().accounts.byId(id)).toMatchObject({ lastSignInAt: null })
    })

    test('an address nobody has proven means the newest account that waits for it', async () => {
      await fixture().accounts.register({
        username: 'older',
        email: 'shared@example.org',
        password: otherPassword,
      })
      fixture().later(1)
      const newer = await fixture().register('newer', 'shared@example.org')
      expect(await signIn('shared@example.org')).toMatchObject({ kind: 'unverified', account: { id: newer } })
      expect(await signIn('shared@example.org', otherPassword)).toMatchObject({ kind: 'refused' })
    })

    test('an unknown account costs a write for ever: its counter does not run out', async () => {
      const { oneTimeToken } = fixture().db.prisma
      const guess = () => fixture().accounts.authenticate({ identifier: 'not-known', password })
      await guess()
      await oneTimeToken.update({ where: { id: 'decoy' }, data: { attempts: 2 ** 31 - 2 } })
      for (let i = 0; i < 2; i++) expect(await guess()).toMatchObject({ reason: 'unknown_account' })
    })

    test('unknown, wrong, locked, disabled and passwordless look alike and cost one check each', async () => {
      const { accounts, hashing } = fixture()
      for (const username of ['mistaken', 'locked-out', 'switched-off']) await fixture().verified(username)
      await accounts.createByAdmin({ username: 'keyless', email: 'keyless@example.org', verified: true })
      for (let i = 0; i < 5; i++) await signIn('locked-out', wrong)
      await accounts.disable((await accounts.find('switched-off'))?.id ?? '')
      const refusals: [string, string, string][] = [
        ['nobody-at-all', password, 'unknown_account'],
        ['nobody@example.org', password, 'unknown_account'],
        ['not@an@address', password, 'unknown_account'],
        ['nul\0byte', password, 'unknown_account'],
        ['mistaken', wrong, 'wrong'],
        ['locked-out', password, 'locked'],
        ['switched-off', password, 'disabled'],
        ['keyless', password, 'no_password'],
      ]
      for (const [identifier, typed, reason] of refusals) {
        hashing.clear()
        expect(await signIn(identifier, typed), identifier).toEqual({ kind: 'refused', reason })
        expect([hashing.verify + hashing.nothing, hashing.hash], identifier).toEqual([1, 0])
        expect(fixture().events.at(-1)).toMatchObject({
          type: 'account.sign_in_failed',
          reason,
          address: '192.0.2.7',
        })
      }
    })

    test('the time of the last sign-in is written at most once a minute', async () => {
      const id = await fixture().verified('regular')
      const first = fixture().now
      await signIn('regular')
      fixture().later(59)
      await signIn('regular')
      expect(await fixture().accounts.byId(id)).toMatchObject({ lastSignInAt: first })
      fixture().later(2)
      await signIn('regular')
      expect(await fixture().accounts.byId(id)).toMatchObject({ lastSignInAt: fixture().now })
    })

    test('signing in, well or badly, is no change to the person: updatedAt stays', async () => {
      const id = await fixture().verified('unchanged')
      const before = (await fixture().accounts.byId(id))?.updatedAt
      fixture().later(100)
      await signIn('unchanged', wrong)
      await signIn('unchanged')
      expect(await fixture().accounts.byId(id)).toMatchObject({
        updatedAt: before,
        lastSignInAt: fixture().now,
      })
    })

    test('a hash made with lower costs is replaced at the next sign-in', async () => {
      const { hash } = await import('argon2')
      const id = await fixture().verified('old-hash')
      const { account } = fixture().db.prisma
      const weak = await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
      await account.update({ where: { id }, data: { passwordHash: weak } })
      expect(await signIn('old-hash')).toMatchObject({ kind: 'ok' })
      const stored = await account.findUnique({ where: { id } })
      expect(stored?.passwordHash).toMatch(/m=19456,(?:t=2,p=1|p=1,t=2)\$/)
      expect(await signIn('old-hash')).toMatchObject({ kind: 'ok' })
    })
  },
  { hasher: createHasher({ clock: Date.now, queueLimit: 1000 }) },
)

forEachDatabase('lockout', (fixture) => {
  const signIn = (identifier: string, typed = password) =>
    fixture().accounts.authenticate({ identifier, password: typed })
  const failedSignIns = async (id: string) =>
    (await fixture().db.prisma.account.findUnique({ where: { id } }))?.failedSignIns

  test('five wrong passwords in a row lock for fifteen minutes, for the right one too', async () => {
    const id = await fixture().verified('forgetful')
    for (let i = 0; i < 5; i++) expect(await signIn('forgetful', wrong)).toMatchObject({ reason: 'wrong' })
    expect(await signIn('forgetful')).toMatchObject({ kind: 'refused', reason: 'locked' })
    expect((await fixture().accounts.byId(id))?.lockedUntil).toBe(fixture().now + 900_000)
    fixture().later(899)
    expect(await signIn('forgetful')).toMatchObject({ reason: 'locked' })
    fixture().later(1)
    expect(await signIn('forgetful')).toMatchObject({ kind: 'ok' })
    expect(await failedSignIns(id)).toBe(0)
  })

  test('after a lock there are five tries again', async () => {
    await fixture().verified('slow-learner')
    for (let i = 0; i < 5; i++) await signIn('slow-learner', wrong)
    fixture().later(900)
    for (let i = 0; i < 4; i++) expect(await signIn('slow-learner', wrong)).toMatchObject({ reason: 'wrong' })
    expect(await signIn('slow-learner')).toMatchObject({ kind: 'ok' })
  })

  test('NIST SP 800-63B-4: after a hundred wrong passwords in a row only a new one helps', async () => {
    const id = await fixture().verified('hunted')
    await fixture().db.prisma.account.update({ where: { id }, data: { failedSignIns: 95 } })
    for (let i = 0; i < 5; i++) expect(await signIn('hunted', wrong)).toMatchObject({ reason: 'wrong' })
    fixture().later(365 * 86_400)
    expect(await signIn('hunted')).toMatchObject({ reason: 'locked' })
    const mail = await fixture().lastMailTo('hunted@example.org')
    expect(mail.text).toMatch(/a hundred times/)
    fixture().later(-365 * 86_400)
    const token = /reset-password\?token=([\w-]{43})/.exec(mail.text)?.[1] ?? ''
    expect(await fixture().accounts.reset(token, otherPassword)).toBeDefined()
    expect(await signIn('hunted', otherPassword)).toMatchObject({ kind: 'ok' })
    expect(await failedSignIns(id)).toBe(0)
  })

  test('locks do not start the count again, however long one waits', async () => {
    const id = await fixture().verified('patient')
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 5; i++) expect(await signIn('patient', wrong)).toMatchObject({ reason: 'wrong' })
      expect(await signIn('patient', wrong)).toMatchObject({ reason: 'locked' })
      fixture().later(900)
    }
    expect(await failedSignIns(id)).toBe(10)
  })

  test('a success in between starts the count again', async () => {
    const id = await fixture().verified('clumsy')
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) await signIn('clumsy', wrong)
      expect(await signIn('clumsy')).toMatchObject({ kind: 'ok' })
    }
    expect(await failedSignIns(id)).toBe(0)
    expect((await fixture().accounts.byId(id))?.lockedUntil).toBeNull()
  })

  test('the owner is told once a lock, with a link that ends it', async () => {
    await fixture().verified('warned')
    for (let i = 0; i < 8; i++) await signIn('warned', wrong)
    const mails = await fixture().mailsTo('warned@example.org')
    expect(mails.map(({ subject }) => subject)).toEqual([expect.stringMatching(/Too many wrong passwords/)])
    const token = /reset-password\?token=([\w-]{43})/.exec(mails[0]?.text ?? '')?.[1] ?? ''
    expect(await fixture().accounts.reset(token, otherPassword)).toBeDefined()
    expect(await signIn('warned', otherPassword)).toMatchObject({ kind: 'ok' })
    expect(fixture().events.filter(({ type }) => type === 'account.locked')).not.toHaveLength(0)
  })

  test('an unverified address gets no mail about a lock', async () => {
    await fixture().register('unverified')
    for (let i = 0; i < 5; i++) await signIn('unverified', wrong)
    expect(await fixture().mailsTo('unverified@example.org')).toHaveLength(1)
  })

  test('two hundred wrong passwords in parallel, in two processes, are five checks at most', async () => {
    await fixture().verified('besieged')
    const { hashing, accounts } = fixture()
    const neighbour = fixture().neighbour()
    hashing.clear()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, i) =>
        (i % 2 ? accounts : neighbour).authenticate({ identifier: 'besieged', password: `${wrong} ${i}` }),
      ),
    )
    expect(hashing.verify).toBe(5)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') expect(outcome.value.kind).toBe('refused')
      else expect(outcome.reason).toMatchObject({ code: 'overloaded', status: 503 })
    }
    expect(await signIn('besieged')).toMatchObject({ reason: 'locked' })
  })

  test('thirty right passwords in parallel all pass, with four failures on record', async () => {
    const id = await fixture().verified('popular')
    for (let i = 0; i < 4; i++) await signIn('popular', wrong)
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => signIn('popular')))
    expect(outcomes.map(({ kind }) => kind)).toEqual(outcomes.map(() => 'ok'))
    expect(await failedSignIns(id)).toBe(0)
  })

  test('an administrator unlocks', async () => {
    const id = await fixture().verified('jammed')
    for (let i = 0; i < 5; i++) await signIn('jammed', wrong)
    expect(await fixture().accounts.unlock(id)).toMatchObject({ lockedUntil: null })
    expect(await signIn('jammed')).toMatchObject({ kind: 'ok' })
  })

  test('a password that is changed while the old one is being checked: the old one is refused', async () => {
    const id = await fixture().verified('racing')
    fixture().hashing.during = async () => {
      await fixture().db.prisma.account.update({ where: { id }, data: { passwordHash: 'changed' } })
    }
    expect(await signIn('racing')).toMatchObject({ kind: 'refused' })
  })

  test('an account that is disabled while its password is being checked is refused', async () => {
    const id = await fixture().verified('fired')
    fixture().hashing.during = async () => {
      await fixture().accounts.disable(id)
    }
    expect(await signIn('fired')).toMatchObject({ kind: 'refused' })
  })

  test('an overloaded server counts no failure', async () => {
    const id = await fixture().verified('queued')
    for (let i = 0; i < 6; i++) {
      fixture().hashing.during = async () => {
        throw new AppError('overloaded', 503, 'busy')
      }
      await expect(signIn('queued')).rejects.toMatchObject({ code: 'overloaded' })
    }
    expect(await failedSignIns(id)).toBe(0)
    expect(await signIn('queued')).toMatchObject({ kind: 'ok' })
  })
})
