import { expect, test } from 'vitest'
import { codeOf, forEachDatabase, wrongCodeOf } from './support.ts'

forEachDatabase('authenticator apps', (fixture) => {
  const verify = (accountId: string, code: string) =>
    fixture().factors.verify({ accountId, method: 'totp', code })

  test('an app counts once a code of it was right, and the account says so', async () => {
    const { factors, events, mails } = fixture()
    const id = await fixture().account('ada')
    const { updatedAt } = await fixture().stored(id)
    const setup = await factors.totp.begin(id)
    expect(setup.secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(setup.uri).toBe(
      `otpauth://totp/id.example.com:ada?secret=${setup.secret}&issuer=id.example.com&algorithm=SHA1&digits=6&period=30`,
    )
    expect(await factors.list(id)).toEqual({ factors: [], recoveryCodesLeft: 0 })
    expect(await verify(id, codeOf(setup.secret, fixture().now))).toEqual({ kind: 'wrong' })
    expect(await fixture().stored(id)).toMatchObject({ secondFactors: '', secondFactorSince: null })

    fixture().later(60)
    const typed = codeOf(setup.secret, fixture().now).replace(/^.../, '$& ')
    const confirmed = await factors.totp.confirm({ accountId: id, generation: 0 }, setup.id, typed)
    expect(confirmed).toMatchObject({ kind: 'confirmed', recoveryCodes: expect.any(Array) })
    const now = fixture().now
    expect(await fixture().stored(id)).toEqual({
      secondFactors: 'totp',
      secondFactorSince: new Date(now),
      updatedAt,
    })
    expect(await factors.list(id)).toEqual({
      factors: [{ id: setup.id, kind: 'totp', createdAt: now, lastUsedAt: null }],
      recoveryCodesLeft: 10,
    })
    expect(events).toContainEqual({ type: 'factor.added', accountId: id, username: 'ada', kind: 'totp' })
    expect(mails.at(-1)).toMatchObject({ to: 'ada@example.org', template: 'factor-added' })
  })

  test('the secret is sealed at rest', async () => {
    const { id, secret } = await fixture().withApp('sealed')
    const row = await fixture().db.prisma.totpFactor.findFirstOrThrow({ where: { accountId: id } })
    expect(row.sealedSecret).toMatch(/^v1\./)
    expect(row.sealedSecret).not.toContain(secret)
  })

  test('each step counts once, and none before it afterwards', async () => {
    const { id, secret } = await fixture().withApp('steps')
    const at = (seconds: number) => codeOf(secret, fixture().now + seconds * 1000)
    expect(await verify(id, at(0)), 'the code that confirmed the app').toEqual({ kind: 'wrong' })
    expect(await verify(id, at(30))).toEqual({ kind: 'verified', amr: ['otp'] })
    expect(await verify(id, at(30)), 'again').toEqual({ kind: 'wrong' })
    expect(await verify(id, at(0)), 'skipped').toEqual({ kind: 'wrong' })
    fixture().later(60)
    expect(await verify(id, at(0))).toEqual({ kind: 'verified', amr: ['otp'] })
    const { factors } = await fixture().factors.list(id)
    expect(factors).toMatchObject([{ lastUsedAt: fixture().now }])
  })

  test('of one right code sent many times at once, one counts', async () => {
    const { id, secret } = await fixture().withApp('twice')
    fixture().later(60)
    const code = codeOf(secret, fixture().now)
    const results = await Promise.all(Array.from({ length: 20 }, () => verify(id, code)))
    expect(results.filter(({ kind }) => kind === 'verified')).toHaveLength(1)
  })

  test('of 200 guesses at once at most five are checked, and the owner is told once', async () => {
    const { id, secret } = await fixture().withApp('guessed')
    fixture().later(60)
    const wrong = wrongCodeOf(secret, fixture().now)
    const results = await Promise.all(Array.from({ length: 200 }, () => verify(id, wrong)))
    expect(results.filter(({ kind }) => kind === 'wrong')).toHaveLength(5)
    const until = fixture().now + 900_000
    expect(results.filter(({ kind }) => kind === 'limited')).toHaveLength(195)
    expect(await verify(id, codeOf(secret, fixture().now)), 'a right one').toEqual({ kind: 'limited', until })
    const own = fixture().events.filter((event) => event.accountId === id)
    expect(own.filter(({ type }) => type === 'factor.locked')).toHaveLength(1)
    expect(own.filter(({ type }) => type === 'factor.code_wrong')).toHaveLength(5)
    const mails = fixture().mails.filter(({ to }) => to === 'guessed@example.org')
    expect(mails.filter(({ template }) => template === 'factor-locked')).toHaveLength(1)

    fixture().later(900)
    expect(await verify(id, codeOf(secret, fixture().now))).toMatchObject({ kind: 'verified' })
    const where = { accountId: id, failures: { gt: 0 } }
    expect(await fixture().db.prisma.factorFailures.findMany({ where })).toEqual([])
  })

  test('a right code clears what was counted', async () => {
    const { id, secret } = await fixture().withApp('clumsy')
    for (let round = 0; round < 3; round++) {
      fixture().later(60)
      const wrong = wrongCodeOf(secret, fixture().now)
      for (let i = 0; i < 4; i++) expect(await verify(id, wrong)).toEqual({ kind: 'wrong' })
      expect(await verify(id, codeOf(secret, fixture().now))).toMatchObject({ kind: 'verified' })
    }
  })

  test('wrong codes while an app is set up are limited, and lock no sign-in', async () => {
    const { factors } = fixture()
    const { id, secret } = await fixture().withApp('setting-up')
    fixture().later(60)
    const setup = await factors.totp.begin(id)
    const wrong = wrongCodeOf(setup.secret, fixture().now)
    const results = []
    for (let i = 0; i < 6; i++)
      results.push((await factors.totp.confirm({ accountId: id, generation: 0 }, setup.id, wrong)).kind)
    expect(results).toEqual(['wrong', 'wrong', 'wrong', 'wrong', 'wrong', 'limited'])
    expect(await verify(id, codeOf(secret, fixture().now))).toMatchObject({ kind: 'verified' })
  })

  test('a new app replaces the one before once it is confirmed, without new recovery codes', async () => {
    const { factors } = fixture()
    const { id, secret } = await fixture().withApp('renewed')
    const since = (await fixture().stored(id)).secondFactorSince
    fixture().later(60)
    const setup = await factors.totp.begin(id)
    expect(await verify(id, codeOf(secret, fixture().now)), 'the old one still').toMatchObject({
      kind: 'verified',
    })
    const confirmed = await factors.totp.confirm(
      { accountId: id, generation: 0 },
      setup.id,
      codeOf(setup.secret, fixture().now),
    )
    expect(confirmed).toEqual({ kind: 'confirmed' })
    fixture().later(60)
    expect(await verify(id, codeOf(secret, fixture().now))).toEqual({ kind: 'wrong' })
    expect(await verify(id, codeOf(setup.secret, fixture().now))).toMatchObject({ kind: 'verified' })
    expect((await fixture().stored(id)).secondFactorSince).toEqual(since)
    expect((await factors.list(id)).factors).toMatchObject([{ id: setup.id }])
  })

  test('a setup is its own account’s, is shown until it is confirmed, ends after an hour and when another begins', async () => {
    const { factors, account } = fixture()
    const [id, other] = [await account('beginner'), await account('nosy')]
    const setup = await factors.totp.begin(id)
    expect(await factors.totp.pending(id, setup.id)).toEqual(setup)
    expect(await factors.totp.pending(other, setup.id)).toBeUndefined()
    const code = () => codeOf(setup.secret, fixture().now)
    await expect(
      factors.totp.confirm({ accountId: other, generation: 0 }, setup.id, code()),
    ).rejects.toMatchObject({ status: 404 })
    fixture().later(3600)
    expect(await factors.totp.pending(id, setup.id)).toBeUndefined()
    await expect(
      factors.totp.confirm({ accountId: id, generation: 0 }, setup.id, code()),
    ).rejects.toMatchObject({
      code: 'factor_not_found',
    })

    const [first, second] = [await factors.totp.begin(id), await factors.totp.begin(id)]
    expect(await factors.totp.pending(id, first.id)).toBeUndefined()
    const confirm = () =>
      factors.totp.confirm({ accountId: id, generation: 0 }, second.id, codeOf(second.secret, fixture().now))
    const results = await Promise.allSettled([confirm(), confirm(), confirm()])
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await factors.totp.pending(id, second.id)).toBeUndefined()
  })

  test('the last factor takes recovery codes, remembered browsers and the date of the first along', async () => {
    const { factors, db, events, mails } = fixture()
    const { id, factorId } = await fixture().withApp('leaver')
    const at = new Date(fixture().now)
    await db.prisma.rememberedBrowser.create({
      data: {
        ...{ id: 'b', accountId: id, hash: 'h', generation: 0, userAgent: '', address: '' },
        ...{ createdAt: at, expiresAt: at, lastUsedAt: at },
      },
    })
    expect(await factors.totp.remove({ accountId: 'another', generation: 0 }, factorId)).toBe(false)
    expect(await factors.totp.remove({ accountId: id, generation: 0 }, factorId)).toBe(true)
    expect(await factors.totp.remove({ accountId: id, generation: 0 }, factorId)).toBe(false)
    expect(await factors.list(id)).toEqual({ factors: [], recoveryCodesLeft: 0 })
    expect(await fixture().stored(id)).toMatchObject({ secondFactors: '', secondFactorSince: null })
    expect(await db.prisma.rememberedBrowser.count({ where: { accountId: id } })).toBe(0)
    expect(events.at(-1)).toMatchObject({ type: 'factor.removed', accountId: id, kind: 'totp' })
    expect(mails.at(-1)).toMatchObject({ template: 'factor-removed', to: 'leaver@example.org' })
  })

  test('an app whose secret was sealed under another key says so, counts nothing, and can be set up anew', async () => {
    const { factors, db } = fixture()
    const { id, secret } = await fixture().withApp('lost-key')
    expect(await factors.totp.lost()).toBe(0)
    await db.prisma.totpFactor.updateMany({ where: { accountId: id }, data: { sealedSecret: 'v1.AAAA' } })
    expect(await factors.totp.lost()).toBe(1)
    fixture().later(60)
    for (let i = 0; i < 7; i++)
      await expect(verify(id, codeOf(secret, fixture().now))).rejects.toMatchObject({
        code: 'authenticator_lost',
        status: 409,
      })
    const setup = await factors.totp.begin(id)
    expect(
      await factors.totp.confirm(
        { accountId: id, generation: 0 },
        setup.id,
        codeOf(setup.secret, fixture().now),
      ),
    ).toMatchObject({
      kind: 'confirmed',
    })
    expect(await factors.totp.lost()).toBe(0)
  })

  test('methods are those of the account, the strongest first, with recovery codes while any are left', async () => {
    const { factors, db } = fixture()
    const { id } = await fixture().withApp('methods')
    expect(await factors.methodsOf({ id, secondFactors: [] })).toEqual([])
    expect(await factors.methodsOf({ id, secondFactors: ['totp'] })).toEqual(['totp', 'recovery_code'])
    await db.prisma.recoveryCode.deleteMany({ where: { accountId: id } })
    expect(await factors.methodsOf({ id, secondFactors: ['passkey', 'totp'] })).toEqual(['passkey', 'totp'])
  })

  test('what an account does not have is wrong, and one that is gone has nothing', async () => {
    const { factors } = fixture()
    const id = await fixture().account('bare')
    for (const method of ['totp', 'recovery_code', 'sms', 'email', 'passkey'] as const) {
      expect(await factors.verify({ accountId: id, method, code: '123456' })).toEqual({ kind: 'wrong' })
      expect(await factors.verify({ accountId: 'gone', method, code: '123456' })).toEqual({ kind: 'wrong' })
    }
    await expect(factors.totp.begin('gone')).rejects.toMatchObject({ code: 'account_not_found' })
  })
})
