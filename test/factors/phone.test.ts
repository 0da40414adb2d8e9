import { beforeEach, expect, test } from 'vitest'
import { forEachDatabase } from './support.ts'

const NUMBER = '+4915112345678'
let counter = 0
const fresh = (name: string) => `${name}${++counter}`

forEachDatabase('codes by SMS', (fixture) => {
  const phones = () => fixture().factors.phones
  const codeOf = () => fixture().sms.sent.at(-1)?.code ?? ''
  /** No sign-in of these accounts has ended. */
  const by = (accountId: string) => ({ accountId, generation: 0 })
  const confirm = (accountId: string, id: string, code: string) => phones().confirm(by(accountId), id, code)
  const wrongFor = (code: string) => (code === '000000' ? '000001' : '000000')
  const address = '192.0.2.1'

  beforeEach(() => {
    const { sms, settings, events, mails } = fixture()
    Object.assign(sms, { on: true, outcome: { kind: 'sent' }, during: undefined })
    sms.sent.length = events.length = mails.length = 0
    settings.phoneSignIn = 'off'
  })

  async function begin(accountId: string, purpose: 'factor' | 'number' = 'factor', number = NUMBER) {
    const outcome = await phones().begin({ accountId, number, purpose, address })
    if (outcome.kind !== 'sent') throw new Error(outcome.kind)
    return outcome.id
  }
  async function withPhone(name = 'phone', number = NUMBER) {
    const id = await fixture().account(fresh(name))
    const confirmed = await confirm(id, await begin(id, 'factor', number), codeOf())
    if (confirmed.kind !== 'confirmed') throw new Error(confirmed.kind)
    return { id, recoveryCodes: confirmed.recoveryCodes }
  }
  const row = (id: string) => fixture().db.prisma.account.findUniqueOrThrow({ where: { id } })

  test('a phone is a factor once its code came back: the number is verified, its owner told, and there are recovery codes', async () => {
    const { id, recoveryCodes } = await withPhone()
    expect(recoveryCodes).toHaveLength(10)
    expect(await row(id)).toMatchObject({ secondFactors: 'phone', phoneNumber: NUMBER, phoneVerified: true })
    const { events, mails, factors, sms } = fixture()
    expect(events.map(({ type }) => type)).toEqual(['factor.phone_verified', 'factor.added'])
    expect(mails.map(({ template }) => template)).toEqual(['phone-verified', 'factor-added'])
    expect(JSON.stringify([events, mails])).not.toContain(NUMBER)
    expect((await factors.list(id)).factors).toEqual([
      expect.objectContaining({ kind: 'phone', name: '…678', lastUsedAt: null }),
    ])
    // The last line is for phones that fill codes in on this host alone.
    expect(sms.sent.at(-1)?.text).toMatch(
      /^(\d{6}) is your code for id\.example\.com\..*\n\n@id\.example\.com #\1$/,
    )
    expect(sms.sent.at(-1)?.text.length).toBeLessThan(160)
  })

  test('a number can be verified without being a factor', async () => {
    const id = await fixture().account(fresh('number'))
    const outcome = await confirm(id, await begin(id, 'number'), codeOf())
    expect(outcome).toEqual({ kind: 'confirmed', purpose: 'number', signsIn: undefined })
    expect(await row(id)).toMatchObject({ secondFactors: '', phoneNumber: NUMBER, phoneVerified: true })
    expect(await phones().send(id, address)).toEqual({ kind: 'off' })
    expect(fixture().mails.map(({ template }) => template)).toEqual(['phone-verified'])
  })

  test('a code verifies a sign-in once, and no sign-in to another account', async () => {
    const one = await withPhone('one', '+4915112345001')
    const other = await withPhone('other', '+4915112345002')
    expect(await phones().send(one.id, address)).toEqual({ kind: 'sent' })
    const code = codeOf()
    expect(fixture().sms.sent.at(-1)?.number).toBe('+4915112345001')
    expect(await phones().verify(other.id, code)).toEqual({ kind: 'wrong' })
    expect(await phones().verify(one.id, ` ${code.slice(0, 3)} ${code.slice(3)} `)).toEqual({
      kind: 'verified',
      amr: ['sms'],
    })
    expect(await phones().verify(one.id, code)).toEqual({ kind: 'wrong' })
    expect((await fixture().factors.list(one.id)).factors[0]?.lastUsedAt).toBe(fixture().now)
  })

  test('a right code that is sent 20 times at once verifies one sign-in', async () => {
    const { id } = await withPhone()
    // The limit of wrong codes lets five at once be checked.
    await phones().send(id, address)
    const code = codeOf()
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => phones().verify(id, code)))
    expect(outcomes.filter(({ kind }) => kind === 'verified')).toHaveLength(1)
  })

  test('only the newest code works, and for ten minutes', async () => {
    const { id } = await withPhone()
    await phones().send(id, address)
    const first = codeOf()
    await phones().send(id, address)
    const second = codeOf()
    if (first !== second) expect(await phones().verify(id, first)).toEqual({ kind: 'wrong' })
    fixture().later(600)
    expect(await phones().verify(id, second)).toEqual({ kind: 'wrong' })
    await phones().send(id, address)
    fixture().later(599)
    expect(await phones().verify(id, codeOf())).toMatchObject({ kind: 'verified' })
  })

  test('of 200 guesses at once no more than five are checked', async () => {
    const { id } = await withPhone()
    await phones().send(id, address)
    const guesses = Array.from({ length: 200 }, (_, n) => phones().verify(id, `x${n}`))
    const kinds = (await Promise.all(guesses)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'wrong')).toHaveLength(5)
    expect(kinds.filter((kind) => kind === 'limited')).toHaveLength(195)
    // The right one is not looked at either.
    expect(await phones().verify(id, codeOf())).toMatchObject({ kind: 'limited' })
    expect(fixture().mails.map(({ template }) => template)).toContain('factor-locked')
  })

  test('of 200 guesses at once at the code of a new number no more than five are checked, and the sign-in is not locked', async () => {
    const { id } = await withPhone()
    const pending = await begin(id, 'factor', '+4915112345999')
    const guesses = Array.from({ length: 200 }, (_, n) => confirm(id, pending, `x${n}`))
    const kinds = (await Promise.all(guesses)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'wrong')).toHaveLength(5)
    expect(await confirm(id, pending, codeOf())).toMatchObject({ kind: 'limited' })
    await phones().send(id, address)
    expect(await phones().verify(id, codeOf())).toMatchObject({ kind: 'verified' })
  })

  test('a number is confirmed once, by its own code, within ten minutes, by its own account', async () => {
    const id = await fixture().account(fresh('confirm'))
    const stranger = await fixture().account(fresh('stranger'))
    const pending = await begin(id)
    const code = codeOf()
    await expect(confirm(stranger, pending, code)).rejects.toMatchObject({
      code: 'factor_not_found',
    })
    expect(await confirm(id, pending, wrongFor(code))).toEqual({ kind: 'wrong' })
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => confirm(id, pending, code)))
    const confirmed = outcomes.filter(
      (each) => each.status === 'fulfilled' && each.value.kind === 'confirmed',
    )
    expect(confirmed).toHaveLength(1)
    await expect(confirm(id, pending, code)).rejects.toMatchObject({ code: 'factor_not_found' })
    const late = await begin(id, 'number')
    fixture().later(600)
    await expect(confirm(id, late, codeOf())).rejects.toMatchObject({ code: 'factor_not_found' })
  })

  test('the code of a sign-in confirms no number, and that of a number verifies no sign-in', async () => {
    const { id } = await withPhone()
    const pending = await begin(id, 'number')
    const forNumber = codeOf()
    expect(await phones().verify(id, forNumber)).toEqual({ kind: 'wrong' })
    await phones().send(id, address)
    const forSignIn = codeOf()
    if (forSignIn !== forNumber) expect(await confirm(id, pending, forSignIn)).toEqual({ kind: 'wrong' })
    expect(await confirm(id, pending, forNumber)).toMatchObject({ kind: 'confirmed' })
  })

  test('two tabs: the second number that is begun ends the first', async () => {
    const id = await fixture().account(fresh('tabs'))
    const first = await begin(id, 'factor', '+4915112345101')
    const firstCode = codeOf()
    const second = await begin(id, 'factor', '+4915112345102')
    await expect(confirm(id, first, firstCode)).rejects.toMatchObject({ code: 'factor_not_found' })
    expect(await confirm(id, second, codeOf())).toMatchObject({ kind: 'confirmed' })
    expect(await row(id)).toMatchObject({ phoneNumber: '+4915112345102' })
  })

  test('a sign-in that has ended confirms and removes none', async () => {
    const { id } = await withPhone('ended', '+4915112345401')
    const pending = await begin(id, 'factor', '+4915112345402')
    const number = await begin(id, 'number', '+4915112345403')
    const code = codeOf()
    await fixture().db.prisma.account.update({ where: { id }, data: { generation: 1 } })
    expect(await confirm(id, number, code)).toEqual({ kind: 'wrong' })
    expect(await confirm(id, pending, fixture().sms.sent.at(-2)?.code ?? '')).toEqual({ kind: 'wrong' })
    const [factor] = (await fixture().factors.list(id)).factors
    expect(await fixture().factors.remove(by(id), factor?.id ?? '')).toBe(false)
    expect((await fixture().factors.list(id)).factors.map(({ name }) => name)).toEqual(['…401'])
  })

  test('another phone takes the place of the one before, whose codes work no more', async () => {
    const { id } = await withPhone('moved', '+4915112345201')
    await phones().send(id, address)
    const old = codeOf()
    const pending = await begin(id, 'factor', '+4915112345202')
    expect(await confirm(id, pending, codeOf())).toMatchObject({ kind: 'confirmed' })
    expect(await phones().verify(id, old)).toEqual({ kind: 'wrong' })
    expect((await fixture().factors.list(id)).factors.map(({ name }) => name)).toEqual(['…202'])
  })

  test('removed, it verifies nothing, and with the last factor recovery codes end', async () => {
    const { id } = await withPhone()
    await phones().send(id, address)
    const code = codeOf()
    const [factor] = (await fixture().factors.list(id)).factors
    expect(await fixture().factors.remove(by(id), factor?.id ?? '')).toBe(true)
    expect(await phones().verify(id, code)).toEqual({ kind: 'wrong' })
    expect(await fixture().factors.list(id)).toEqual({ factors: [], recoveryCodesLeft: 0 })
    expect(await row(id)).toMatchObject({ secondFactors: '', phoneVerified: true })
    expect(fixture().mails.at(-1)?.template).toBe('factor-removed')
  })

  test('an app that is removed leaves the phone a factor', async () => {
    const { id, factorId } = await fixture().withApp(fresh('both'))
    expect(await confirm(id, await begin(id), codeOf())).toMatchObject({ kind: 'confirmed' })
    expect((await row(id)).secondFactors).toBe('totp phone')
    await fixture().factors.remove(by(id), factorId)
    expect((await row(id)).secondFactors).toBe('phone')
  })

  test('who administers adds no phone, and is verified by something stronger where they have it', async () => {
    const { id } = await fixture().withApp(fresh('admin'))
    await confirm(id, await begin(id), codeOf())
    await fixture().db.prisma.account.update({ where: { id }, data: { role: 'admin' } })
    const { factors } = fixture()
    const secondFactors = ['totp', 'phone'] as const
    expect(await factors.methodsOf({ id, secondFactors, role: 'admin' })).toEqual(['totp', 'recovery_code'])
    expect(await factors.methodsOf({ id, secondFactors, role: 'user' })).toEqual([
      'totp',
      'sms',
      'recovery_code',
    ])
    expect(await phones().send(id, address)).toEqual({ kind: 'off' })
    expect(await factors.verify({ accountId: id, method: 'sms', code: codeOf() })).toEqual({ kind: 'wrong' })
    expect(await phones().begin({ accountId: id, number: NUMBER, purpose: 'factor', address })).toEqual({
      kind: 'off',
    })
  })

  test('without a gateway none is sent or added, and recovery codes are the way', async () => {
    const { id } = await withPhone()
    fixture().sms.on = false
    const { factors } = fixture()
    expect(await phones().send(id, address)).toEqual({ kind: 'off' })
    expect(await phones().begin({ accountId: id, number: NUMBER, purpose: 'number', address })).toEqual({
      kind: 'off',
    })
    expect(await factors.methodsOf({ id, secondFactors: ['phone'], role: 'user' })).toEqual(['recovery_code'])
    await fixture().db.prisma.recoveryCode.deleteMany({ where: { accountId: id } })
    expect(await factors.methodsOf({ id, secondFactors: ['phone'], role: 'user' })).toEqual(['sms'])
  })

  test('what was not sent leaves nothing to type', async () => {
    const id = await fixture().account(fresh('failed'))
    fixture().sms.outcome = { kind: 'failed' }
    expect(await phones().begin({ accountId: id, number: NUMBER, purpose: 'factor', address })).toEqual({
      kind: 'failed',
    })
    expect(await fixture().db.prisma.smsCode.count({ where: { accountId: id } })).toBe(0)
  })

  test('a code works before the gateway answers, and stays where it gives no certain answer', async () => {
    const { id } = await withPhone()
    const { sms } = fixture()
    const during: string[] = []
    sms.during = async (code) => void during.push((await phones().verify(id, code)).kind)
    expect(await phones().send(id, address)).toEqual({ kind: 'sent' })
    expect(during).toEqual(['verified'])
    sms.during = undefined
    await phones().send(id, address)
    const older = codeOf()
    sms.outcome = { kind: 'failed', maybeSent: true }
    expect(await phones().send(id, address)).toMatchObject({ kind: 'failed' })
    if (older !== codeOf()) expect(await phones().verify(id, older)).toEqual({ kind: 'wrong' })
    expect(await phones().verify(id, codeOf())).toMatchObject({ kind: 'verified' })
    const pending = await begin(id, 'number')
    expect(await confirm(id, pending, codeOf())).toMatchObject({ kind: 'confirmed' })
  })

  test.each([
    { kind: 'failed' },
    { kind: 'limited', until: 1 },
    { kind: 'refused', problem: 'refused_kind' },
  ] as const)('a code that was certainly not sent ($kind) leaves the one before it', async (outcome) => {
    const { id } = await withPhone()
    await phones().send(id, address)
    const older = codeOf()
    const pending = await begin(id, 'number', '+4915112345777')
    const olderForNumber = codeOf()
    fixture().sms.outcome = outcome
    expect(await phones().send(id, address)).toEqual(outcome)
    const begun = await phones().begin({ accountId: id, number: NUMBER, purpose: 'number', address })
    expect(begun).toEqual(outcome)
    expect(await phones().verify(id, older)).toMatchObject({ kind: 'verified' })
    expect(await confirm(id, pending, olderForNumber)).toMatchObject({ kind: 'confirmed' })
    expect(await row(id)).toMatchObject({ phoneNumber: '+4915112345777' })
  })

  test('while codes are not checked none is sent, to sign in or for a number', async () => {
    const { id } = await withPhone()
    const { sms } = fixture()
    await phones().send(id, address)
    const pending = await begin(id, 'number', '+4915112345888')
    for (let n = 0; n < 5; n++) await phones().verify(id, `x${n}`)
    const until = fixture().now + 15 * 60_000
    sms.sent.length = 0
    expect(await phones().send(id, address)).toEqual({ kind: 'limited', until })
    expect(sms.sent).toEqual([])
    // What is counted apart is locked apart.
    const other = await begin(id, 'number', '+4915112345889')
    expect(other).not.toBe(pending)
    for (let n = 0; n < 5; n++) await confirm(id, other, `x${n}`)
    sms.sent.length = 0
    expect(await phones().begin({ accountId: id, number: NUMBER, purpose: 'factor', address })).toEqual({
      kind: 'limited',
      until,
    })
    expect(sms.sent).toEqual([])
    fixture().later(15 * 60)
    expect(await phones().send(id, address)).toEqual({ kind: 'sent' })
    expect(await phones().verify(id, codeOf())).toMatchObject({ kind: 'verified' })
  })

  test('codes are kept as a MAC, and go when they are too old', async () => {
    const { id } = await withPhone()
    await phones().send(id, address)
    const stored = JSON.stringify(await fixture().db.prisma.smsCode.findMany({ where: { accountId: id } }))
    // Not among the digits of a MAC or a number either, but as a value of its own.
    expect(stored).not.toMatch(new RegExp(`\\b${codeOf()}\\b`))
    fixture().later(601)
    await fixture().factors.purge()
    expect(await fixture().db.prisma.smsCode.count({ where: { accountId: id } })).toBe(0)
  })

  test('a number signs in to the first account that verifies it; eight at once are one', async () => {
    fixture().settings.phoneSignIn = 'on'
    const number = '+4915112345301'
    const ids = await Promise.all(Array.from({ length: 8 }, () => fixture().account(fresh('first'))))
    const begun: { id: string; pending: string; code: string }[] = []
    for (const id of ids) begun.push({ id, pending: await begin(id, 'number', number), code: codeOf() })
    const outcomes = await Promise.all(begun.map(({ id, pending, code }) => confirm(id, pending, code)))
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(8).fill('confirmed'))
    expect(outcomes.filter((each) => each.kind === 'confirmed' && each.signsIn)).toHaveLength(1)
    const rows = await fixture().db.prisma.account.findMany({ where: { id: { in: ids } } })
    expect(rows.every(({ phoneVerified, phoneNumber }) => phoneVerified && phoneNumber === number)).toBe(true)
    expect(rows.filter(({ phoneLogin }) => phoneLogin === number)).toHaveLength(1)
  })
})
