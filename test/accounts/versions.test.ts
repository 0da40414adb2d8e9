import { expect, test } from 'vitest'
import { nextGeneration } from '../../src/accounts/store/generation.ts'
import { type AccountStore, createAccountStore } from '../../src/accounts/store/store.ts'
import { createAttributeStore } from '../../src/attributes/store.ts'
import { type AccountsFixture, forEachDatabase } from './support.ts'

type Change = (store: AccountStore, id: string, fixture: AccountsFixture) => Promise<unknown>

/** Ways of changing an account that ask for no version. */
const CHANGES: Record<string, Change> = {
  change: (store, id) => store.change(id, { givenName: 'Ada' }),
  'change that ends sign-ins': (store, id) => store.change(id, { givenName: 'Ada', endsSignIns: true }),
  changeUnlessLast: (store, id) => store.changeUnlessLast(id, { givenName: 'Ada' }),
  replacePassword: async (store, id) =>
    store.replacePassword(id, (await store.byId(id))?.generation ?? -1, 'a hash'),
  rename: async (store, id) => {
    const { username, generation } = (await store.byId(id)) ?? { username: '', generation: -1 }
    return store.rename(id, { username, displayUsername: username.toUpperCase(), generation })
  },
  'an attribute that is taken away': (_, __, { db, now }) =>
    createAttributeStore(db, () => now).erase('desk'),
  'a statement with an earlier time': (_, id, { db, now }) =>
    db.prisma.account.updateMany({
      where: { id },
      data: { ...nextGeneration(new Date(now)), updatedAt: new Date(now - 60_000) },
    }),
}

forEachDatabase('versions of accounts', (fixture) => {
  const storeOf = ({ db, now }: AccountsFixture) => createAccountStore({ db, clock: () => now })
  let people = 0
  const person = async () => {
    people += 1
    return fixture().verified(`versioned${people}`)
  }

  test.each(Object.entries(CHANGES))(
    '%s in the millisecond of the change before is another version',
    async (_, change) => {
      const store = storeOf(fixture())
      const id = await person()
      const read = await store.change(id, { familyName: 'Lovelace', attributes: '{"desk":["17"]}' })
      const version = read?.updatedAt ?? Number.NaN
      expect(await change(store, id, fixture())).toBeTruthy()
      expect(await store.changeUnchanged(id, { familyName: 'Byron' }, version)).toBe('version_conflict')
      const found = await store.byId(id)
      expect(found?.familyName).toBe('Lovelace')
      expect(found?.updatedAt).toBeGreaterThan(version)
    },
  )

  test('each change in one millisecond is one version later', async () => {
    const store = storeOf(fixture())
    const id = await person()
    const first = (await store.change(id, { givenName: 'Ada' }))?.updatedAt ?? Number.NaN
    for (const later of [1, 2, 3])
      expect((await store.change(id, { givenName: 'Ada' }))?.updatedAt).toBe(first + later)
    expect(await store.changeUnchanged(id, { givenName: 'Ada' }, first + 3)).toMatchObject({
      updatedAt: first + 4,
    })
  })

  test('a change at a later time has that time', async () => {
    const id = await person()
    fixture().later(60)
    const { now } = fixture()
    expect(await storeOf(fixture()).change(id, { givenName: 'Ada' })).toMatchObject({ updatedAt: now })
  })
})
