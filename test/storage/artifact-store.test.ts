import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createArtifactStore } from '../../src/storage/artifacts/artifact-store.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { artifactStoreContract, type OpenArtifactStore } from '../contracts/artifact-store.ts'
import { migratedDatabase } from '../support/template.ts'

/** Two openings of one database stand for two processes. */
const onDatabase =
  (engine: 'sqlite' | 'postgresql'): OpenArtifactStore =>
  async (options) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-artifacts-'))
    const databaseUrl = await migratedDatabase(engine, dataDir)
    const [mine, theirs] = [
      await openDatabase({ databaseUrl, dataDir, clock: options.clock }),
      await openDatabase({ databaseUrl, dataDir, clock: options.clock }),
    ]
    return {
      store: createArtifactStore(mine.artifacts, options),
      tokens: mine.tokenReads({ columns: 'id', from: ({ id }: { id: string }) => id }),
      other: createArtifactStore(theirs.artifacts, options),
      dump: async () => JSON.stringify(await mine.artifacts.all('SELECT * FROM artifacts')),
      empty: () => mine.artifacts.run('DELETE FROM artifacts'),
      async close() {
        await Promise.all([mine.close(), theirs.close()])
        rmSync(dataDir, { recursive: true, force: true })
      },
    }
  }

artifactStoreContract('SQLite', onDatabase('sqlite'))
artifactStoreContract('PostgreSQL', onDatabase('postgresql'))
