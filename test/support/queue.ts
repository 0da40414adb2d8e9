import { randomBytes } from 'node:crypto'
import { createQueue, type Queue, type QueueDependencies } from '../../src/queue/queue.ts'
import { createQueueStore } from '../../src/queue/store.ts'
import { createSecrets } from '../../src/shared/secrets.ts'
import type { Database } from '../../src/storage/database.ts'

/** A queue on a database that is open already. */
export const openQueue = (
  db: Pick<Database, 'prisma' | 'reads' | 'writes'>,
  options: Partial<QueueDependencies> = {},
): Queue =>
  createQueue({
    store: createQueueStore(db),
    secrets: createSecrets(randomBytes(32).toString('hex')),
    clock: Date.now,
    logger: { warn: () => undefined, error: () => undefined },
    ...options,
  })
