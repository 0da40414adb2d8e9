import { expect, test } from 'vitest'
import { createAccountReads } from '../../src/accounts/store/reads.ts'
import { forEachDatabase } from './support.ts'

forEachDatabase('who waits for an address', (fixture) => {
  const email = 'shared@example.org'

  test('the newest that has proven none is found by it, whoever with a proven one waits too', async () => {
    const reads = createAccountReads(fixture().db)
    await fixture().register('older', email)
    fixture().later(60)
    await fixture().register('newer', email)
    fixture().later(60)
    const moving = await fixture().verified('moving')
    await fixture().accounts.changeEmail(moving, email)
    const login = { username: email, email, phone: undefined }
    expect((await reads.byLogin(login))?.username).toBe('newer')
    expect((await reads.byEmail(email))?.username).toBe('newer')
    // But the message goes to who asked last.
    expect((await reads.waitingFor(email))?.username).toBe('moving')
  })

  test('who is invited has proven none', async () => {
    const { accounts, db, now } = fixture()
    const reads = createAccountReads(db)
    const address = 'invited@example.org'
    const invited = await fixture().register('invited', address)
    const moving = await fixture().verified('proven')
    await accounts.changeEmail(moving, address)
    const data = { invitedUntil: new Date(now + 60_000) }
    await db.prisma.account.updateMany({ where: { id: { in: [invited, moving] } }, data })
    const found = await reads.invitedAt(address, new Date(now))
    expect(found.map(({ id }) => id)).toEqual([invited])
    expect(await reads.waitingFor(address)).toBeUndefined()
  })
})
