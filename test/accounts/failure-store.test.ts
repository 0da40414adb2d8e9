import { expect, test } from 'vitest'
import { createFailureStore } from '../../src/accounts/lockout/store.ts'
import { forEachDatabase } from './support.ts'

forEachDatabase('wrong passwords in a row', (fixture) => {
  test('a setting that changes while a failure is counted makes no lock that nobody is told of', async () => {
    const { db, now, verified } = fixture()
    const id = await verified('counted')
    const settings = { lockoutFailures: 1, lockoutSeconds: 900 }
    const failures = createFailureStore({ db, clock: () => now, settings })
    const reserving = failures.reserve({ accountId: id })
    settings.lockoutFailures = 5
    expect(await reserving).toEqual({ locks: 'for_a_while' })
    expect(await failures.reserve({ accountId: id })).toBeUndefined()
  })
})
