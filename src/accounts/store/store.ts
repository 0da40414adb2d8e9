import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { type AccountLifecycle, createAccountLifecycle } from './lifecycle.ts'
import { type AccountReads, createAccountReads } from './reads.ts'
import { type AccountUpdates, createAccountUpdates } from './updates.ts'

/** Accounts in the database. */
export interface AccountStore extends AccountReads, AccountUpdates, AccountLifecycle {}

export function createAccountStore({ db, clock }: { db: Database; clock: Clock }): AccountStore {
  const reads = createAccountReads(db)
  const { byId } = reads
  return {
    ...reads,
    ...createAccountUpdates({ db, clock, byId }),
    ...createAccountLifecycle({ db, clock, byId }),
  }
}
