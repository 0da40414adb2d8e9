import { expect, inject, test } from 'vitest'
import { createSigningKeys } from '../../src/oidc/keys/keys.ts'
import { createKeyStore } from '../../src/oidc/keys/store.ts'
import { createSecrets } from '../../src/shared/secrets.ts'
import { SIGNING_ALGORITHMS } from '../../src/shared/signing-algorithms.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { temporaryFolder } from '../support/folder.ts'
import { engines } from '../support/latchkey.ts'
import { freshDatabase } from '../support/postgres.ts'

const folder = temporaryFolder()

test.each(engines)(
  'processes that start at once on an empty %s end up with one set of keys',
  async (engine) => {
    const url = engine === 'sqlite' ? 'file:latchkey.db' : await freshDatabase(inject('postgresUrl'))
    const open = () => openDatabase({ databaseUrl: url, dataDir: folder, clock: Date.now })
    const databases = [await open(), await open(), await open(), await open()]
    const processes = databases.map((db) =>
      createSigningKeys({
        store: createKeyStore(db),
        events: () => {},
        secrets: createSecrets('s'.repeat(40)),
        clock: Date.now,
        lifetimes: {
          publishLead: 1000,
          overlap: 1000,
          longestTokenLife: async () => 0,
          retention: 1000,
        },
      }),
    )
    await Promise.all(processes.map((keys) => keys.ensure()))
    const versions = await Promise.all(processes.map((keys) => keys.version()))
    expect(new Set(versions).size).toBe(1)
    expect(await processes[0]?.list()).toHaveLength(SIGNING_ALGORITHMS.length)
    for (const db of databases) await db.close()
  },
)
