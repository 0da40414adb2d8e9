import { expect, test } from 'vitest'
import { forEachDatabase } from './support.ts'

forEachDatabase('recovery codes', (fixture) => {
  const use = (accountId: string, code = '') =>
    fixture().factors.verify({ accountId, method: 'recovery_code', code })

  test('ten of 80 bits, kept as a prefix and an argon2id hash', async () => {
    const { id, recoveryCodes } = await fixture().withApp('ada')
    expect(recoveryCodes).toHaveLength(10)
    for (const code of recoveryCodes) expect(code).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/)
    expect(new Set(recoveryCodes.map((code) => code.slice(0, 4))).size).toBe(10)
    const rows = await fixture().db.prisma.recoveryCode.findMany({ where: { accountId: id } })
    expect(rows.map(({ prefix }) => prefix).sort()).toEqual(
      recoveryCodes.map((code) => code.slice(0, 4)).sort(),
    )
    for (const { hash } of rows) expect(hash).toMatch(/^\$argon2id\$/)
  })

  test('a code works once, however it is typed, and its owner is told how many are left', async () => {
    const { id, recoveryCodes } = await fixture().withApp('grace')
    const [first, second] = recoveryCodes
    expect(await use(id, ` ${first?.toLowerCase().replaceAll('-', ' ')}`)).toEqual({
      kind: 'verified',
      amr: ['recovery'],
    })
    expect(await use(id, first)).toEqual({ kind: 'wrong' })
    expect(await fixture().factors.recoveryCodes.left(id)).toBe(9)
    expect(fixture().events).toContainEqual({
      type: 'factor.recovery_code_used',
      accountId: id,
      username: 'grace',
      left: 9,
    })
    expect(fixture().mails.filter(({ template }) => template === 'recovery-code-used')).toMatchObject([
      { to: 'grace@example.org', data: { left: 9 } },
    ])
    const results = await Promise.all(Array.from({ length: 5 }, () => use(id, second)))
    expect(results.filter(({ kind }) => kind === 'verified')).toHaveLength(1)
    expect(await fixture().factors.recoveryCodes.left(id)).toBe(8)
  })

  test('a code of another account is wrong', async () => {
    const { recoveryCodes } = await fixture().withApp('owner')
    const { id } = await fixture().withApp('thief')
    expect(await use(id, recoveryCodes[0])).toEqual({ kind: 'wrong' })
  })

  test('every guess costs one hash, and of 200 at once at most five are checked', async () => {
    const { id, recoveryCodes } = await fixture().withApp('guessed')
    const { hashing } = fixture()
    hashing.clear()
    const near = recoveryCodes[0]?.replace(/....$/, 'AAAA')
    const guesses = ['AAAA-BBBB-CCCC-DDDD', near, '']
    for (const guess of guesses) expect(await use(id, guess)).toEqual({ kind: 'wrong' })
    expect([hashing.verify, hashing.nothing]).toEqual([1, 2])
    hashing.clear()
    const results = await Promise.all(Array.from({ length: 200 }, () => use(id, near)))
    expect(results.filter(({ kind }) => kind === 'limited')).toHaveLength(198)
    expect(hashing.verify).toBe(2)
    expect(await use(id, recoveryCodes[1]), 'a right one').toMatchObject({ kind: 'limited' })
    fixture().later(900)
    expect(await use(id, recoveryCodes[1])).toMatchObject({ kind: 'verified' })
  })

  test('what could not be checked is not counted', async () => {
    const { id, recoveryCodes } = await fixture().withApp('busy')
    const { hashing } = fixture()
    hashing.fail = true
    for (let i = 0; i < 7; i++) await expect(use(id, recoveryCodes[0])).rejects.toThrow('overloaded')
    hashing.clear()
    expect(await use(id, recoveryCodes[0])).toMatchObject({ kind: 'verified' })
  })

  test('new codes end the old ones, and are for accounts with a second factor', async () => {
    const { factors, events, mails } = fixture()
    const { id, recoveryCodes } = await fixture().withApp('renewer')
    const [one, two] = await Promise.all([
      factors.recoveryCodes.renew({ accountId: id, generation: 0 }),
      factors.recoveryCodes.renew({ accountId: id, generation: 0 }),
    ])
    expect(await factors.recoveryCodes.left(id), 'renewed twice at once').toBe(10)
    expect(await use(id, recoveryCodes[0])).toEqual({ kind: 'wrong' })
    const kinds = [(await use(id, one[0])).kind, (await use(id, two[0])).kind]
    expect(kinds.sort()).toEqual(['verified', 'wrong'])
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'factor.recovery_codes_renewed', accountId: id }),
    )
    expect(mails).toContainEqual(
      expect.objectContaining({ to: 'renewer@example.org', template: 'recovery-codes-renewed' }),
    )
    const bare = await fixture().account('bare')
    await expect(factors.recoveryCodes.renew({ accountId: bare, generation: 0 })).rejects.toMatchObject({
      code: 'no_second_factor',
    })
  })

  test('counts of wrong codes go when their window is over', async () => {
    const { factors, db } = fixture()
    const { id } = await fixture().withApp('purged')
    await use(id, 'AAAA')
    await factors.purge()
    const of = { accountId: id, kind: { startsWith: 'recovery_code' } }
    const counted = () => db.prisma.factorFailures.count({ where: of })
    expect(await counted()).toBe(2)
    fixture().later(901)
    expect(await factors.purge()).toBeGreaterThan(0)
    expect(await counted(), 'that of a month').toBe(1)
    fixture().later(30 * 86_400)
    expect(await factors.purge()).toBeGreaterThan(0)
    expect(await db.prisma.factorFailures.count()).toBe(0)
  })
})
