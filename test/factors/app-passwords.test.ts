import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { forEachDatabase } from './support.ts'

forEachDatabase('app passwords', (fixture) => {
  const passwords = () => fixture().factors.appPasswords

  const by = (accountId: string, generation = 0) => ({ accountId, generation })

  test('160 bits in groups of four, kept as a SHA-256, shown once, and the owner is told', async () => {
    const { id: accountId } = await fixture().withApp('ada')
    const { id, password } = await passwords().create(by(accountId), '  Backup script ')
    expect(password).toMatch(/^([A-Z2-7]{4}-){7}[A-Z2-7]{4}$/)
    const row = await fixture().db.prisma.appPassword.findUniqueOrThrow({ where: { id } })
    expect(row.hash).toBe(createHash('sha256').update(password.replaceAll('-', '')).digest('base64url'))
    const view = { id, name: 'Backup script', createdAt: fixture().now, lastUsedAt: null }
    expect(await passwords().list(accountId)).toEqual([view])
    expect(fixture().events).toContainEqual({
      ...{ type: 'factor.app_password_added', accountId, username: 'ada', app_password: 'Backup script' },
    })
    expect(fixture().mails.at(-1)).toMatchObject({ to: 'ada@example.org', template: 'app-password-added' })
  })

  test('is found however it is typed, and says to the hour when it was used', async () => {
    const { id: accountId } = await fixture().withApp('grace')
    const { id, password } = await passwords().create(by(accountId), 'One')
    fixture().later(5000)
    for (const typed of [password, password.toLowerCase(), password.replaceAll('-', '')])
      expect(await passwords().find(typed)).toEqual({ accountId, id })
    const used = (await passwords().list(accountId))[0]?.lastUsedAt ?? 0
    expect(used % 3_600_000).toBe(0)
    expect(fixture().now - used).toBeLessThan(3_600_000)
    for (const typed of ['', 'glass-otter-72-harbour', `${password}A`, password.replace(/.$/, 'é')])
      expect(await passwords().find(typed), typed).toBeUndefined()
  })

  test('ends when it is removed, by its owner alone', async () => {
    const { id: accountId } = await fixture().withApp('owner')
    const { id: other } = await fixture().withApp('other')
    const { id, password } = await passwords().create(by(accountId), 'One')
    expect(await passwords().remove(by(other), id)).toBe(false)
    expect(await passwords().remove(by(accountId), id)).toBe(true)
    expect(await passwords().remove(by(accountId), id)).toBe(false)
    expect(await passwords().find(password)).toBeUndefined()
    expect(fixture().mails.at(-1)).toMatchObject({
      to: 'owner@example.org',
      template: 'app-password-removed',
    })
  })

  test('ends with the sign-ins of its account, with its account, and with the last second factor', async () => {
    const { prisma } = fixture().db
    const { id: accountId, factorId } = await fixture().withApp('ending')
    const create = async (generation: number) =>
      (await passwords().create(by(accountId, generation), 'One')).password
    const change = (data: object) => prisma.account.update({ where: { id: accountId }, data })
    const ended = await create(0)
    await change({ generation: { increment: 1 } })
    expect(await passwords().find(ended)).toBeUndefined()
    expect(await passwords().list(accountId)).toEqual([])
    const disabled = await create(1)
    expect(await passwords().list(accountId)).toHaveLength(1)
    await change({ disabledAt: new Date() })
    expect(await passwords().find(disabled)).toBeUndefined()
    await change({ disabledAt: null })
    expect(await passwords().find(disabled)).toBeDefined()
    await fixture().factors.remove(by(accountId, 1), factorId)
    expect(await passwords().find(disabled)).toBeUndefined()
    expect(await prisma.appPassword.count({ where: { accountId } })).toBe(0)
  })

  test('is for accounts with a second factor, has a name, and there are 25 at most', async () => {
    const bare = await fixture().account('bare')
    await expect(passwords().create(by(bare), 'One')).rejects.toMatchObject({ code: 'no_second_factor' })
    const { id } = await fixture().withApp('many')
    for (const name of ['', '  ', 'a\nb', 'x'.repeat(65)])
      await expect(passwords().create(by(id), name), name).rejects.toMatchObject({ code: 'invalid_fields' })
    for (let made = 0; made < 23; made++) await passwords().create(by(id), `Script ${made}`)
    const create = () => passwords().create(by(id), 'At once')
    const made = await Promise.allSettled([create(), create(), create(), create()])
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    await expect(passwords().create(by(id), 'One more')).rejects.toMatchObject({
      code: 'too_many_app_passwords',
    })
  })
})
