/** Records entries in a process of its own: `writer-process.ts DATABASE_URL DATA_DIR NAME COUNT`. */
import { createAudit } from '../../src/audit/audit.ts'
import { openDatabase } from '../../src/storage/open.ts'

const [databaseUrl = '', dataDir = '', name = '', count = '0'] = process.argv.slice(2)
const db = await openDatabase({ databaseUrl, dataDir, clock: Date.now })
const audit = createAudit({
  db,
  key: Buffer.alloc(32, 7),
  clock: Date.now,
  logger: { error: (facts, message) => console.error(message, facts) },
  retention: 0,
  identify: async () => [],
})
// In waves, so that each process finds the other's entries in between.
for (let done = 0; done < Number(count); done += 10)
  await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      audit.record({
        action: 'client.updated',
        actor: { kind: 'server', name },
        details: { number: done + index },
      }),
    ),
  )
await db.close()
