// Over 300 lines: what each act ends, of whom it asks whether they are the last administrator, and whom it tells, is the same for all.
import { type AttributeRules, attributesText } from '../shared/attribute-values.ts'
import type { Clock } from '../shared/clock.ts'
import { AppError, unlessCode, VersionConflict } from '../shared/errors.ts'
import { message } from '../shared/locales/texts.ts'
import type { Role } from '../shared/roles.ts'
import type { Secrets } from '../shared/secrets.ts'
import { checkedTogether } from '../shared/validation-error.ts'
import { type Account, notFound, withoutPassword } from './account.ts'
import type { Accounts } from './accounts.ts'
import { claimChanges } from './claims.ts'
import { canonicalEmail } from './email/address.ts'
import type { Links } from './email/links.ts'
import type { MailOut } from './email/mail-out.ts'
import type { SendingVerification } from './email/verification.ts'
import { changeOf, isChanged, madeOf, ofAccount, type SecurityEvents } from './events.ts'
import type { LinkedStore } from './linked/store.ts'
import type { FailureStore } from './lockout/store.ts'
import type { LoginOf } from './login.ts'
import { type AdminChangesInput, adminChangesSchema, parseFields } from './schemas.ts'
import { createSearch } from './search/search.ts'
import type { AccountSessions } from './sessions.ts'
import type { Invitations } from './sign-up/invitations.ts'
import { type PrepareAccount, takenError } from './sign-up/new-account.ts'
import type { AccountStore } from './store/store.ts'
import { type AccountChanges, differing } from './store/values.ts'
import type { TokenStore } from './tokens/store.ts'
import { tellOfLostPhone } from './verified-phone.ts'

/** Changes of one account that come between, before the last one gives up. */
const MAX_TRIES = 20

/** What the role of an account may be, and who may change it (src/administrators). */
export interface RoleRules {
  /** @throws ValidationError of `role` */
  resolve(typed: string): Promise<Role>
  /** @throws AppError own_role, role_not_yours (403) */
  requireMayGive(accountId: string | undefined, before: Role, role: Role): Promise<void>
  /** For people. */
  nameOf(role: Role): string
  /** As it is called at this moment, for who has it. Undefined: it allows nothing. */
  offered(role: Role): Promise<string | undefined>
}

type Administration = Pick<
  Accounts,
  | 'createByAdmin'
  | 'find'
  | 'findNamed'
  | 'list'
  | 'search'
  | 'updateByAdmin'
  | 'endSessions'
  | 'endOtherSessions'
  | 'disable'
  | 'enable'
  | 'unlock'
  | 'setRole'
  | 'loseRole'
  | 'delete'
>

/** What administrators do to accounts, from the command line, REST and the console. */
export function createAdministration(deps: {
  store: AccountStore
  tokenStore: TokenStore
  failures: FailureStore
  prepare: PrepareAccount
  sessions: AccountSessions
  verification: Pick<SendingVerification, 'queue'>
  invitations: Pick<Invitations, 'requireInvitable' | 'suggestUsername' | 'sendInvitation'>
  events: SecurityEvents
  clock: Clock
  loginOf: LoginOf
  mail: MailOut
  links: Links
  attributes: AttributeRules
  roles: RoleRules
  linkedStore: Pick<LinkedStore, 'list'>
  secrets: Pick<Secrets, 'seal' | 'open'>
}): Administration {
  const { store, tokenStore, failures, prepare, sessions, verification, invitations, events, clock } = deps

  const found = (account: Account | undefined): Account => {
    if (!account) throw notFound()
    return account
  }

  const settled = (account: Account | undefined | 'last_administrator' | 'version_conflict'): Account => {
    if (account === 'last_administrator')
      throw new AppError(account, 409, message('admin.users.refused.last_administrator'))
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

  /** Ends a sign-in of this very moment too. An invitation waits: a disabled account accepts none. */
  const shutOut = async (id: string): Promise<Account> => {
    const account = await changeUnlessLast(id, { disabledAt: new Date(clock()), endsSignIns: true })
    await tokenStore.expireAllBut(id, 'invitation')
    await sessions.endAll(id)
    return account
  }

  /**
   * Who gets a role, and may have come by a provider: one that managers of an organization have set up signs in nobody with a role, and who
   * is signed in by it already could be anybody there. They sign in once more.
   */
  const endsSignInsOf = async (before: Account, role: string | undefined): Promise<AccountChanges> =>
    before.role === 'user' &&
    role !== undefined &&
    role !== 'user' &&
    (await deps.linkedStore.list(before.id)).length > 0
      ? { endsSignIns: true }
      : {}

  /** A role that was taken away, or given to who came by a provider, has ended every sign-in; what hangs on them goes too. */
  const roleChanged = async (before: Account, account: Account): Promise<void> => {
    if (account.generation !== before.generation) await sessions.endAll(account.id)
    events.emit({
      type: 'account.role_changed',
      reason: deps.roles.nameOf(account.role),
      ...changeOf(before, account),
    })
  }

  /** An account that cannot be invited is deleted again: the next try may use the same username. */
  const inviteOrUndo = async (account: Account): Promise<Account> => {
    try {
      return await invitations.sendInvitation(account.id)
    } catch (error) {
      if (await store.deleteUnused(account.id))
        events.emit({ type: 'account.deleted', ...ofAccount(account) })
      throw error
    }
  }

  async function update(id: string, input: AdminChangesInput, ifVersion?: number): Promise<Account> {
    const before = found(await store.byId(id))
    const { attributes } = input
    const [parsed, attributesChange] = checkedTogether(
      () => {
        const { attributes: _own, ...fields } = parseFields(adminChangesSchema, input)
        return { ...fields, claims: claimChanges(fields, before) }
      },
      () =>
        attributes === undefined
          ? {}
          : {
              attributes: attributesText(
                deps.attributes.changed(before.attributes, attributes, 'administrator'),
              ),
            },
    )
    const { email, role: typedRole, secondFactorRequired, claims } = parsed
    const role = typedRole === undefined ? undefined : await deps.roles.resolve(typedRole)
    if (role !== undefined) await deps.roles.requireMayGive(id, before.role, role)
    // Whose role was judged has to be who gets another one.
    const ifUpdatedAt =
      ifVersion ?? (role === undefined || role === before.role ? undefined : before.updatedAt)
    const pendingEmail = email === before.email ? null : email
    const wanted = {
      ...claims,
      ...given({ role, pendingEmail, secondFactorRequired }),
      ...attributesChange,
    }
    const changes = differing(before, wanted)
    if (Object.keys(changes).length === 0)
      return ifVersion === undefined || ifVersion === before.updatedAt ? before : settled('version_conflict')
    // It is this number that is verified, whatever its owner changes at this moment.
    if (changes.phoneVerified) changes.phoneNumber ??= before.phoneNumber
    const wasInvited = before.email === null && before.invitedUntil !== null
    Object.assign(changes, await endsSignInsOf(before, changes.role))
    if (wasInvited && changes.pendingEmail !== undefined && before.disabledAt !== null)
      changes.invitedUntil = null
    else if (wasInvited && changes.pendingEmail) await invitations.requireInvitable(id, changes.pendingEmail)
    const account =
      changes.role !== undefined && changes.role !== 'admin'
        ? await changeUnlessLast(id, changes, ifUpdatedAt)
        : await changeSince(id, changes, ifUpdatedAt)
    if (isChanged(before, account))
      events.emit({ type: 'account.profile_changed', ...changeOf(before, account) })
    tellOfLostPhone(deps, before, account)
    if (role !== undefined && role !== before.role) await roleChanged(before, account)
    if (pendingEmail !== undefined && pendingEmail !== before.pendingEmail) {
      await tokenStore.expireAllOf(id, 'verify_email', 'invitation')
      if (pendingEmail !== null && account.email === null && account.invitedUntil !== null)
        return invitations.sendInvitation(id)
      if (pendingEmail !== null) verification.queue(account, pendingEmail)
    }
    return account
  }

  return {
    async createByAdmin(input) {
      const email = canonicalEmail(String(input.email ?? ''))
      const invited = !input.password && input.verified !== true && email !== undefined
      const named = invited && !input.username ? await invitations.suggestUsername(email) : input.username
      const role = await deps.roles.resolve(String(input.role ?? 'user'))
      await deps.roles.requireMayGive(undefined, 'user', role)
      const prepared = await prepare({ ...input, username: named, role })
      if (invited) await invitations.requireInvitable(prepared.id, email)
      const account = await store.insert(prepared)
      if (typeof account === 'string') throw takenError(account)
      events.emit({ type: 'account.created', ...madeOf(account) })
      if (invited) return inviteOrUndo(account)
      if (prepared.pendingEmail !== null) verification.queue(account, prepared.pendingEmail)
      return account
    },

    async find(which) {
      const byId = await store.byId(which)
      if (byId) return byId
      const stored = await store.byLogin(deps.loginOf(which))
      return stored && withoutPassword(stored)
    },

    async findNamed(login) {
      const { email, username } = deps.loginOf(login)
      const proven = email === undefined ? undefined : await store.byProvenEmail(email)
      if (proven) return proven
      const stored = await store.byUsername(username)
      return stored && withoutPassword(stored)
    },

    async list(page = {}) {
      const limit = Math.min(Math.max(page.limit ?? 50, 1), 500)
      if (page.cursor !== undefined && !(await store.byId(page.cursor)))
        throw new AppError('invalid_page', 400, 'cursor must be the next_cursor of the page before.')
      const accounts = await store.list({ limit: limit + 1, after: page.cursor })
      const items = accounts.slice(0, limit)
      const last = items.at(-1)
      return accounts.length > limit && last ? { items, next_cursor: last.id } : { items }
    },

    search: createSearch({ store, clock, secrets: deps.secrets }),

    async updateByAdmin(id, input, { ifVersion } = {}) {
      if (input.attributes === undefined || ifVersion !== undefined) return update(id, input, ifVersion)
      // They are one document: what others change of it at this moment must not be lost.
      for (let tries = 1; ; tries++) {
        try {
          return await update(id, input, found(await store.byId(id)).updatedAt)
        } catch (error) {
          if (!(error instanceof VersionConflict) || tries === MAX_TRIES) throw error
        }
      }
    },

    async endSessions(id) {
      const account = found(await store.change(id, { endsSignIns: true }))
      await sessions.endAll(id)
      events.emit({ type: 'account.sessions_ended', ...ofAccount(account) })
      return account
    },

    async endOtherSessions(id, keepSessionUid) {
      const generation = await store.endSignIns(id)
      if (generation === undefined) throw notFound()
      await sessions.endAll(id, { except: { sessionUid: keepSessionUid, generation } })
      return generation
    },

    async disable(id) {
      const before = await store.byId(id)
      const account = await shutOut(id)
      events.emit({ type: 'account.disabled', ...changeOf(before, account) })
      return account
    },

    async enable(id) {
      const before = found(await store.byId(id))
      if (before.disabledAt === null) return before
      const account = found(await store.change(id, { disabledAt: null, deletionAt: null }))
      events.emit({ type: 'account.enabled', ...changeOf(before, account) })
      return account
    },

    async unlock(id) {
      if (!(await failures.clear(id))) throw notFound()
      events.emit({ type: 'account.unlocked', accountId: id })
      return found(await store.byId(id))
    },

    async setRole(id, typed) {
      const before = found(await store.byId(id))
      const role = await deps.roles.resolve(typed)
      if (role === before.role) return before
      await deps.roles.requireMayGive(id, before.role, role)
      const changes = { role, ...(await endsSignInsOf(before, role)) }
      const account =
        role === 'admin' ? found(await store.change(id, changes)) : await changeUnlessLast(id, changes)
      await roleChanged(before, account)
      return account
    },

    async loseRole(id, role) {
      const before = await store.byId(id)
      if (before?.role !== role) return
      const account = await changeUnlessLast(id, { role: 'user' }, before.updatedAt).catch(
        unlessCode('version_conflict'),
      )
      if (account) await roleChanged(before, account)
    },

    async delete(id) {
      const account = await shutOut(id)
      await sessions.forgetConsents(id)
      if (!(await store.delete(id))) throw notFound()
      // Its name and nothing else: the log lasts longer than the account.
      events.emit({ type: 'account.deleted', ...ofAccount(account) })
    },
  }
}
