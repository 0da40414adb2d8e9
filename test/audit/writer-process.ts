import { createSecretKey } from 'node:crypto'
/** Records ten entries at once for each line that it reads: `writer-process.ts DATABASE_URL DATA_DIR NAME`. */
import { createInterface } from 'node:readline'
import { createAudit } from '../../src/audit/audit.ts'
import { openDatabase } from '../../src/storage/open.ts'

const [databaseUrl = '', dataDir = '', name = ''] = process.argv.slice(2)
const db = await openDatabase({ databaseUrl, dataDir, clock: Date.now })
const audit = createAudit({
  db,
  key: createSecretKey(Buffer.alloc(32, 7)),
  clock: Date.now,
  logger: { error: (facts, message) => console.error(message, facts) },
  retention: 0,
  identify: async () => [],
})
let done = 0
console.log('ready')
for await (const _line of createInterface({ input: process.stdin })) {
  const numbers = Array.from({ length: 10 }, () => done++)
  await Promise.all(
    numbers.map((number) =>
      audit.record({ action: 'client.updated', actor: { kind: 'server', name }, details: { number } }),
    ),
  )
  console.log('done')
}
await db.close()
