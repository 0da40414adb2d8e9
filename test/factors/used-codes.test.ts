import { beforeEach, expect, test } from 'vitest'
import type { VerificationMethod } from '../../src/shared/second-factor.ts'
import { codeOf, forEachDatabase } from './support.ts'

const NUMBER = '+4915112345678'
let counter = 0

forEachDatabase('codes that were right and are used', (fixture) => {
  beforeEach(() => {
    const { settings, events, mails } = fixture()
    settings.emailCodes = 'on'
    events.length = mails.length = 0
  })

  /** An account that can be verified by a method, and a right code of it. */
  const ready: Record<Exclude<VerificationMethod, 'passkey'>, () => Promise<{ id: string; code: string }>> = {
    async totp() {
      const { id, secret } = await fixture().withApp(`totp${++counter}`)
      fixture().later(60)
      return { id, code: codeOf(secret, fixture().now) }
    },
    async recovery_code() {
      const { id, recoveryCodes } = await fixture().withApp(`recovery${++counter}`)
      return { id, code: recoveryCodes[0] ?? '' }
    },
    async sms() {
      const { phones } = fixture().factors
      const id = await fixture().account(`sms${++counter}`)
      const begun = { accountId: id, number: NUMBER, purpose: 'factor', address: undefined } as const
      const sent = await phones.begin(begun)
      if (sent.kind !== 'sent') throw new Error(sent.kind)
      await phones.confirm({ accountId: id, generation: 0 }, sent.id, fixture().sms.sent.at(-1)?.code ?? '')
      await phones.send(id, undefined)
      return { id, code: fixture().sms.sent.at(-1)?.code ?? '' }
    },
    async email() {
      const id = await fixture().account(`email${++counter}`)
      expect(await fixture().factors.emailCodes.send(id)).toEqual({ kind: 'sent' })
      return { id, code: codeInMail() }
    },
  }
  const codeInMail = () => {
    const mail = fixture().mails.findLast(({ template }) => template === 'sign-in-code')
    return mail?.template === 'sign-in-code' ? mail.data.code : ''
  }
  const methods = Object.keys(ready) as (keyof typeof ready)[]
  const told = () => ({
    events: fixture().events.filter(({ type }) => /code_wrong|locked/.test(type)),
    mails: fixture().mails.filter(({ template }) => template === 'factor-locked'),
  })
  const counted = async (accountId: string, kind: string) =>
    (await fixture().db.prisma.factorFailures.findUnique({ where: { accountId_kind: { accountId, kind } } }))
      ?.failures

  test.each(methods)(
    '%s: eight right ones at once verify one sign-in, and are no wrong guesses',
    async (method) => {
      const { id, code } = await ready[method]()
      const verify = (typed: string) => fixture().factors.verify({ accountId: id, method, code: typed })
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => verify(code)))
      expect(outcomes.filter(({ kind }) => kind === 'verified')).toHaveLength(1)
      // Twenty more, one after the other: the form of another tab, Back.
      for (let n = 0; n < 20; n++) expect(await verify(` ${code} `)).toEqual({ kind: 'wrong' })
      expect(told()).toEqual({ events: [], mails: [] })
      expect(await counted(id, method)).toBe(0)
      expect((await counted(id, `${method}_in_all`)) ?? 0).toBeLessThan(5)
    },
  )

  test.each(methods)('%s: a used code takes no wrong guess back, and stops no lock', async (method) => {
    const { id, code } = await ready[method]()
    const verify = (typed: string) => fixture().factors.verify({ accountId: id, method, code: typed })
    expect(await verify(code)).toMatchObject({ kind: 'verified' })
    for (let n = 0; n < 5; n++) {
      expect(await verify(`x${n}`)).toEqual({ kind: 'wrong' })
      if (n < 4)
        expect((await Promise.all([verify(code), verify(code)])).map(({ kind }) => kind)).toEqual([
          'wrong',
          'wrong',
        ])
    }
    expect(await verify('x5')).toMatchObject({ kind: 'limited' })
    expect(await verify(code)).toMatchObject({ kind: 'limited' })
    expect(told().mails).toHaveLength(1)
  })

  test('the used code of one account is a wrong guess at another, and so is the one before', async () => {
    const { id, secret } = await fixture().withApp(`app${++counter}`)
    const other = await fixture().withApp(`app${++counter}`)
    const used: string[] = []
    for (let n = 0; n < 2; n++) {
      fixture().later(60)
      used.push(codeOf(secret, fixture().now))
      const code = used[n] ?? ''
      expect(await fixture().factors.verify({ accountId: id, method: 'totp', code })).toMatchObject({
        kind: 'verified',
      })
    }
    fixture().later(60)
    for (const [accountId, code] of [
      [id, used[0]],
      [other.id, used[1]],
    ] as const) {
      await fixture().factors.verify({ accountId, method: 'totp', code: code ?? '' })
      expect(await counted(accountId, 'totp')).toBe(1)
    }
  })

  test('no code by email is sent while none is checked, and its owner is told for how long', async () => {
    const { id } = await ready.email()
    for (let n = 0; n < 5; n++) await fixture().factors.emailCodes.verify(id, `x${n}`)
    fixture().mails.length = 0
    const until = fixture().now + 900_000
    expect(await fixture().factors.emailCodes.send(id)).toEqual({ kind: 'limited', until })
    expect(fixture().mails).toEqual([])
    fixture().later(900)
    expect(await fixture().factors.emailCodes.send(id)).toEqual({ kind: 'sent' })
    expect(await fixture().factors.emailCodes.verify(id, codeInMail())).toMatchObject({ kind: 'verified' })
  })
})
