import type { Clock } from '../../shared/clock.ts'
import { secondFactorsOf } from '../../shared/second-factor.ts'
import type { Database } from '../../storage/database.ts'
import type { Prisma } from '../../storage/generated/sqlite/client.ts'
import { sqlTime } from '../../storage/sql.ts'
import { changeFactors, type FactorChange, lockFactors } from '../store/kinds.ts'

export interface RecoveryRow {
  id: string
  accountId: string
  /** owner | administrator */
  startedBy: string
  startedAt: Date
  readyAt: Date
  expiresAt: Date
}

/** Why none was started. */
export type NotStarted = 'no_account' | 'no_factor' | 'disabled' | 'no_address' | 'too_many'

/** What ends the sign-ins of an account, in the transaction that removes its second factors. */
export type EndSignIns = (tx: Prisma.TransactionClient, accountId: string, at: Date) => Promise<unknown>

/**
 * Recoveries in the database. One *waits* until it is stopped, finished or expired, or a password is set after it was
 * started: who asked for it knew the one before. Its row says no more of which in the last two cases than their times.
 */
export interface RecoveryStore {
  /** Starts one, unless one waits: then that one is the answer. One of several calls at once starts it. */
  start(
    row: RecoveryRow & { stopHash: string },
    most: { starts: number; since: Date },
  ): Promise<{ started: boolean; row: RecoveryRow } | NotStarted>
  /** Undefined: none waits. */
  waiting(accountId: string): Promise<RecoveryRow | undefined>
  /** One that waits, by the hash of either of its tokens. */
  byHash(hash: string): Promise<(RecoveryRow & { finishes: boolean }) | undefined>
  /** Stops one that waits: one statement. Undefined: none did. */
  stop(which: { accountId: string } | { hash: string }): Promise<RecoveryRow | undefined>
  /** Those that are ready and have no token that finishes them, of accounts that can sign in, the oldest first. */
  ready(limit: number): Promise<RecoveryRow[]>
  /**
   * Gives one that is ready the token that finishes it. False: it waits no more, is not ready, or has one.
   * @param replacing whether the one that it has works no more
   */
  offer(id: string, finishHash: string, options: { replacing: boolean }): Promise<boolean>
  /**
   * Removes every factor of the account, and ends its sign-ins, in one transaction with the end of the recovery: exactly
   * once, not before it is ready, and not for an account that is disabled. Undefined: nothing was done.
   */
  finish(by: { accountId: string; hash: string }): Promise<FactorChange<true> | undefined>
  /** Ends, as stopped, up to `limit` whose account has set a password since. Returns them. */
  stopOutdated(limit: number): Promise<RecoveryRow[]>
  /** Deletes up to `limit` that have expired. Returns how many. */
  deleteExpired(limit: number): Promise<number>
}

export function createRecoveryStore(deps: {
  db: Database
  clock: Clock
  endSignIns: EndSignIns
}): RecoveryStore {
  const { db, clock } = deps
  const { prisma } = db
  const now = (): Date => new Date(clock())

  /** On most servers there is none, most of the time: then the jobs that look do not load Prisma. */
  const any = async (): Promise<boolean> =>
    // Of any time, in the words that the index of times answers.
    (await db.reads.get('SELECT id FROM account_recoveries WHERE expires_at > ? LIMIT 1', [sqlTime(0)])) !==
    undefined

  /** Of those whose outcome is open. */
  async function waitingWhere(
    client: Pick<Prisma.TransactionClient, 'accountRecovery'>,
    where: Prisma.AccountRecoveryWhereInput,
  ) {
    const rows = await client.accountRecovery.findMany({
      where: { ...where, outcome: null, expiresAt: { gt: now() } },
      include: { account: { select: { passwordChangedAt: true } } },
      orderBy: { startedAt: 'desc' },
    })
    return rows.find(({ account, startedAt }) => !isOutdated(startedAt, account.passwordChangedAt))
  }

  return {
    async start(row, { starts, since }) {
      const { accountId } = row
      return prisma.$transaction(async (tx) => {
        if (!(await lockFactors(tx, accountId))) return 'no_account'
        const account = await tx.account.findUniqueOrThrow({
          where: { id: accountId },
          select: { email: true, disabledAt: true, secondFactors: true },
        })
        if (account.disabledAt !== null) return 'disabled'
        if (secondFactorsOf(account.secondFactors).length === 0) return 'no_factor'
        if (account.email === null) return 'no_address'
        const waiting = await waitingWhere(tx, { accountId })
        if (waiting) return { started: false, row: waiting }
        if ((await tx.accountRecovery.count({ where: { accountId, startedAt: { gt: since } } })) >= starts)
          return 'too_many'
        return { started: true, row: await tx.accountRecovery.create({ data: row }) }
      })
    },

    waiting: (accountId) => waitingWhere(prisma, { accountId }),

    async byHash(hash) {
      const found = await waitingWhere(prisma, { OR: [{ stopHash: hash }, { finishHash: hash }] })
      return found && { ...found, finishes: found.finishHash === hash }
    },

    async stop(which) {
      const where =
        'accountId' in which ? which : { OR: [{ stopHash: which.hash }, { finishHash: which.hash }] }
      const waiting = await waitingWhere(prisma, where)
      if (!waiting) return undefined
      const { count } = await prisma.accountRecovery.updateMany({
        where: { id: waiting.id, outcome: null },
        data: { outcome: 'stopped' },
      })
      return count === 1 ? waiting : undefined
    },

    async ready(limit) {
      if (!(await any())) return []
      return prisma.accountRecovery.findMany({
        where: {
          outcome: null,
          finishHash: null,
          readyAt: { lte: now() },
          expiresAt: { gt: now() },
          account: { disabledAt: null, email: { not: null } },
        },
        orderBy: { readyAt: 'asc' },
        take: limit,
      })
    },

    async offer(id, finishHash, { replacing }) {
      const { count } = await prisma.accountRecovery.updateMany({
        where: { id, outcome: null, readyAt: { lte: now() }, ...(!replacing && { finishHash: null }) },
        data: { finishHash },
      })
      return count === 1
    },

    async finish({ accountId, hash }) {
      const at = now()
      return changeFactors(db, { accountId, at, clear: true }, async (tx) => {
        const finished = await tx.$executeRaw`UPDATE account_recoveries SET outcome = 'finished'
          WHERE account_id = ${accountId} AND finish_hash = ${hash} AND outcome IS NULL
            AND ready_at <= ${at} AND expires_at > ${at}
            AND EXISTS (SELECT 1 FROM accounts WHERE accounts.id = account_recoveries.account_id
              AND disabled_at IS NULL AND (password_changed_at IS NULL OR password_changed_at <= started_at))`
        if (finished !== 1) return undefined
        await tx.passkey.deleteMany({ where: { accountId } })
        await tx.totpFactor.deleteMany({ where: { accountId } })
        await tx.phoneFactor.deleteMany({ where: { accountId } })
        await tx.smsCode.deleteMany({ where: { accountId } })
        await deps.endSignIns(tx, accountId, at)
        return true
      })
    },

    async stopOutdated(limit) {
      if (!(await any())) return []
      const stopped = await prisma.$queryRaw<
        { id: string }[]
      >`UPDATE account_recoveries SET outcome = 'stopped'
        WHERE outcome IS NULL AND id IN (SELECT waiting.id FROM account_recoveries waiting
          JOIN accounts ON accounts.id = waiting.account_id
          WHERE waiting.outcome IS NULL AND accounts.password_changed_at > waiting.started_at LIMIT ${limit})
        RETURNING id`
      if (stopped.length === 0) return []
      return prisma.accountRecovery.findMany({ where: { id: { in: stopped.map(({ id }) => id) } } })
    },

    async deleteExpired(limit) {
      if (!(await any())) return 0
      const rows = await prisma.accountRecovery.findMany({
        where: { expiresAt: { lte: now() } },
        select: { id: true },
        orderBy: { expiresAt: 'asc' },
        take: limit,
      })
      if (rows.length === 0) return 0
      const { count } = await prisma.accountRecovery.deleteMany({
        where: { id: { in: rows.map(({ id }) => id) } },
      })
      return count
    },
  }
}

/** A new password ends what was asked for with the one before. */
const isOutdated = (startedAt: Date, passwordChangedAt: Date | null): boolean =>
  passwordChangedAt !== null && passwordChangedAt > startedAt
