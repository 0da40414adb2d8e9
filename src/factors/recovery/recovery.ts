import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { FactorOwner, FindOwner } from '../owner.ts'
import type { FailureStore } from '../store/failures.ts'
import type { RecoveryNotices, StoppedBy } from './notices.ts'
import type { NotStarted, RecoveryRow, RecoveryStore } from './store.ts'

const HOUR = 3_600_000
/** How long a recovery can be finished once it is ready, in milliseconds. */
const OPEN_FOR = 7 * 24 * HOUR
/** Recoveries of one account that can be started in a day: each sends its owner a mail. */
const MOST_STARTS = 3
/** Links of one account that are sent again in a day, in whatever browsers and from whatever addresses. */
const MOST_SENT_AGAIN = 3
const DAY = 24 * HOUR

/** A recovery that waits. Times are milliseconds since the epoch. */
export interface RecoveryView {
  accountId: string
  startedBy: 'owner' | 'administrator'
  startedAt: number
  /** From when it can be finished. */
  readyAt: number
  /** Until when it can. */
  expiresAt: number
  ready: boolean
}

/** Who starts one: the person, by the first step of a sign-in, or an administrator. */
export type StartedBy = { kind: 'owner'; device: string; address: string } | { kind: 'administrator' }

/**
 * The way back for a person who has lost every second factor: it removes them all, after a delay in which the owner of the
 * account, who is told at once, can stop it.
 *
 *   start ──(recovery_delay_hours)──> ready, a link is sent ──(link, and the first step of a sign-in)──> finished
 *     └──────────────┴── stopped: by a link in the mails, the account page, any second factor, a new password, an administrator
 */
export interface Recovery {
  /**
   * Starts one. `started` false: one waits already, and stays as it is. Owner told by mail, `account.recovery_started`.
   * @throws AppError `account_not_found` (404), `no_second_factor`, `account_disabled`, `no_address` (409),
   *   `too_many_mails` (429) after three in a day
   */
  start(accountId: string, by: StartedBy): Promise<{ started: boolean; recovery: RecoveryView }>
  /** Undefined: none waits. One statement, and none for an account without a factor. */
  waiting(account: Pick<FactorOwner, 'id' | 'secondFactors'>): Promise<RecoveryView | undefined>
  /** What the token of a link belongs to; `finishes`: it is the one that finishes it. Undefined: it works no more. */
  find(token: string): Promise<(RecoveryView & { username: string; finishes: boolean }) | undefined>
  /** Stops the one that waits. Owner told by mail, `account.recovery_stopped`. False: none waits. */
  stop(accountId: string, by: Exclude<StoppedBy, 'link' | 'new_password'>): Promise<boolean>
  /** As `stop`, by the token of either link. */
  stopByLink(token: string): Promise<boolean>
  /**
   * Sends another link that finishes; the one before works no more. False: none is ready.
   * @throws AppError `too_many_mails` (429) after three in a day: nothing was sent, and the link before still works
   */
  sendAgain(accountId: string): Promise<boolean>
  /**
   * Removes every second factor, recovery code, app password and remembered browser, and ends every sign-in, once. The caller has
   * checked the first step of a sign-in to the account. Owner told by mail, `account.recovery_finished`.
   * @returns false: nothing was done; the token is another account's, or works no more
   */
  finish(by: { accountId: string; token: string }): Promise<boolean>
  /** Sends the links of those that have become ready, and ends those that a new password has. Returns how many. */
  advance(limit?: number): Promise<number>
  /** Deletes a batch of what has expired. Returns how many. */
  purge(limit: number): Promise<number>
}

export interface RecoverySettings {
  readonly recoveryDelayHours: number
}

export function createRecovery(deps: {
  store: RecoveryStore
  clock: Clock
  failures: Pick<FailureStore, 'reserve'>
  notices: RecoveryNotices
  findOwner: FindOwner
  /** Ends the sessions of an account, and what hangs on them. */
  endSessions(accountId: string): Promise<void>
  /** Read at each use. */
  settings: RecoverySettings
}): Recovery {
  const { store, clock, notices, settings } = deps

  const view = (row: RecoveryRow): RecoveryView => ({
    accountId: row.accountId,
    startedBy: row.startedBy === 'administrator' ? 'administrator' : 'owner',
    startedAt: row.startedAt.getTime(),
    readyAt: row.readyAt.getTime(),
    expiresAt: row.expiresAt.getTime(),
    ready: row.readyAt.getTime() <= clock(),
  })

  const told = async (accountId: string, tell: (owner: FactorOwner) => void): Promise<void> => {
    const owner = await deps.findOwner(accountId)
    if (owner) tell(owner)
  }

  const stopped = async (row: RecoveryRow | undefined, by: StoppedBy): Promise<boolean> => {
    if (row) await told(row.accountId, (owner) => notices.stopped(owner, by))
    return row !== undefined
  }

  async function sendLink(row: RecoveryRow, replacing: boolean): Promise<boolean> {
    const token = newToken()
    if (!(await store.offer(row.id, hashOf(token), { replacing }))) return false
    await told(row.accountId, (owner) => notices.ready(owner, token, row.expiresAt.getTime()))
    return true
  }

  return {
    async start(accountId, by) {
      const token = newToken()
      const at = clock()
      const readyAt = at + settings.recoveryDelayHours * HOUR
      const outcome = await store.start(
        {
          ...{ id: randomUUID(), accountId, startedBy: by.kind, stopHash: hashOf(token) },
          ...{ startedAt: new Date(at), readyAt: new Date(readyAt), expiresAt: new Date(readyAt + OPEN_FOR) },
        },
        { starts: MOST_STARTS, since: new Date(at - DAY) },
      )
      if (typeof outcome === 'string') throw REFUSALS[outcome]()
      const recovery = view(outcome.row)
      if (outcome.started) await told(accountId, (owner) => notices.started(owner, by, token, recovery))
      return { started: outcome.started, recovery }
    },

    async waiting({ id, secondFactors }) {
      if (secondFactors.length === 0) return undefined
      const row = await store.waiting(id)
      return row && view(row)
    },

    async find(token) {
      const row = isToken(token) ? await store.byHash(hashOf(token)) : undefined
      const owner = row && (await deps.findOwner(row.accountId))
      return row && owner && { ...view(row), username: owner.displayUsername, finishes: row.finishes }
    },

    stop: async (accountId, by) => stopped(await store.stop({ accountId }), by),

    stopByLink: async (token) =>
      isToken(token) ? stopped(await store.stop({ hash: hashOf(token) }), 'link') : false,

    async sendAgain(accountId) {
      const row = await store.waiting(accountId)
      if (row === undefined || !view(row).ready) return false
      const now = clock()
      const reserved = await deps.failures.reserve({
        accountId,
        kind: 'recovery_sent',
        now: new Date(now),
        windowEndsAt: new Date(now + DAY),
        most: MOST_SENT_AGAIN,
      })
      if (reserved === undefined) return false
      if (reserved.failures === undefined) throw tooManyLinks(reserved.windowEndsAt.getTime() - now)
      return sendLink(row, true)
    },

    async finish({ accountId, token }) {
      const done = isToken(token) ? await store.finish({ accountId, hash: hashOf(token) }) : undefined
      if (!done) return false
      await deps.endSessions(accountId)
      await told(accountId, (owner) => notices.finished(owner, done.before))
      return true
    },

    async advance(limit = 100) {
      const outdated = await store.stopOutdated(limit)
      for (const row of outdated) await stopped(row, 'new_password')
      let sent = 0
      for (const row of await store.ready(limit)) if (await sendLink(row, false)) sent++
      return outdated.length + sent
    },

    purge: store.deleteExpired,
  }
}

const REFUSALS: Readonly<Record<NotStarted, () => AppError>> = {
  no_account: () => new AppError('account_not_found', 404, message('error.noAccount')),
  no_factor: () => new AppError('no_second_factor', 409, message('recover.noFactor')),
  disabled: () => new AppError('account_disabled', 409, message('admin.users.refused.disabled')),
  no_address: () => new AppError('no_address', 409, message('recover.noVerifiedAddress')),
  too_many: () => new AppError('too_many_mails', 429, message('recover.tooMany'), { retryAfter: 24 * 3600 }),
}

/** @param wait milliseconds */
const tooManyLinks = (wait: number): AppError =>
  new AppError('too_many_mails', 429, message('recover.tooManyLinks'), { retryAfter: Math.ceil(wait / 1000) })

/** 256 random bits. */
const newToken = (): string => randomBytes(32).toString('base64url')
const isToken = (typed: string): boolean => /^[\w-]{43}$/.test(typed)
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')
