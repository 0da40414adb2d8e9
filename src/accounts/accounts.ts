// Accounts own: who can sign in, by which name and password, whether an address is verified, when an account is locked.
// They do not own: sessions and tokens (src/oidc, through AccountSessions), the way a mail goes (src/mail, through
// MailOut), pages and JSON (pages/, src/api), rate limits by network address (src/http).
//
//   register ──> unverified ──(link or code)──> active <──(reset, unlock, time)── locked
//                    │ 7 days                    │  └──(5 wrong passwords)────────┘
//                    └──> purged                 └──(administrator)──> disabled ──> active, or deleted
//
// An unverified address reserves nothing: any number of accounts may wait for it, one can have it.
//
// Nearly 300 lines, and no code: what each method promises, in one place where a caller finds `forgot` and what may go wrong.
// What keeps the promises is put together in create-accounts.ts.
import type { KnownDevice } from '../shared/known-device.ts'
import type { Account, Role } from './account.ts'
import type { Authentication } from './authenticate.ts'
import type { Deletion } from './deletion/deletion.ts'
import type { Verification } from './email/verification.ts'
import type { ImportOptions, ImportReport } from './import/import.ts'
import type { LinkedSignIns } from './linked/linked-sign-ins.ts'
import type { NewDevices } from './new-devices/new-devices.ts'
import type { PasskeySignIns } from './passkey-sign-ins.ts'
import type { Hasher } from './passwords/hashing.ts'
import type { PasswordOwner, RatePassword } from './passwords/policy.ts'
import type { Pictures } from './picture/pictures.ts'
import type { Provisioning } from './provisioning/provisioning.ts'
import type { AdminAccountInput, AdminChangesInput, ProfileInput, RegistrationInput } from './schemas.ts'
import type { AccountQuery } from './search/search.ts'
import type { StateCounts } from './search/store/filters.ts'
import type { AcceptInvitation } from './sign-up/invitations.ts'
import type { Setup } from './sign-up/setup.ts'

/** A page of a list of accounts, newest first. */
export interface AccountList {
  items: Account[]
  /** Asks for the page after this one; absent on the last. */
  next_cursor?: string
}

/** Of people who can sign in: not disabled, with a verified address. */
export interface SecondFactorShares {
  people: number
  withSecondFactor: number
  withPasskey: number
}

/** Where a request came from: for the audit log, for counting failures, for the way back. */
export interface Origin {
  /** The network address. */
  address?: string | undefined
  /** The interaction to come back to. */
  interaction?: string | undefined
  /** The accounts that the browser has signed in to before. */
  devices?: readonly KnownDevice[] | undefined
}

/** A new password or account, and the generation of sign-ins that it begins. */
export interface NewGeneration {
  accountId: string
  generation: number
}

/**
 * Everything that can be done with accounts. IDs throughout, unless said; what is wrong with fields is a ValidationError
 * (422), an account that is not there AppError `account_not_found` (404).
 */
export interface Accounts {
  /** The hot read, on every request with a token or a session: about 10 µs. */
  byId(id: string): Promise<Account | undefined>
  /** The account of a row with `accountColumns`. */
  ofRow(row: Record<string, unknown>): Account

  // Signing up and in: src/api, pages.

  /**
   * Makes an account that still has to prove its address. The address reserves nothing: whether it is known shows
   * neither in the answer nor in its cost, only in the mail that its owner gets.
   * @throws ValidationError 422, or 409 when the username is all that is wrong and it is taken; AppError
   *   `registration_closed` (403), `overloaded` (503)
   */
  register(input: RegistrationInput, origin?: Pick<Origin, 'address' | 'interaction'>): Promise<NewGeneration>

  /**
   * Makes an account whose address the link of an invitation has proven. It needs neither open registration nor an address of `email_domains`.
   * @throws ValidationError 422, or 409 when the username or the address is taken; AppError `overloaded` (503)
   */
  registerInvited(input: RegistrationInput, origin?: Pick<Origin, 'address'>): Promise<NewGeneration>

  /**
   * Checks an identifier and a password. The identifier is a proven email address, a username, or an address that is
   * unverified: then it means the newest account that waits for it. Unknown, wrong, locked and disabled cost the same.
   * @throws AppError `overloaded` (503)
   */
  authenticate(
    request: {
      identifier: string
      password: string
      /** Asked where the password is right and the account has a second factor: whether it was shown in this browser lately enough. */
      remembers?: ((account: Account) => Promise<boolean>) | undefined
      /** It proves an account, and signs in to nothing: by the password also where people sign in at a provider. */
      proof?: boolean | undefined
    } & Pick<Origin, 'address' | 'devices'>,
  ): Promise<Authentication>

  /** Proving an address. */
  verification: Verification
  /** Pictures that people upload. */
  pictures: Pictures
  /** What directories do, by SCIM. */
  provisioning: Provisioning
  /** Deleting one's own account. */
  deletion: Deletion
  /** Signing in by an account at a provider. */
  linked: LinkedSignIns
  /** Signing in by a passkey. */
  passkeys: PasskeySignIns
  /** Sign-ins on devices that are new to their account. */
  newDevices: NewDevices
  /** What the person behind the link of an invitation does. */
  invitations: AcceptInvitation
  /** The first administrator. */
  setup: Setup

  // Passwords: src/api, pages.

  /** How many characters a new password of theirs has to have, at least. */
  passwordMinLength(owner: PasswordOwner): number
  /**
   * What a new password would be answered, while it is being typed: by the rules of the moment it is stored, but for a look-up at another
   * server. Stores and tells nothing.
   */
  ratePassword: RatePassword

  /**
   * Sends a link that sets a password to the address of an account that may sign in or waits to be deleted, at most five an hour to one
   * address, those in mails about a lock included; a browser that has signed in to it before has five of its own. The
   * answer, and the time it takes, are the same in every case: the look-up itself happens afterwards.
   * @param typed an address, verified or not, or another name to sign in by
   */
  forgot(typed: string, origin?: Origin): Promise<void>
  /** Whose password a link would set; uses nothing up. Undefined: it works no more. */
  peekReset(
    token: string,
  ): Promise<{ accountId: string; username: string; passwordMinLength: number } | undefined>
  /**
   * Sets the password by a link; ends the lock, every session and every other link. Undefined: the link works no more. An account
   * that waits to be deleted (`leaving`) goes on waiting.
   * @throws ValidationError on `password`; the link goes on working then. AppError `overloaded` (503)
   */
  reset(token: string, newPassword: string): Promise<(NewGeneration & { leaving: boolean }) | undefined>
  /**
   * A new password for a person who is signed in and knows the old one. Other sessions end.
   * @param change.keepSessionUid the session that asks, which stays
   * @throws ValidationError on `currentPassword` (a wrong one counts like a failed sign-in) or `newPassword`; AppError
   *   `overloaded` (503)
   */
  changePassword(
    change: {
      accountId: string
      currentPassword: string
      newPassword: string
      keepSessionUid?: string | undefined
    } & Pick<Origin, 'address' | 'devices'>,
  ): Promise<{ generation: number }>

  // What people change about themselves: src/api, pages.

  /**
   * Fields left out stay as they are; '' and null empty one. Another phone number is not verified. Values that are there
   * already are not written. Who loses a verified phone number is told by mail.
   * @param by.fresh the person has signed in lately (ASVS 7.5.1)
   * @throws AppError `insufficient_user_authentication` (403): a verified phone number would go without a fresh sign-in;
   *   `version_conflict` (409)
   */
  updateProfile(accountId: string, input: ProfileInput, by?: { fresh?: boolean }): Promise<Account>
  /** Whether `updateProfile` asks for a fresh sign-in. */
  losesVerifiedPhone(account: Account, input: ProfileInput): boolean
  /**
   * Asks the owner of a new address to prove it; until then the old one stays in use. False: it is the address in
   * use already, and none waits any more. Let people sign in again before (ASVS 7.5.1).
   * @param by.generation of the sign-in that asks: if it has passed, nothing is changed
   * @throws ValidationError on `email`; AppError `too_many_mails` (429; nothing is changed)
   */
  changeEmail(
    accountId: string,
    typed: string,
    by?: { generation?: number } & Pick<Origin, 'interaction'>,
  ): Promise<boolean>
  /**
   * Another username, by the rules of signing up; its owner is told by mail. Let people sign in again before (ASVS 7.5.1).
   * @param by.generation of the sign-in that asks: if it has passed, nothing is changed
   * @returns false: it is the same
   * @throws ValidationError on `username`; 409 where another account has it
   */
  changeUsername(accountId: string, typed: string, by: { generation: number }): Promise<boolean>
  /**
   * For a person who ends a sign-in that may not have been theirs: another address that it may have asked for is not
   * waited for any more. An account that waits for its first goes on waiting. False: there was none.
   */
  dropAddressChange(accountId: string): Promise<boolean>
  /**
   * Ends every session and token but those of one session, for the person who is signed in there. Returns the generation
   * that it goes on in.
   */
  endOtherSessions(accountId: string, keepSessionUid: string): Promise<number>

  // What administrators do: src/admin, src/cli. `last_administrator` (409): no administrator would be left to undo it.

  /**
   * Makes an account. `verified`: the address counts as proven, and no mail is sent. Else a mail proves it: one that asks
   * for no more where there is a password, and an invitation where there is none.
   * @throws ValidationError (422; 409 for a username or proven address that is taken, or an address that is invited), AppError
   *   `overloaded` (503), `too_many_mails` (429); no account is made then
   */
  createByAdmin(input: AdminAccountInput): Promise<Account>
  /** By ID, username or email address (proven, else of the newest account that waits for it). */
  find(which: string): Promise<Account | undefined>
  /** By a username, or an address that its owner has proven, however it is written: what people know of each other. */
  findNamed(login: string): Promise<Account | undefined>
  /**
   * @param page.limit 1 to 500, 50 unless given @param page.cursor `next_cursor` of the page before
   * @throws AppError `invalid_page` (400), also when the account that the page before ended with is gone
   */
  list(page?: { limit?: number | undefined; cursor?: string | undefined }): Promise<AccountList>
  /** @throws AppError `invalid_page` (400) */
  search(query?: AccountQuery): Promise<AccountList>
  /** Whether parts of names are found among all accounts; else among the newest (search/store.ts). */
  isSearchIndexed(): Promise<boolean>
  /** Makes accounts known to the search that are older than it: a batch. Returns how many; 0: it knows all. */
  backfillSearch(): Promise<number>
  /** How many people can sign in, and how many of them by what kind of second factor. */
  secondFactorShares(): Promise<SecondFactorShares>
  /** How many accounts there are of a kind, up to a thousand and one each. */
  stateCounts(): Promise<StateCounts>
  /**
   * Changes names, role (built-in, or the name or ID of one that is defined) and address, and whether a second factor is required of the person. A role that is taken away ends every session and token. Another address has to be
   * proven by its owner, and counts then; what was sent to an earlier one proves nothing any more. An account that is invited
   * is invited there instead. Values that are there already are not written.
   * @param options.ifVersion the `updatedAt` that the change is meant for
   * @throws ValidationError (422; 409 for the address of an invited person that another account has), AppError
   *   `version_conflict`, `last_administrator` (409), `too_many_mails` (429); nothing is changed then
   */
  updateByAdmin(id: string, input: AdminChangesInput, options?: { ifVersion?: number }): Promise<Account>
  /** @throws AppError `last_administrator` (409) */
  setRole(id: string, role: Role): Promise<Account>
  /** Takes a role that is gone from who has it still: they are a user from then on, and signed out. */
  loseRole(id: string, role: Role): Promise<void>
  /** Ends every session and token; the person may sign in again. */
  endSessions(id: string): Promise<Account>
  /** Sign-in is refused and every session ends, until `enable`. @throws AppError `last_administrator` (409) */
  disable(id: string): Promise<Account>
  enable(id: string): Promise<Account>
  /** How many wrong passwords in a row an account has had; those of its known browsers count by themselves. */
  wrongPasswords(id: string): Promise<number>
  /** How many browsers of a person are locked by themselves, beside the account. */
  lockedDevices(id: string): Promise<number>
  /** Ends a lock and forgets failed sign-ins. */
  unlock(id: string): Promise<Account>
  /**
   * Disables first: no session may outlive its account, and if ending them fails, the call can be repeated.
   * @throws AppError `last_administrator` (409)
   */
  delete(id: string): Promise<void>
  /**
   * Sends a link that sets a password, which the administrator never sees: to the proven address, or the one that waits.
   * @throws AppError `account_disabled`, `no_address`, `invited` (409), `too_many_mails` (429)
   */
  sendReset(id: string): Promise<Account>
  /**
   * A link for an administrator whom strangers keep out, for the operator of this server to pass on: no mail, and none
   * that could have been used up. `validFor`: seconds.
   * @throws AppError `not_administrator`, `account_disabled`, `no_address` (409)
   */
  letIn(id: string): Promise<{ link: string; validFor: number }>
  /**
   * Sends an invitation to the address that an account waits for; one that was sent before works no more.
   * @throws AppError `account_disabled`, `address_proven`, `no_address`, `version_conflict` (409), `too_many_mails` (429)
   */
  sendInvitation(id: string): Promise<Account>
  /**
   * Ends an invitation. An account that was never used goes with it, and its username is free again.
   * @returns the account as it is; undefined: it is deleted
   * @throws AppError `not_invited` (409) also when it was accepted just now
   */
  withdrawInvitation(id: string): Promise<Account | undefined>
  /**
   * People of another system, out of a file (src/accounts/import/import.ts). No mail is sent.
   * @returns how many rows there were, and what became of them
   * @throws AppError `import_unreadable` (422), `import_conflict` (409); with `allOrNothing` nothing is stored then
   */
  importUsers(source: AsyncIterable<Uint8Array | string>, options: ImportOptions): Promise<ImportReport>

  // What the server does by itself: jobs, metrics.

  /** Deletes accounts that never proved an address; their usernames are free again. Returns how many. */
  purgeUnverified(olderThanSeconds?: number, limit?: number): Promise<number>
  purgeTokens(limit?: number): Promise<number>
  /** One batch of everything that has expired. Returns how many rows went. */
  purge(): Promise<number>
  /** Password checks running and waiting. */
  hashing(): Hasher['load']
}
