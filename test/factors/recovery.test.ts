import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { RecoveryMail } from '../../src/factors/recovery/notices.ts'
import { codeOf, forEachDatabase } from './support.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const owner = { kind: 'owner', device: 'Firefox on Linux', address: '192.0.2.1' } as const

forEachDatabase('the recovery of an account that has lost its second factors', (fixture) => {
  const recovery = () => fixture().factors.recovery
  let made = 0

  /** The newest mail to an account. */
  const mailTo = (username: string) => {
    const mail = fixture()
      .mails.filter(({ to }) => to === `${username}@example.org`)
      .at(-1)
    if (!mail?.template.startsWith('recovery-')) throw new Error(`no mail about a recovery to ${username}`)
    return mail as RecoveryMail
  }
  const tokenIn = (mail: RecoveryMail, name: 'link' | 'stopLink'): string => {
    const { [name]: link = '' } = mail.data as Partial<Record<'link' | 'stopLink', string>>
    return new URL(link).searchParams.get('token') ?? ''
  }
  const events = (id: string) => fixture().events.filter((event) => event.accountId === id)
  const row = (accountId: string) =>
    fixture().db.prisma.accountRecovery.findFirst({ where: { accountId }, orderBy: { startedAt: 'desc' } })
  const account = (id: string) => fixture().db.prisma.account.findUniqueOrThrow({ where: { id } })
  const change = (id: string, data: object) => fixture().db.prisma.account.update({ where: { id }, data })

  /** A recovery that was started just now. */
  async function started() {
    const username = `lost${++made}`
    const person = await fixture().withApp(username)
    await recovery().start(person.id, owner)
    return { ...person, username, stop: tokenIn(mailTo(username), 'stopLink') }
  }
  /** One whose link was sent. */
  async function ready() {
    const person = await started()
    fixture().later(DAY)
    await recovery().advance()
    return { ...person, finish: tokenIn(mailTo(person.username), 'link') }
  }
  const waits = async (id: string) =>
    (await recovery().waiting({ id, secondFactors: ['totp'] })) !== undefined

  test('is told the owner and the audit log at once, and waits for the time that is set', async () => {
    const { settings } = fixture()
    settings.recoveryDelayHours = 48
    const { id, username, stop } = await started()
    settings.recoveryDelayHours = 24
    const at = fixture().now
    expect(await recovery().waiting({ id, secondFactors: ['totp'] })).toEqual({
      ...{ accountId: id, startedBy: 'owner', startedAt: at, ready: false },
      ...{ readyAt: at + 48 * HOUR * 1000, expiresAt: at + (48 * HOUR + 7 * DAY) * 1000 },
    })
    const mail = mailTo(username)
    expect(mail).toMatchObject({ to: `${username}@example.org`, template: 'recovery-started' })
    expect(mail.data).toMatchObject({ startedAt: at, device: 'Firefox on Linux', address: '192.0.2.1' })
    expect(events(id)).toContainEqual({
      ...{ type: 'account.recovery_started', accountId: id, username, by: 'owner' },
      ready_at: new Date(at + 48 * HOUR * 1000).toISOString(),
    })
    expect(await row(id)).toMatchObject({
      stopHash: createHash('sha256').update(stop).digest('base64url'),
      finishHash: null,
    })
    expect(JSON.stringify(await row(id))).not.toContain(stop)
    expect(JSON.stringify(events(id))).not.toContain(stop)
  })

  test('is one at a time: starting again says when it is ready, also several times at once', async () => {
    const { id } = await fixture().withApp('twice')
    const all = await Promise.all(Array.from({ length: 8 }, () => recovery().start(id, owner)))
    expect(all.filter((each) => each.started)).toHaveLength(1)
    expect(new Set(all.map((each) => each.recovery.readyAt)).size).toBe(1)
    expect(await fixture().db.prisma.accountRecovery.count({ where: { accountId: id } })).toBe(1)
    expect(events(id).filter(({ type }) => type === 'account.recovery_started')).toHaveLength(1)
  })

  test('is not started for an account without a factor, a verified address, or one that is disabled', async () => {
    const none = await fixture().account('nothing')
    await expect(recovery().start(none, owner)).rejects.toMatchObject({ code: 'no_second_factor' })
    const { id } = await fixture().withApp('states')
    await change(id, { email: null, pendingEmail: 'waits@example.org' })
    await expect(recovery().start(id, owner)).rejects.toMatchObject({ code: 'no_address', status: 409 })
    await change(id, { email: 'states@example.org', disabledAt: new Date(fixture().now) })
    await expect(recovery().start(id, owner)).rejects.toMatchObject({ code: 'account_disabled' })
    await expect(recovery().start('gone', owner)).rejects.toMatchObject({ code: 'account_not_found' })
  })

  test('is started three times a day at most: each is a mail', async () => {
    const { id } = await started()
    for (let more = 0; more < 2; more++) {
      expect(await recovery().stop(id, 'account')).toBe(true)
      await recovery().start(id, owner)
    }
    await recovery().stop(id, 'account')
    await expect(recovery().start(id, owner)).rejects.toMatchObject({ code: 'too_many_mails', status: 429 })
    fixture().later(DAY)
    expect((await recovery().start(id, owner)).started).toBe(true)
  })

  test('sends the link that finishes it when it is ready, once, and not before', async () => {
    const { id, username } = await started()
    fixture().later(DAY - 1)
    await recovery().advance()
    expect(mailTo(username).template).toBe('recovery-started')
    expect(await recovery().sendAgain(id)).toBe(false)
    fixture().later(1)
    await Promise.all([recovery().advance(), recovery().advance()])
    const mails = () =>
      fixture().mails.filter(
        ({ to, template }) => to.startsWith(`${username}@`) && template === 'recovery-ready',
      )
    expect(mails()).toHaveLength(1)
    await recovery().advance()
    expect(mails()).toHaveLength(1)
  })

  test('removes every factor, code, app password and remembered browser, and ends every sign-in', async () => {
    const { id, username, finish } = await ready()
    const { factors, db } = fixture()
    await factors.appPasswords.create({ accountId: id, generation: 0 }, 'a script')
    await factors.rememberedBrowsers.remember({ id, generation: 0 }, { userAgent: '', address: '' })
    const before = await account(id)
    expect(await recovery().finish({ accountId: id, token: finish })).toBe(true)
    expect(await account(id)).toMatchObject({
      ...{ secondFactors: '', secondFactorSince: null, generation: before.generation + 1 },
      updatedAt: before.updatedAt,
    })
    const where = { where: { accountId: id } }
    const { totpFactor, recoveryCode, appPassword, rememberedBrowser } = db.prisma
    expect(
      await Promise.all([
        totpFactor.count(where),
        recoveryCode.count(where),
        appPassword.count(where),
        rememberedBrowser.count(where),
      ]),
    ).toEqual([0, 0, 0, 0])
    expect(fixture().endedSessions).toContain(id)
    expect(await row(id)).toMatchObject({ outcome: 'finished' })
    expect(mailTo(username).template).toBe('recovery-finished')
    expect(events(id)).toContainEqual({
      ...{ type: 'account.recovery_finished', accountId: id, username },
      kinds: ['totp'],
    })
  })

  test('finishes exactly once, of several tries at once', async () => {
    const { id, finish } = await ready()
    const tries = Array.from({ length: 8 }, () => recovery().finish({ accountId: id, token: finish }))
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1)
    expect((await account(id)).generation).toBe(1)
    expect(events(id).filter(({ type }) => type === 'account.recovery_finished')).toHaveLength(1)
  })

  test('is either stopped or finished, of both at once', async () => {
    for (let round = 0; round < 4; round++) {
      const { id, stop, finish } = await ready()
      const [stopped, finished] = await Promise.all([
        recovery().stopByLink(stop),
        recovery().finish({ accountId: id, token: finish }),
      ])
      expect([stopped, finished].filter(Boolean)).toHaveLength(1)
      expect((await account(id)).secondFactors).toBe(finished ? '' : 'totp')
    }
  })

  describe('is not finished', () => {
    const refused = async (id: string, token: string) => {
      expect(await recovery().finish({ accountId: id, token })).toBe(false)
      expect(await account(id)).toMatchObject({ secondFactors: 'totp', generation: 0 })
    }

    test('before it is ready, though its token were known', async () => {
      const { id } = await started()
      const token = 't'.repeat(43)
      await fixture().db.prisma.accountRecovery.updateMany({
        where: { accountId: id },
        data: { finishHash: createHash('sha256').update(token).digest('base64url') },
      })
      fixture().later(DAY - 1)
      await refused(id, token)
    })

    test('by the token that stops it, none, or one of another account', async () => {
      const other = await ready()
      const { id, stop } = await ready()
      for (const token of [stop, '', 'x'.repeat(43), other.finish]) await refused(id, token)
      await refused(id, other.finish)
      expect(await waits(other.id)).toBe(true)
    })

    test('after it was stopped', async () => {
      const { id, finish } = await ready()
      await recovery().stop(id, 'account')
      await refused(id, finish)
    })

    test('a week after it was ready, and then it is deleted', async () => {
      const { id, finish } = await ready()
      fixture().later(7 * DAY)
      expect(await waits(id)).toBe(false)
      await refused(id, finish)
      await fixture().factors.purge()
      expect(await row(id)).toBe(null)
    })

    test('by a link that was replaced by another one', async () => {
      const { id, username, finish } = await ready()
      expect(await recovery().sendAgain(id)).toBe(true)
      await refused(id, finish)
      expect(await recovery().finish({ accountId: id, token: tokenIn(mailTo(username), 'link') })).toBe(true)
    })

    test('three more links a day are sent, of however many that are asked for; the newest goes on working', async () => {
      const { id, username } = await ready()
      const asked = await Promise.allSettled([1, 2, 3, 4, 5].map(() => recovery().sendAgain(id)))
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
      await expect(recovery().sendAgain(id)).rejects.toMatchObject({ code: 'too_many_mails', status: 429 })
      const links = fixture().mails.filter(
        ({ template, to }) => template === 'recovery-ready' && to.startsWith(`${username}@`),
      )
      expect(links).toHaveLength(4)
      fixture().later(DAY)
      expect(await recovery().sendAgain(id)).toBe(true)
      expect(await recovery().finish({ accountId: id, token: tokenIn(mailTo(username), 'link') })).toBe(true)
    })

    test('with a password that was set since: that stops it, and is told', async () => {
      const { id, username, finish } = await ready()
      await change(id, { passwordChangedAt: new Date(fixture().now) })
      expect(await waits(id)).toBe(false)
      expect(await recovery().find(finish)).toBeUndefined()
      await refused(id, finish)
      await recovery().advance()
      expect(await row(id)).toMatchObject({ outcome: 'stopped' })
      expect(events(id).at(-1)).toMatchObject({ type: 'account.recovery_stopped', by: 'new_password' })
      expect(mailTo(username).template).toBe('recovery-stopped')
      expect((await recovery().start(id, owner)).started).toBe(true)
    })

    test('nor is its link sent, while the account is disabled', async () => {
      const { id, username } = await started()
      await change(id, { disabledAt: new Date(fixture().now) })
      fixture().later(DAY)
      await recovery().advance()
      expect(mailTo(username).template).toBe('recovery-started')
      await change(id, { disabledAt: null })
      await recovery().advance()
      const finish = tokenIn(mailTo(username), 'link')
      await change(id, { disabledAt: new Date(fixture().now) })
      await refused(id, finish)
    })

    test('when the account is gone', async () => {
      const { id, stop, finish } = await ready()
      await fixture().db.prisma.account.delete({ where: { id } })
      expect(await recovery().finish({ accountId: id, token: finish })).toBe(false)
      expect(await recovery().stopByLink(stop)).toBe(false)
      expect(await recovery().find(finish)).toBeUndefined()
    })
  })

  describe('is stopped', () => {
    test('by either link, once, without a sign-in, and told', async () => {
      for (const which of ['stop', 'finish'] as const) {
        const person = await ready()
        expect(await recovery().find(person[which])).toMatchObject({
          ...{ accountId: person.id, username: person.username, finishes: which === 'finish', ready: true },
        })
        expect(await recovery().stopByLink(person[which])).toBe(true)
        expect(await recovery().stopByLink(person[which])).toBe(false)
        expect(await recovery().find(person[which])).toBeUndefined()
        expect(events(person.id).at(-1)).toMatchObject({ type: 'account.recovery_stopped', by: 'link' })
        expect(mailTo(person.username).template).toBe('recovery-stopped')
        expect(await waits(person.id)).toBe(false)
      }
    })

    test('by a code of the app that turned up again, and by a recovery code; not by a wrong one', async () => {
      const { factors } = fixture()
      const { id, secret, recoveryCodes } = await started()
      fixture().later(60)
      const wrong = { accountId: id, method: 'totp', code: 'none' } as const
      expect(await factors.verify(wrong)).toEqual({ kind: 'wrong' })
      expect(await waits(id)).toBe(true)
      const right = { ...wrong, code: codeOf(secret, fixture().now) }
      expect(await factors.verify(right)).toMatchObject({ kind: 'verified' })
      expect(await waits(id)).toBe(false)
      expect(events(id).at(-1)).toMatchObject({ by: 'second_factor' })
      await recovery().start(id, { kind: 'administrator' })
      const [code = ''] = recoveryCodes
      await factors.verify({ accountId: id, method: 'recovery_code', code })
      expect(await waits(id)).toBe(false)
    })
  })

  test('says so when an administrator has started it', async () => {
    const { id } = await fixture().withApp('helped')
    const { recovery: waiting } = await recovery().start(id, { kind: 'administrator' })
    expect(waiting.startedBy).toBe('administrator')
    const mail = mailTo('helped')
    expect(mail.template).toBe('recovery-started-for-you')
    expect(mail.data).toMatchObject({
      startedAt: fixture().now,
      stopLink: expect.stringContaining('/login/recover/stop?token='),
    })
    expect(events(id).at(-1)).toMatchObject({ type: 'account.recovery_started', by: 'administrator' })
  })
})
