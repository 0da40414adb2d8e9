import { AppError } from '../../shared/errors.ts'
import { type Message, message } from '../../shared/locales/texts.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Account } from '../account.ts'
import { notFound } from '../account.ts'
import type { Accounts } from '../accounts.ts'
import { isLeaving } from '../deletion/leaving.ts'
import type { Links } from '../email/links.ts'
import type { MailOut } from '../email/mail-out.ts'
import type { SecurityEvents } from '../events.ts'
import { deviceOf } from '../lockout/devices.ts'
import type { LoginOf } from '../login.ts'
import type { AccountSessions } from '../sessions.ts'
import type { AccountSettings } from '../settings.ts'
import type { AccountStore } from '../store/store.ts'
import type { OneTimeTokens } from '../tokens/one-time-tokens.ts'
import type { TokenStore } from '../tokens/store.ts'
import type { Hasher } from './hashing.ts'
import type { PasswordPolicy } from './policy.ts'

const week = 7 * 86_400

type PasswordReset = Pick<Accounts, 'forgot' | 'sendReset' | 'letIn' | 'peekReset' | 'reset'> & {
  /**
   * Tells the owner of an account that it has just been locked, with a way to sign in again. The link of a lock for
   * good is the only way, so it comes whatever was sent before, and is good for a week at least.
   */
  announceLock(account: Account, how: 'for_a_while' | 'for_good'): void
  /** Sends a link that sets a password to the owner of an account that another person has signed in to, whatever was sent before. */
  sendLetIn(account: Account): void
}

/**
 * A new password for the reader of the account's mail. The link goes to the proven address, or to the one that is
 * still to be proven: then using it proves that address too.
 *
 * @param deps.settings `resetTtl`: how long a link works; `lockoutSeconds`: for the words of the mail about a lock
 */
export function createPasswordReset(deps: {
  store: AccountStore
  tokens: OneTimeTokens
  tokenStore: TokenStore
  hasher: Hasher
  policy: PasswordPolicy
  passwordMinLength: Accounts['passwordMinLength']
  sessions: AccountSessions
  mail: MailOut
  links: Links
  events: SecurityEvents
  settings: Pick<AccountSettings, 'resetTtl' | 'lockoutSeconds'>
  loginOf: LoginOf
}): PasswordReset {
  const { store, tokens, tokenStore, hasher, policy, sessions, mail, links, events, settings } = deps

  /** Undefined: the address has had its links for this hour. */
  const link = async (
    account: Account,
    email: string | null,
    how: { purpose?: 'let_in'; ttl?: number; limited?: false; interaction?: string | undefined } = {},
  ): Promise<string | undefined> => {
    const { interaction, ...kind } = how
    const to = {
      purpose: 'reset_password',
      accountId: account.id,
      email,
      ttl: settings.resetTtl,
      code: false,
      ...kind,
    } as const
    const issued = await tokens.issue(to)
    return issued && links.resetPassword(issued.token, interaction)
  }

  const find = async (token: string) => {
    const row = await tokens.find(['reset_password', 'let_in'], token)
    const account = row?.accountId ? await store.byId(row.accountId) : undefined
    if (!row || !account || !mayReset(account)) return undefined
    // The address was changed since: the old mailbox has no say any more.
    const proves = account.email === null && row.email === account.pendingEmail
    return row.email === account.email || proves ? { row, account, proves } : undefined
  }

  /** Looks again after the hashing, twice at most: the address may be proven by its own link just now. */
  const redeem = async (token: string, passwordHash: string) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const found = await find(token)
      if (!found) return undefined
      const { row, account, proves } = found
      const provenEmail = proves ? (row.email ?? undefined) : undefined
      const leaving = isLeaving(account) ? account : undefined
      const redemption = { tokenId: row.id, accountId: account.id, passwordHash, provenEmail, leaving }
      const done = await tokenStore.redeem(redemption)
      if (typeof done !== 'string') return { ...found, ...done }
    }
    return undefined
  }

  /** What may be an address is looked up as one first: an imported username may look like it, and has no say over its mailbox. */
  const findTyped = async (typed: string): Promise<Account | undefined> => {
    const login = deps.loginOf(typed)
    const byEmail = login.email === undefined ? undefined : await store.byEmail(login.email)
    return byEmail ?? store.byLogin(login)
  }

  const forgotten = mail.deferred<Forgotten>(
    'forgot',
    async ({ email: earlier, typed = earlier, ...origin }) => {
      const account = typed === undefined ? undefined : await findTyped(typed)
      const email = account?.email ?? account?.pendingEmail ?? undefined
      const able = email !== undefined && account && mayReset(account)
      const known = able && deviceOf(account, origin.devices) !== undefined
      const how = { interaction: origin.interaction, ...(known && { purpose: 'let_in' as const }) }
      const resetLink = able ? await link(account, email, how) : undefined
      events.emit({
        type: 'account.password_reset_requested',
        ...(account ? { accountId: account.id } : { reason: 'unknown_address' }),
        ...(able && !resetLink && { reason: 'too_many_mails' }),
        ...(origin.address !== undefined && { address: origin.address }),
      })
      if (!able || !resetLink) return undefined
      const data = {
        username: account.displayUsername,
        link: resetLink,
        validFor: settings.resetTtl,
      }
      if (!isLeaving(account)) return { to: email, template: 'reset-password', data }
      return {
        to: email,
        template: 'reset-password-leaving',
        data: { ...data, deletedOn: account.deletionAt },
      }
    },
  )

  const locked = mail.deferred<ToOwner & { how: 'for_a_while' | 'for_good' }>(
    'locked',
    async ({ accountId, email, how }) => {
      const account = await store.byId(accountId)
      if (!account) return undefined
      const lasts = how === 'for_good' ? Math.max(settings.resetTtl, week) : settings.resetTtl
      const special = how === 'for_good' && ({ purpose: 'let_in', limited: false, ttl: lasts } as const)
      const resetLink = await link(account, email, special || {})
      if (!resetLink) return undefined
      const data = { username: account.displayUsername, link: resetLink, validFor: lasts }
      if (how === 'for_good') return { to: email, template: 'locked-for-good', data }
      return {
        to: email,
        template: 'locked',
        data: { ...data, lockedFor: settings.lockoutSeconds },
      }
    },
  )

  const letIn = mail.deferred<ToOwner>('let-in', async ({ accountId, email }) => {
    const account = await store.byId(accountId)
    const resetLink = account && (await link(account, email, { purpose: 'let_in', limited: false }))
    if (!resetLink) return undefined
    const data = {
      username: account.displayUsername,
      link: resetLink,
      validFor: settings.resetTtl,
    }
    return { to: email, template: 'reset-password', data }
  })

  return {
    async forgot(typed, { address, interaction, devices } = {}) {
      forgotten({ typed, address, interaction, devices })
    },

    async sendReset(accountId) {
      const account = await store.byId(accountId)
      if (!account) throw notFound()
      if (account.disabledAt !== null)
        throw new AppError('account_disabled', 409, message('admin.users.refused.disabled'))
      if (account.email === null && account.invitedUntil !== null)
        throw new AppError('invited', 409, message('admin.users.refused.invited'))
      const email = account.email ?? account.pendingEmail
      if (email === null) throw new AppError('no_address', 409, message('admin.users.refused.no_address'))
      const resetLink = await link(account, email)
      if (!resetLink) {
        const retryAfter = await tokens.secondsToWait('reset_password', accountId, email)
        throw new AppError('too_many_mails', 429, message('admin.users.refused.many_mails'), { retryAfter })
      }
      events.emit({ type: 'account.password_reset_requested', accountId })
      const data = {
        username: account.displayUsername,
        link: resetLink,
        validFor: settings.resetTtl,
      }
      mail.send({ to: email, template: 'reset-password', data })
      return account
    },

    async letIn(accountId) {
      const account = await store.byId(accountId)
      if (!account) throw notFound()
      const refuse = (code: string, why: Message) => new AppError(code, 409, why)
      if (account.role !== 'admin') throw refuse('not_administrator', message('admin.users.refused.let_in'))
      if (account.disabledAt !== null)
        throw refuse('account_disabled', message('admin.users.refused.disabled'))
      if (account.email === null) throw refuse('no_address', message('admin.users.refused.unverified'))
      const resetLink = await link(account, account.email, { purpose: 'let_in', limited: false })
      if (resetLink === undefined) throw notFound()
      events.emit({ type: 'account.password_reset_requested', accountId, reason: 'let_in' })
      return { link: resetLink, validFor: settings.resetTtl }
    },

    announceLock(account, how) {
      events.emit({ type: 'account.locked', accountId: account.id, reason: how })
      const { email } = account
      if (email !== null) locked({ accountId: account.id, email, how })
    },

    sendLetIn(account) {
      const { id: accountId, email } = account
      if (email === null || account.disabledAt !== null) return
      events.emit({ type: 'account.password_reset_requested', accountId })
      letIn({ accountId, email })
    },

    async peekReset(token) {
      const found = await find(token)
      if (!found) return undefined
      const { account } = found
      return {
        accountId: account.id,
        username: account.displayUsername,
        passwordMinLength: deps.passwordMinLength(account),
      }
    },

    async reset(token, newPassword) {
      const found = await find(token)
      if (!found) return undefined
      const weakness = await policy(newPassword, { ...found.account, email: found.row.email }, found.account)
      if (weakness) throw refusedFields({ password: weakness })
      const done = await redeem(token, await hasher.hash(newPassword))
      if (!done) return undefined
      const { row, account, proves, generation } = done
      await sessions.endAll(account.id)
      events.emit({ type: 'account.password_reset', accountId: account.id })
      if (proves) events.emit({ type: 'account.email_verified', accountId: account.id })
      const data = { username: account.displayUsername, resetLink: links.forgotPassword() }
      if (row.email) mail.send({ to: row.email, template: 'password-changed', data })
      return { accountId: account.id, generation, leaving: isLeaving(account) }
    },
  }
}

interface ToOwner {
  accountId: string
  email: string
}

/** What a person has asked for who forgot a password. */
type Forgotten = {
  typed?: string
  /** As an earlier version has stored it. */
  email?: string
} & NonNullable<Parameters<Accounts['forgot']>[1]>

/** Of an account that waits to be deleted its owner may have forgotten the password too; a new one does not keep it yet. */
const mayReset = (account: Account): boolean => account.disabledAt === null || isLeaving(account)
