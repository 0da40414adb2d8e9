import { expect, test } from 'vitest'
import { codeOf, forEachDatabase } from './support.ts'

/*
 * A request whose sign-in ends while its codes are being hashed: the generation is looked at in the transaction that changes something.
 */

forEachDatabase('a sign-in that ends while it changes second factors', (fixture) => {
  const before = (accountId: string) => ({ accountId, generation: 0 })
  const end = (id: string) =>
    fixture().db.prisma.account.update({ where: { id }, data: { generation: { increment: 1 } } })

  test('turns no authenticator app on', async () => {
    const { factors } = fixture()
    const id = await fixture().account('late-app')
    const setup = await factors.totp.begin(id)
    await end(id)
    const code = codeOf(setup.secret, fixture().now)
    await expect(factors.totp.confirm(before(id), setup.id, code)).rejects.toMatchObject({
      code: 'factor_not_found',
    })
    expect(await factors.list(id)).toEqual({ factors: [], recoveryCodesLeft: 0 })
  })

  test('gets no recovery codes, and ends none', async () => {
    const { factors } = fixture()
    const { id, recoveryCodes } = await fixture().withApp('late-codes')
    await end(id)
    await expect(factors.recoveryCodes.renew(before(id))).rejects.toMatchObject({ code: 'sign_in_ended' })
    const code = String(recoveryCodes[0])
    expect(await factors.verify({ accountId: id, method: 'recovery_code', code })).toMatchObject({
      kind: 'verified',
    })
  })

  test('makes no app password', async () => {
    const { factors } = fixture()
    const { id } = await fixture().withApp('late-script')
    await end(id)
    await expect(factors.appPasswords.create(before(id), 'kept')).rejects.toMatchObject({
      code: 'sign_in_ended',
      status: 401,
    })
    expect(await factors.appPasswords.list(id)).toEqual([])
  })

  test('removes neither a factor nor an app password', async () => {
    const { factors } = fixture()
    const { id, factorId } = await fixture().withApp('late-removal')
    const after = { accountId: id, generation: 1 }
    await end(id)
    const made = await factors.appPasswords.create(after, 'mine')
    expect(await factors.remove(before(id), factorId)).toBe(false)
    expect(await factors.appPasswords.remove(before(id), made.id)).toBe(false)
    expect(await factors.appPasswords.find(made.password)).toBeDefined()
    expect(await factors.remove(after, factorId)).toBe(true)
  })
})
