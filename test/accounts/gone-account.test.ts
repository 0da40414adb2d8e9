import { expect, test } from 'vitest'
import { createTokenStore } from '../../src/accounts/tokens/store.ts'
import { forEachDatabase } from './support.ts'

forEachDatabase('an account that is gone before its message is written', (fixture) => {
  const token = (accountId: string) => ({
    id: crypto.randomUUID(),
    purpose: 'verify_email',
    accountId,
    email: 'gone@example.org',
    codeHash: null,
    tokenHash: crypto.randomUUID(),
    expiresAt: new Date(fixture().now + 1000),
  })

  test('gets no token, and that is no error: whoever owns the address came by another way', async () => {
    const tokens = createTokenStore({ db: fixture().db, clock: () => fixture().now })
    const id = await fixture().verified('here')
    expect(await tokens.insert(token(id))).toBe(true)
    expect(await tokens.insert(token('gone'))).toBe(false)
    expect(
      await tokens.issuedSince(
        { purpose: 'verify_email', accountId: 'gone', email: 'gone@example.com' },
        new Date(0),
      ),
    ).toEqual({ account: [], address: [] })
  })

  test('any other failure is one', async () => {
    const tokens = createTokenStore({ db: fixture().db, clock: () => fixture().now })
    const id = await fixture().verified('twice')
    const row = token(id)
    await tokens.insert(row)
    await expect(tokens.insert(row)).rejects.toThrow()
  })
})
