import type { Clock } from '../shared/clock.ts'
import { AppError, VersionConflict } from '../shared/errors.ts'
import { type Account, type Role, withoutPassword } from './account.ts'
import { claimChanges } from './claims.ts'
import { canonicalEmail } from './email/address.ts'
import type { Verification } from './email/verification.ts'
import { changeOf, isChanged, madeOf, ofAccount, type SecurityEvents } from './events.ts'
import type { FailureStore } from './lockout/store.ts'
import { notFound } from './not-found.ts'
import { type AdminAccountInput, type AdminChangesInput, adminChangesSchema, parseFields } from './schemas.ts'
import { createSearch } from './search/search.ts'
import type { AccountSessions } from './sessions.ts'
import type { Invitations } from './sign-up/invitations.ts'
import { type PrepareAccount, takenError } from './sign-up/new-account.ts'
import { canonicalUsername } from './sign-up/username.ts'
import { type AccountChanges, type AccountStore, differing } from './store.ts'
import type { TokenStore } from './tokens/store.ts'

/** What administrators do to accounts, from the command line and the console. Ids throughout; `find` gives them. */
export function createAdministration(deps: {
  store: AccountStore
  tokenStore: TokenStore
  failures: FailureStore
  prepare: PrepareAccount
  sessions: AccountSessions
  verification: Pick<Verification, 'queue'>
  invitations: Pick<Invitations, 'requireInvitable' | 'suggestUsername' | 'sendInvitation'>
  events: SecurityEvents
  clock: Clock
}) {
  const { store, tokenStore, failures, prepare, sessions, verification, invitations, events, clock } = deps

  const found = (account: Account | undefined): Account => {
    if (!account) throw notFound()
    return account
  }

  const settled = (account: Account | undefined | 'last_administrator' | 'version_conflict'): Account => {
    if (account === 'last_administrator')
      throw new AppError(account, 409, 'This is the last administrator. Make another one first.')
    if (account === 'version_conflict') throw new VersionConflict('account')
    return found(account)
  }

  const changeUnlessLast = async (
    id: string,
    changes: AccountChanges,
    ifVersion?: number,
  ): Promise<Account> => settled(await store.changeUnlessLast(id, changes, ifVersion))

  /** Not undefined. */
  const given = (
    fields: { [Field in keyof AccountChanges]: AccountChanges[Field] | undefined },
  ): AccountChanges => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

  const changeSince = async (id: string, changes: AccountChanges, ifVersion?: number): Promise<Account> =>
    settled(
      ifVersion === undefined
        ? await store.change(id, changes)
        : await store.changeUnchanged(id, changes, ifVersion),
    )

  /** Whoever just signed in is out too. */
  const shutOut = async (id: string): Promise<Account> => {
    const account = await changeUnlessLast(id, {
      disabledAt: new Date(clock()),
      invitedUntil: null,
      endsSignIns: true,
    })
    await tokenStore.expireAllOf(id)
    await sessions.endAll(id)
    return account
  }

  /** A role that was taken away has ended every sign-in; what hangs on them goes too. */
  const roleChanged = async (before: Account, account: Account): Promise<void> => {
    if (account.generation !== before.generation) await sessions.endAll(account.id)
    events.emit({ type: 'account.role_changed', reason: account.role, ...changeOf(before, account) })
  }

  /** Whoever cannot be invited was not made: the next try may use the same username. */
  const inviteOrUndo = async (account: Account): Promise<Account> => {
    try {
      return await invitations.sendInvitation(account.id)
    } catch (error) {
      if (await store.deleteUnused(account.id))
        events.emit({ type: 'account.deleted', ...ofAccount(account) })
      throw error
    }
  }

  return {
    /**
     * Makes an account. `verified`: the address counts as proven, and no mail is sent. Else a mail proves it: one that asks
     * for no more where there is a password, and an invitation where there is none.
     * @throws ValidationError (422; 409 for a username or proven address that is taken, or an address that is invited), AppError
     *   `overloaded` (503), `too_many_mails` (429); no account is made then
     */
    async createByAdmin(input: AdminAccountInput): Promise<Account> {
      const email = canonicalEmail(String(input.email ?? ''))
      const invited = !input.password && input.verified !== true && email !== undefined
      const named = invited && !input.username ? await invitations.suggestUsername(email) : input.username
      const prepared = await prepare({ ...input, username: named })
      if (invited) await invitations.requireInvitable(prepared.id, email)
      const account = await store.insert(prepared)
      if (typeof account === 'string') throw takenError(account)
      events.emit({ type: 'account.created', ...madeOf(account) })
      if (invited) return inviteOrUndo(account)
      if (prepared.pendingEmail !== null) verification.queue(account, prepared.pendingEmail)
      return account
    },

    /** By id, username or e-mail address (proven, else the newest that waits for it). */
    async find(which: string): Promise<Account | undefined> {
      const byId = await store.byId(which)
      if (byId) return byId
      const stored = await store.byLogin({
        username: canonicalUsername(which),
        email: canonicalEmail(which),
      })
      return stored && withoutPassword(stored)
    },

    /**
     * Newest first.
     * @param page.limit 1 to 500, default 50 @param page.cursor `next_cursor` of the page before
     * @throws AppError `invalid_page` (400), also when the account that the page before ended with is gone
     */
    async list(
      page: { limit?: number | undefined; cursor?: string | undefined } = {},
    ): Promise<{ items: Account[]; next_cursor?: string }> {
      const limit = Math.min(Math.max(page.limit ?? 50, 1), 500)
      if (page.cursor !== undefined && !(await store.byId(page.cursor)))
        throw new AppError('invalid_page', 400, 'cursor must be the next_cursor of the page before.')
      const accounts = await store.list({ limit: limit + 1, after: page.cursor })
      const items = accounts.slice(0, limit)
      const last = items.at(-1)
      return accounts.length > limit && last ? { items, next_cursor: last.id } : { items }
    },

    /** Newest first. @throws AppError `invalid_page` (400) */
    search: createSearch({ store }),

    /**
     * Changes names, role and address. A role that is taken away ends every session and token. Another address has to be
     * proven by its owner, and counts then; what was sent to an earlier one proves nothing any more. Whoever is invited is
     * invited there instead. Values that are there already are not written.
     * @param options.ifVersion the `updatedAt` that the change is meant for
     * @throws ValidationError (422; 409 for the address of an invited person that somebody else has), AppError `version_conflict`,
     *   `last_administrator` (409), `account_not_found` (404), `too_many_mails` (429); nothing is changed then
     */
    async updateByAdmin(
      id: string,
      input: AdminChangesInput,
      { ifVersion }: { ifVersion?: number } = {},
    ): Promise<Account> {
      const { email, role, ...claims } = parseFields(adminChangesSchema, input)
      const before = found(await store.byId(id))
      const pendingEmail = email === before.email ? null : email
      const wanted = { ...claimChanges(claims, before), ...given({ role, pendingEmail }) }
      const changes = differing(before, wanted)
      if (Object.keys(changes).length === 0)
        return ifVersion === undefined || ifVersion === before.updatedAt
          ? before
          : settled('version_conflict')
      const invitedElsewhere = before.email === null && before.invitedUntil !== null && changes.pendingEmail
      if (invitedElsewhere) await invitations.requireInvitable(id, invitedElsewhere)
      const account =
        changes.role !== undefined && changes.role !== 'admin'
          ? await changeUnlessLast(id, changes, ifVersion)
          : await changeSince(id, changes, ifVersion)
      if (isChanged(before, account))
        events.emit({ type: 'account.profile_changed', ...changeOf(before, account) })
      if (role !== undefined && role !== before.role) await roleChanged(before, account)
      if (pendingEmail !== undefined && pendingEmail !== before.pendingEmail) {
        await tokenStore.expireAllOf(id, 'verify_email', 'invitation')
        if (pendingEmail !== null && account.email === null && account.invitedUntil !== null)
          return invitations.sendInvitation(id)
        if (pendingEmail !== null) verification.queue(account, pendingEmail)
      }
      return account
    },

    /** Ends every session and token; the person may sign in again. */
    async endSessions(id: string): Promise<Account> {
      const account = found(await store.change(id, { endsSignIns: true }))
      await sessions.endAll(id)
      events.emit({ type: 'account.sessions_ended', ...ofAccount(account) })
      return account
    },

    /**
     * Ends every session and token but those of one session, for the person who is signed in there. Returns the generation
     * that it goes on in.
     */
    async endOtherSessions(id: string, keepSessionUid: string): Promise<number> {
      const generation = await store.endSignIns(id)
      if (generation === undefined) throw notFound()
      await sessions.endAll(id, { except: { sessionUid: keepSessionUid, generation } })
      return generation
    },

    /** Sign-in is refused and every session ends, until `enable`. @throws AppError `last_administrator` (409) */
    async disable(id: string): Promise<Account> {
      const before = await store.byId(id)
      const account = await shutOut(id)
      events.emit({ type: 'account.disabled', ...changeOf(before, account) })
      return account
    },

    async enable(id: string): Promise<Account> {
      const before = found(await store.byId(id))
      if (before.disabledAt === null) return before
      const account = found(await store.change(id, { disabledAt: null }))
      events.emit({ type: 'account.enabled', ...changeOf(before, account) })
      return account
    },

    /** Ends a lock and forgets failed sign-ins. */
    async unlock(id: string): Promise<Account> {
      if (!(await failures.clear(id))) throw notFound()
      events.emit({ type: 'account.unlocked', accountId: id })
      return found(await store.byId(id))
    },

    /** @throws AppError `last_administrator` (409) */
    async setRole(id: string, role: Role): Promise<Account> {
      const before = found(await store.byId(id))
      if (role === before.role) return before
      const account =
        role === 'admin' ? found(await store.change(id, { role })) : await changeUnlessLast(id, { role })
      await roleChanged(before, account)
      return account
    },

    /**
     * Disabled first: no session may outlive its account, and if ending them fails, the call can be repeated.
     * @throws AppError `last_administrator` (409)
     */
    async delete(id: string): Promise<void> {
      const account = await shutOut(id)
      await sessions.forgetConsents(id)
      if (!(await store.delete(id))) throw notFound()
      // Its name and nothing else: the log lasts longer than the account.
      events.emit({ type: 'account.deleted', ...ofAccount(account) })
    },
  }
}
