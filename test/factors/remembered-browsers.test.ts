import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { codeOf, forEachDatabase } from './support.ts'

const DAY = 86_400
const browser = { userAgent: 'Firefox/140 (Linux)', address: '192.0.2.1' }

forEachDatabase('remembered browsers', (fixture) => {
  const browsers = () => fixture().factors.rememberedBrowsers
  const remembering = async (username: string) => {
    const { id, secret } = await fixture().withApp(username)
    const account = { id, generation: 0 }
    const token = (await browsers().remember(account, browser)) ?? ''
    return { account, token, secret }
  }

  test('a token of 256 bits is recognised for its account, and kept as its hash', async () => {
    const { account, token } = await remembering('ada')
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(await browsers().recognise(account, token)).toBe(true)
    const other = await remembering('other')
    expect(await browsers().recognise(other.account, token)).toBe(false)
    for (const wrong of ['', 'x', 'x'.repeat(43), `${token}x`])
      expect(await browsers().recognise(account, wrong)).toBe(false)
    const row = await fixture().db.prisma.rememberedBrowser.findFirstOrThrow({
      where: { accountId: account.id },
    })
    expect(row.hash).toBe(createHash('sha256').update(token).digest('base64url'))
    expect(JSON.stringify(row)).not.toContain(token)
    expect(fixture().events).toContainEqual({
      type: 'factor.browser_remembered',
      username: 'ada',
      accountId: account.id,
    })
  })

  test('use is noted to the minute, and does not prolong it', async () => {
    const { account, token } = await remembering('grace')
    const from = fixture().now
    fixture().later(30)
    await browsers().recognise(account, token)
    expect(await browsers().list(account)).toMatchObject([{ ...browser, lastUsedAt: from }])
    fixture().later(30)
    await browsers().recognise(account, token)
    expect(await browsers().list(account)).toMatchObject([
      { createdAt: from, lastUsedAt: from + 60_000, expiresAt: from + 30 * DAY * 1000 },
    ])
    fixture().later(30 * DAY - 61)
    expect(await browsers().recognise(account, token)).toBe(true)
    fixture().later(1)
    expect(await browsers().recognise(account, token)).toBe(false)
    expect(await browsers().list(account)).toEqual([])
    expect(await fixture().factors.purge()).toBeGreaterThan(0)
  })

  test('a shorter time counts for those that are there, and 0 forgets all while it is set', async () => {
    const { settings } = fixture()
    const { account, token } = await remembering('shorter')
    fixture().later(2 * DAY)
    settings.rememberedDevicesDays = 2
    expect(await browsers().recognise(account, token)).toBe(false)
    expect(await browsers().list(account)).toEqual([])
    settings.rememberedDevicesDays = 0
    expect(await browsers().remember(account, browser)).toBeUndefined()
    settings.rememberedDevicesDays = 30
    expect(await browsers().recognise(account, token)).toBe(true)
  })

  test('ends with the sign-ins of the account, when it is forgotten, and with every change of factors', async () => {
    const { account, token, secret } = await remembering('ending')
    expect(await browsers().recognise({ ...account, generation: 1 }, token)).toBe(false)
    const [shown] = await browsers().list(account)
    const other = await remembering('neighbour')
    expect(await browsers().forget(other.account.id, shown?.id ?? '')).toBe(false)
    expect(await browsers().forget(account.id, shown?.id ?? '')).toBe(true)
    expect(await browsers().recognise(account, token)).toBe(false)

    const again = (await browsers().remember(account, browser)) ?? ''
    const { factors } = fixture()
    const setup = await factors.totp.begin(account.id)
    expect(await browsers().recognise(account, again), 'nothing is added yet').toBe(true)
    await factors.totp.confirm(
      { accountId: account.id, generation: 0 },
      setup.id,
      codeOf(setup.secret, fixture().now),
    )
    expect(await browsers().recognise(account, again)).toBe(false)
    expect(secret).not.toBe(setup.secret)

    const last = (await browsers().remember(account, browser)) ?? ''
    await browsers().forgetAll(account.id)
    expect(await browsers().recognise(account, last)).toBe(false)
  })

  test('an account has 30 at most, those that were used last; one that is gone has none', async () => {
    const { account, token } = await remembering('many')
    fixture().later(1)
    const { db } = fixture()
    for (let i = 0; i < 31; i++) await browsers().remember(account, browser)
    expect(await db.prisma.rememberedBrowser.count({ where: { accountId: account.id } })).toBe(30)
    expect(await browsers().recognise(account, token)).toBe(false)
    expect(await browsers().remember({ id: 'gone', generation: 0 }, browser)).toBeUndefined()
  })
})
