import { expect, test } from 'vitest'
import type { KnownDevice } from '../../src/shared/known-device.ts'
import { forEachDatabase, otherPassword, password } from './support.ts'

const wrong = 'not the password at all'

forEachDatabase('strangers and known devices', (fixture) => {
  const signIn = (identifier: string, typed: string, ...devices: KnownDevice[]) =>
    fixture().accounts.authenticate({ identifier, password: typed, devices })
  const stored = (id: string) => fixture().db.prisma.account.findUniqueOrThrow({ where: { id } })
  const failuresOf = async (device: KnownDevice) =>
    (await fixture().db.prisma.deviceFailures.findUnique({ where: { id: device.id } }))?.failedSignIns ?? 0

  let made = 0
  /** A browser that has signed in, as its cookie says. */
  async function deviceOf(accountId: string): Promise<KnownDevice> {
    const account = await fixture().accounts.byId(accountId)
    return { accountId, id: `device ${++made}`, generation: account?.generation ?? 0 }
  }
  /** An account that strangers have locked out. */
  async function besieged(username: string): Promise<{ id: string; device: KnownDevice }> {
    const id = await fixture().verified(username)
    for (let n = 0; n < 5; n++) await signIn(username, `${wrong} ${n}`)
    expect(await signIn(username, password)).toMatchObject({ reason: 'locked' })
    return { id, device: await deviceOf(id) }
  }

  test('the owner gets in from a browser that signed in before while strangers are locked out, who stay so', async () => {
    const { id, device } = await besieged('besieged')
    for (let n = 0; n < 3; n++)
      expect(await signIn('besieged', password, device)).toMatchObject({ kind: 'ok', account: { id } })
    expect(await signIn('besieged', password)).toMatchObject({ reason: 'locked' })
    expect(await stored(id)).toMatchObject({ failedSignIns: 5 })
    expect(await failuresOf(device)).toBe(0)
  })

  test('also after a hundred failures of strangers', async () => {
    const id = await fixture().verified('hunted')
    await fixture().db.prisma.account.update({ where: { id }, data: { failedSignIns: 99 } })
    await signIn('hunted', wrong)
    fixture().later(86_400)
    expect(await signIn('hunted', password)).toMatchObject({ reason: 'locked' })
    expect(await signIn('hunted', password, await deviceOf(id))).toMatchObject({ kind: 'ok' })
    expect(await signIn('hunted', password)).toMatchObject({ reason: 'locked' })
    fixture().later(-86_400)
  })

  test('a success there ends what strangers have on record when they are not locked out', async () => {
    const id = await fixture().verified('now-and-then')
    for (let n = 0; n < 4; n++) await signIn('now-and-then', wrong)
    expect(await signIn('now-and-then', password, await deviceOf(id))).toMatchObject({ kind: 'ok' })
    expect(await stored(id)).toMatchObject({ failedSignIns: 0, lockedUntil: null })
  })

  test('wrong passwords on a device lock that device alone, and no mail is sent', async () => {
    const id = await fixture().verified('two-devices')
    const [old, other] = [await deviceOf(id), await deviceOf(id)]
    for (let n = 0; n < 5; n++)
      expect(await signIn('two-devices', wrong, old)).toMatchObject({ reason: 'wrong' })
    expect(await signIn('two-devices', password, old)).toMatchObject({ reason: 'locked' })
    expect(await signIn('two-devices', password, other)).toMatchObject({ kind: 'ok' })
    expect(await signIn('two-devices', password)).toMatchObject({ kind: 'ok' })
    expect(await fixture().mailsTo('two-devices@example.org')).toEqual([])
    fixture().later(900)
    expect(await signIn('two-devices', password, old)).toMatchObject({ kind: 'ok' })
    fixture().later(-900)
  })

  test('a copied cookie gives a hundred tries in all, however slowly', async () => {
    const id = await fixture().verified('copied')
    const device = await deviceOf(id)
    await signIn('copied', wrong, device)
    await fixture().db.prisma.deviceFailures.update({ where: { id: device.id }, data: { failedSignIns: 99 } })
    expect(await signIn('copied', wrong, device)).toMatchObject({ reason: 'wrong' })
    fixture().later(365 * 86_400)
    expect(await signIn('copied', password, device)).toMatchObject({ reason: 'locked' })
    expect(await signIn('copied', password)).toMatchObject({ kind: 'ok' })
    fixture().later(-365 * 86_400)
  })

  test('a hundred wrong passwords at once from one device, in two processes, are five checks', async () => {
    const id = await fixture().verified('copied-often')
    const device = await deviceOf(id)
    const { hashing, accounts } = fixture()
    const neighbour = fixture().neighbour()
    hashing.clear()
    await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) =>
        (n % 2 ? accounts : neighbour).authenticate({
          identifier: 'copied-often',
          password: `${wrong} ${n}`,
          devices: [device],
        }),
      ),
    )
    expect(hashing.verify).toBe(5)
    expect(await failuresOf(device)).toBe(5)
  })

  test('thirty right passwords at once from one device all pass', async () => {
    const id = await fixture().verified('eager')
    const device = await deviceOf(id)
    for (let n = 0; n < 4; n++) await signIn('eager', wrong, device)
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => signIn('eager', password, device)))
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['ok']))
  })

  test('the queue of an account that strangers fill is not the one of its owner', async () => {
    const id = await fixture().verified('crowded')
    const device = await deviceOf(id)
    const strangers = Promise.allSettled(
      Array.from({ length: 200 }, (_, n) => signIn('crowded', `${wrong} ${n}`)),
    )
    expect(await signIn('crowded', password, device)).toMatchObject({ kind: 'ok' })
    const outcomes = await strangers
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
  })

  test('a device of another account, or from before the sessions ended, is a stranger', async () => {
    const { id, device } = await besieged('careful')
    const foreign = await deviceOf(await fixture().verified('somebody-else'))
    expect(await signIn('careful', password, foreign)).toMatchObject({ reason: 'locked' })
    fixture().later(1)
    await fixture().accounts.endSessions(id)
    expect(await signIn('careful', password, device)).toMatchObject({ reason: 'locked' })
    const fresh = await deviceOf(id)
    expect(await signIn('careful', password, foreign, fresh)).toMatchObject({ kind: 'ok' })
  })

  test.each(['change', 'reset'] as const)(
    'a new password (%s) makes strangers of all devices',
    async (how) => {
      const username = `renewed-${how}`
      const id = await fixture().verified(username)
      const device = await deviceOf(id)
      fixture().later(1)
      if (how === 'change')
        await fixture().accounts.changePassword({
          accountId: id,
          currentPassword: password,
          newPassword: otherPassword,
        })
      else {
        await fixture().accounts.forgot(`${username}@example.org`)
        const { text } = await fixture().lastMailTo(`${username}@example.org`)
        const token = /reset-password\?token=([\w-]{43})/.exec(text)?.[1] ?? ''
        expect(await fixture().accounts.reset(token, otherPassword)).toBeDefined()
      }
      for (let n = 0; n < 5; n++) await signIn(username, wrong)
      expect(await signIn(username, otherPassword, device)).toMatchObject({ reason: 'locked' })
      expect(await signIn(username, otherPassword, await deviceOf(id))).toMatchObject({ kind: 'ok' })
    },
  )

  test('whoever is signed in changes the password while strangers are locked out', async () => {
    const { id, device } = await besieged('determined')
    const change = { accountId: id, currentPassword: password, newPassword: otherPassword }
    await fixture().accounts.changePassword({ ...change, devices: [device] })
    expect(await signIn('determined', otherPassword, await deviceOf(id))).toMatchObject({ kind: 'ok' })
  })

  test('an account that is deleted while a device tries', async () => {
    const id = await fixture().verified('leaving')
    const device = await deviceOf(id)
    const { deviceFailures } = fixture().db.prisma
    fixture().hashing.during = async () => {
      await fixture().accounts.delete(id)
    }
    // One check is under way when the account goes; the next one waits behind it.
    const tries = [1, 2, 3].map(() => signIn('leaving', wrong, device))
    for (const outcome of await Promise.all(tries)) expect(outcome).toMatchObject({ kind: 'refused' })
    expect(await deviceFailures.count({ where: { accountId: id } })).toBe(0)
  })

  test('unlocking by an administrator unlocks the devices too', async () => {
    const id = await fixture().verified('jammed')
    const device = await deviceOf(id)
    for (let n = 0; n < 5; n++) await signIn('jammed', wrong, device)
    expect(await signIn('jammed', password, device)).toMatchObject({ reason: 'locked' })
    await fixture().accounts.unlock(id)
    expect(await signIn('jammed', password, device)).toMatchObject({ kind: 'ok' })
  })

  test('counts of devices go when their cookies have expired', async () => {
    const id = await fixture().verified('rare')
    const device = await deviceOf(id)
    await signIn('rare', wrong, device)
    fixture().later(399 * 86_400)
    while ((await fixture().accounts.purge()) > 0);
    expect(await failuresOf(device)).toBe(1)
    fixture().later(2 * 86_400)
    while ((await fixture().accounts.purge()) > 0);
    expect(await failuresOf(device)).toBe(0)
    fixture().later(-401 * 86_400)
  })

  test('the mail after a hundred failures comes though somebody used up every other, and lets in for a week', async () => {
    const id = await fixture().verified('drained')
    const address = 'drained@example.org'
    for (let n = 0; n < 8; n++) await fixture().accounts.forgot(address)
    expect(await fixture().mailsTo(address)).toHaveLength(5)
    await fixture().db.prisma.account.update({ where: { id }, data: { failedSignIns: 99 } })
    expect(await signIn('drained', wrong)).toMatchObject({ reason: 'wrong' })
    const mails = await fixture().mailsTo(address)
    expect(mails).toHaveLength(6)
    const mail = await fixture().lastMailTo(address)
    expect(mail.text).toMatch(/a hundred times/)
    expect(mail.text).toMatch(/7 days/)
    // More requests end older links of theirs, not this one.
    fixture().later(3601)
    for (let n = 0; n < 5; n++) await fixture().accounts.forgot(address)
    fixture().later(6 * 86_400)
    const token = /reset-password\?token=([\w-]{43})/.exec(mail.text)?.[1] ?? ''
    expect(await fixture().accounts.reset(token, otherPassword)).toBeDefined()
    expect(await signIn('drained', otherPassword)).toMatchObject({ kind: 'ok' })
    expect(await fixture().accounts.reset(token, password)).toBeUndefined()
    fixture().later(-3601 - 6 * 86_400)
  })

  test('a browser that signed in before has reset mails of its own', async () => {
    const id = await fixture().verified('asking')
    const device = await deviceOf(id)
    for (let n = 0; n < 8; n++) await fixture().accounts.forgot('asking@example.org')
    await fixture().accounts.forgot('asking@example.org', { devices: [device] })
    expect(await fixture().mailsTo('asking@example.org')).toHaveLength(6)
    for (let n = 0; n < 8; n++) await fixture().accounts.forgot('asking@example.org', { devices: [device] })
    expect(await fixture().mailsTo('asking@example.org')).toHaveLength(10)
  })

  test('a link for an administrator is made however many mails there were; for nobody else', async () => {
    const admin = await fixture().accounts.createByAdmin({
      ...{ username: 'chief', email: 'chief@example.org', password, verified: true, role: 'admin' },
    })
    await fixture().db.prisma.account.update({ where: { id: admin.id }, data: { failedSignIns: 99 } })
    await signIn('chief', wrong)
    for (let n = 0; n < 8; n++) await fixture().accounts.forgot('chief@example.org')
    const mails = (await fixture().mailsTo('chief@example.org')).length
    for (let n = 0; n < 7; n++) await fixture().accounts.letIn(admin.id)
    fixture().later(1)
    const { link } = await fixture().accounts.letIn(admin.id)
    expect((await fixture().mailsTo('chief@example.org')).length).toBe(mails)
    const token = new URL(link).searchParams.get('token') ?? ''
    expect(await fixture().accounts.reset(token, otherPassword)).toEqual({
      accountId: admin.id,
      generation: 1,
      leaving: false,
    })
    expect(await signIn('chief', otherPassword)).toMatchObject({ kind: 'ok' })

    const person = await fixture().verified('ordinary')
    await expect(fixture().accounts.letIn(person)).rejects.toMatchObject({ code: 'not_administrator' })
    await expect(fixture().accounts.letIn('nobody')).rejects.toMatchObject({ code: 'account_not_found' })
  })
})
