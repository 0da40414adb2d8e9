import { AppError } from '../../shared/errors.ts'
import { t } from '../../shared/locales/texts.ts'
import { durationInWords } from '../../shared/moment.ts'
import type { Account } from '../account.ts'
import type { SecurityEvents } from '../events.ts'
import type { AccountSettings } from '../settings.ts'
import type { AccountStore } from '../store/store.ts'
import type { OneTimeTokens } from '../tokens/one-time-tokens.ts'
import type { TokenRow, TokenStore } from '../tokens/store.ts'
import { canonicalEmail } from './address.ts'
import type { Links } from './links.ts'
import type { AccountMail, MailOut } from './mail-out.ts'

export type VerificationOutcome =
  | { kind: 'verified'; accountId: string }
  /** Never issued, used, too old, or for an address that the account waits for no more. */
  | { kind: 'expired' }
  /** Another account has proven the address since. */
  | { kind: 'taken' }

/** What a link is about to prove, for the page that asks first. */
export interface WaitingAddress {
  accountId: string
  /** As typed. */
  username: string
  /** Of the account, in milliseconds since the epoch. */
  createdAt: number
  email: string
}

export type CodeOutcome = VerificationOutcome | { kind: 'wrong' } | { kind: 'exhausted' }

/** Proving an address by what was sent there. */
export interface Verification {
  /**
   * Sends a new link and code to the address that an account waits for; without one, nothing. Older ones go on
   * working, the three newest at most.
   * @param interaction uid of the one to come back to
   * @throws AppError `too_many_mails` (429) after five in an hour, for this account or to this address
   */
  send(accountId: string, interaction?: string): Promise<void>
  /**
   * Sends a new link and code to an address that an account waits for, asked for by any person: of several accounts, to the
   * newest. The answer, and the time it takes, are the same in every case: the look-up itself happens afterwards.
   */
  sendTo(typed: string, origin?: { address?: string | undefined }): Promise<void>
  /** Whose address a link is about to prove. Uses nothing up: mail scanners open links. */
  peek(token: string): Promise<WaitingAddress | undefined>
  /**
   * For the owner of an address that another person gave: no link or code that was sent to it for that account works any
   * more. False: the link worked no more.
   */
  refuse(token: string): Promise<boolean>
  byToken(token: string): Promise<VerificationOutcome>
  /** Proving the address has signed a person in, who gave their password or came from a provider before. */
  recordSignIn(account: Pick<Account, 'id' | 'generation'>): Promise<boolean>
  /** Whether a link proves nothing more, because its address is the verified one of its account. */
  isProven(token: string): Promise<boolean>
  /** @param code as typed; spaces and hyphens do not count. What is not six digits is `wrong` and no try. */
  byCode(accountId: string, code: string): Promise<CodeOutcome>
}

/** With what only this feature does. */
export interface SendingVerification extends Verification {
  /** Sends link and code to an address that has just been stored, afterwards. */
  queue(account: Account, email: string, interaction?: string): void
  /** Before an address is stored that a message has to prove. @throws AppError `too_many_mails` (429) */
  requireSendable(accountId: string, email: string): Promise<void>
}

/**
 * Proving an email address: a link that works anywhere and a code for the browser that asked. They are one token,
 * so using one uses up the other. Serves new accounts and changes of address alike.
 *
 * @param deps.settings `verificationTtl`: how long link and code work
 */
export function createVerification(deps: {
  store: AccountStore
  tokens: OneTimeTokens
  tokenStore: TokenStore
  mail: MailOut
  links: Links
  events: SecurityEvents
  settings: Pick<AccountSettings, 'verificationTtl'>
}): SendingVerification {
  const { store, tokens, tokenStore, mail, links, events, settings } = deps

  /**
   * The owner of the address learns which it is; the one who typed it does not. Both cases write one token, and neither
   * does when the address has had its mails for this hour.
   */
  const prepare = async (
    accountId: string,
    email: string,
    interaction: string | undefined,
  ): Promise<AccountMail | undefined> => {
    // The account may be gone by now: the owner of the address has signed up by a provider.
    const account = await store.byId(accountId)
    if (account?.pendingEmail !== email) return undefined
    const owner = await store.byProvenEmail(email)
    const issued = await tokens.issue({
      purpose: 'verify_email',
      accountId: account.id,
      email,
      ttl: settings.verificationTtl,
      code: true,
    })
    if (!issued) {
      if (!(await store.byId(account.id))) return undefined
      events.emit({
        type: 'account.verification_withheld',
        accountId: account.id,
        reason: 'too_many_mails',
      })
      return undefined
    }
    events.emit({ type: 'account.verification_sent', accountId: account.id })
    if (owner) {
      const data = { signInLink: links.signIn() }
      return { to: email, template: 'already-registered', data }
    }
    const data = {
      username: account.displayUsername,
      link: links.verifyEmail(issued.token, interaction),
      code: issued.code,
      validFor: settings.verificationTtl,
    }
    return { to: email, template: 'verify-email', data }
  }

  const verify = mail.deferred<{ accountId: string; email: string; interaction?: string | undefined }>(
    'verify',
    ({ accountId, email, interaction }) => prepare(accountId, email, interaction),
  )
  const queue = ({ id: accountId }: Account, email: string, interaction?: string): void =>
    verify({ accountId, email, interaction })

  const verifyAgain = mail.deferred<{ email?: string | undefined; address?: string | undefined }>(
    'verify-again',
    async ({ email, address }) => {
      const account = email === undefined ? undefined : await store.waitingFor(email)
      if (email !== undefined && account) return prepare(account.id, email, undefined)
      events.emit({
        type: 'account.verification_withheld',
        reason: 'unknown_address',
        ...(address !== undefined && { address }),
      })
      return undefined
    },
  )

  const redeem = async (row: TokenRow): Promise<VerificationOutcome> => {
    const { id, accountId, email } = row
    if (accountId === null || email === null) return { kind: 'expired' }
    const before = await store.byId(accountId)
    const result = await tokenStore.redeem({ tokenId: id, accountId, provenEmail: email })
    if (typeof result === 'string' || !before) {
      const kind = result === 'taken' ? 'taken' : 'expired'
      events.emit({ type: 'account.verification_failed', accountId, reason: kind })
      return { kind }
    }
    const details = { accountId, username: before.displayUsername }
    events.emit({ type: 'account.email_verified', ...details, after: { email } })
    if (before.email !== null) {
      const change = { before: { email: before.email }, after: { email } }
      events.emit({ type: 'account.email_changed', ...details, ...change })
      const data = { username: before.displayUsername, newEmail: email, accountLink: links.account() }
      mail.send({ to: before.email, template: 'email-changed', data })
    }
    return { kind: 'verified', accountId }
  }

  async function requireSendable(accountId: string, email: string): Promise<void> {
    const wait = await tokens.secondsToWait('verify_email', accountId, email)
    if (wait === 0) return
    const inAWhile = durationInWords(Math.ceil(wait / 60) * 60)
    throw new AppError('too_many_mails', 429, t('email.enough', { wait: inAWhile }), {
      detail: 'enough messages to this address for now',
      retryAfter: wait,
    })
  }

  return {
    queue,
    requireSendable,

    async send(accountId, interaction) {
      const account = await store.byId(accountId)
      if (!account || account.pendingEmail === null || account.disabledAt !== null) return
      await requireSendable(accountId, account.pendingEmail)
      queue(account, account.pendingEmail, interaction)
    },

    async sendTo(typed, origin = {}) {
      verifyAgain({ email: canonicalEmail(typed), address: origin.address })
    },

    async peek(token) {
      const row = await tokens.find(['verify_email'], token)
      const account = row?.accountId ? await store.byId(row.accountId) : undefined
      if (!account || !row?.email || account.pendingEmail !== row.email) return undefined
      const { id: accountId, displayUsername: username, createdAt } = account
      return { accountId, username, createdAt, email: row.email }
    },

    async refuse(token) {
      const row = await tokens.find(['verify_email'], token)
      if (!row?.accountId) return false
      // Nor is another message sent there for it on any request: the account has to give another address.
      await store.change(row.accountId, { pendingEmail: null })
      await tokenStore.expireAllOf(row.accountId, 'verify_email')
      events.emit({ type: 'account.verification_failed', accountId: row.accountId, reason: 'refused' })
      return true
    },

    recordSignIn: store.recordSignIn,

    async isProven(token) {
      const row = await tokens.findOver('verify_email', token)
      const account = row?.accountId ? await store.byId(row.accountId) : undefined
      return typeof row?.email === 'string' && account?.email === row.email
    },

    async byToken(token) {
      const row = await tokens.find(['verify_email'], token)
      return row ? redeem(row) : { kind: 'expired' }
    },

    async byCode(accountId, code) {
      const digits = code.replaceAll(/[\s-]/g, '')
      if (!/^[0-9]{6}$/.test(digits)) return { kind: 'wrong' }
      const row = await tokens.matchCode('verify_email', accountId, digits)
      if (typeof row !== 'string') return redeem(row)
      events.emit({ type: 'account.verification_failed', accountId, reason: `${row}_code` })
      return { kind: row }
    },
  }
}
