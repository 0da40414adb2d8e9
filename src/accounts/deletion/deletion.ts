import { neededBy, reaches } from '../../shared/acr.ts'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import { type Account, notFound } from '../account.ts'
import type { Links } from '../email/links.ts'
import type { MailOut } from '../email/mail-out.ts'
import { ofAccount, type SecurityEvents } from '../events.ts'
import type { AccountSessions } from '../sessions.ts'
import type { AccountStore } from '../store/store.ts'
import type { TokenStore } from '../tokens/store.ts'
import { deletionAfter, isLeaving } from './leaving.ts'

/**
 * An account that its owner wants deleted. It is disabled at once, so that nothing of it works anywhere, and deleted for good after 14
 * days; until then its owner, who still proves who they are as before, may keep it.
 *
 *   request ─► disabled, every sign-in ended, a mail ─┬─ 14 days ─► purge: rows, sessions, consents
 *                                                     └─ all that a sign-in asks for ─► keep ─► as before, signed out
 */
export interface Deletion {
  /**
   * A second request changes nothing. Let people sign in again before (ASVS 7.5.1).
   * @returns when the account is deleted, in milliseconds since the epoch
   * @throws AppError `last_administrator` (409)
   */
  request(id: string): Promise<number>
  /**
   * The one way back of its owner, who shows all that signing in to the account asks for.
   * @param by.generation of the sign-in that asks @param by.amr what it has shown (RFC 8176)
   * @returns `over`: it is deleted, kept already, or an administrator has disabled it since
   */
  keep(
    id: string,
    by: { generation: number; amr: readonly string[] },
  ): Promise<'kept' | 'second_factor_needed' | 'over'>
  /** Deletes those whose time has come, a batch of them. Returns how many. */
  purge(limit?: number): Promise<number>
}

export function createDeletion(deps: {
  store: AccountStore
  tokenStore: TokenStore
  sessions: AccountSessions
  mail: MailOut
  links: Links
  events: SecurityEvents
  clock: Clock
}): Deletion {
  const { store, tokenStore, sessions, mail, links, events, clock } = deps

  function tell({ email, displayUsername: username }: Account, deletionAt: number): void {
    if (email === null) return
    const data = { username, deletedOn: deletionAt, signInLink: links.signIn() }
    mail.send({ to: email, template: 'deletion-requested', data })
  }

  return {
    async request(id) {
      const before = await store.byId(id)
      if (!before) throw notFound()
      if (before.deletionAt !== null) return before.deletionAt
      const now = clock()
      const deletionAt = deletionAfter(now)
      const account = await store.changeUnlessLast(id, {
        disabledAt: new Date(now),
        deletionAt: new Date(deletionAt),
        endsSignIns: true,
      })
      if (account === 'last_administrator')
        throw new AppError(account, 409, message('deletion.lastAdministrator'))
      if (account === undefined || account === 'version_conflict') throw notFound()
      await tokenStore.expireAllBut(id, 'invitation')
      await sessions.endAll(id)
      events.emit({ type: 'account.deletion_requested', ...ofAccount(account) })
      tell(account, deletionAt)
      return deletionAt
    },

    async keep(id, { generation, amr }) {
      const account = await store.byId(id)
      if (!account || !isLeaving(account) || account.generation !== generation) return 'over'
      if (!keepsWith(account, amr)) return 'second_factor_needed'
      if (!(await store.keep(account))) return 'over'
      events.emit({ type: 'account.deletion_cancelled', ...ofAccount(account) })
      return 'kept'
    },

    async purge(limit = 50) {
      const due = await store.dueForDeletion({ at: new Date(clock()), limit })
      let count = 0
      for (const id of due) {
        // Before the account: what is left over by a failure is tried again.
        await sessions.endAll(id)
        await sessions.forgetConsents(id)
        if (!(await store.deleteDue(id, new Date(clock())))) continue
        count++
        // Its id alone: the log lasts longer than the account.
        events.emit({ type: 'account.deleted', accountId: id, reason: 'requested' })
      }
      return count
    },
  }
}

/** Whether a sign-in has shown what keeps an account: its second factor where it has one, and no remembered browser in its place. */
export function keepsWith(account: Pick<Account, 'secondFactors'>, amr: readonly string[]): boolean {
  const needed = neededBy(account)
  return reaches(amr, needed && { ...needed, shown: true })
}
