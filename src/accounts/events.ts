import { byNameOf } from '../shared/profile/fields.ts'
import { PHONE_VERIFIED } from '../shared/profile/table.ts'
import type { Account } from './account.ts'

/** What happened to an account, for the audit trail. Never a password, token, code or hash. */
export interface AccountEvent {
  type:
    | 'account.registered'
    | 'account.created'
    | 'account.invited'
    | 'account.invitation_accepted'
    | 'account.invitation_withdrawn'
    | 'account.verification_sent'
    | 'account.verification_withheld'
    | 'account.verification_failed'
    | 'account.email_verified'
    | 'account.email_changed'
    | 'account.signed_in'
    /** An administrator signed in as its owner: `impersonation` is its ID, `reason` what they wrote. */
    | 'account.impersonated'
    | 'account.impersonation_ended'
    /** The first step of a sign-in is done, and its second one is asked for. */
    | 'account.second_factor_asked'
    | 'account.sign_in_failed'
    /** Its owner says, by the link in a mail, that a sign-in was not theirs. */
    | 'account.sign_in_disowned'
    | 'account.locked'
    | 'account.unlocked'
    | 'account.password_reset_requested'
    | 'account.password_reset'
    | 'account.password_changed'
    | 'account.profile_changed'
    | 'account.username_changed'
    | 'account.role_changed'
    | 'account.disabled'
    | 'account.enabled'
    | 'account.deleted'
    | 'account.deletion_requested'
    | 'account.deletion_cancelled'
    | 'account.sessions_ended'
    | 'account.purged'
    /** It waited for an address whose owner has come by another way. */
    | 'account.voided'
    | 'account.linked'
    | 'account.unlinked'
  accountId?: string
  /** Why, as a snake_case word: `wrong`, `locked`, `unknown_account`, `too_many_mails`, …; of a new role, which. */
  reason?: string
  /** The id of the provider that a sign-in came through, or that was linked. */
  provider?: string
  /** How, where it was not by a password or at a provider: `passkey`. */
  method?: string
  /** The network address the act came from. */
  address?: string
  /** Of an impersonation, its ID. */
  impersonation?: string
  /** Of one that has ended: the account of who was signed in as another person. */
  administrator?: string
  /** When it ends at the latest, in seconds since the epoch. */
  until?: number
  /** How many, where one event stands for several. */
  count?: number
  /** Of the account, where it is at hand; else it is looked up, which takes time and fails when the account is gone. */
  username?: string
  /** What was changed, as it was and as it is. */
  before?: AccountRecord
  after?: AccountRecord
}

/** What the first step of a sign-in comes to: all of it, or a second one is asked for. */
export const firstStep = ({ secondFactors }: Pick<Account, 'secondFactors'>) =>
  secondFactors.length === 0 ? 'account.signed_in' : 'account.second_factor_asked'

/** What the audit log keeps of an account. */
export type AccountRecord = Readonly<Record<string, unknown>>

/** By the names of the claims, where there are any (OpenID Connect Core §5.1). */
const accountRecord = (account: Account): AccountRecord => ({
  username: account.displayUsername,
  email: account.email,
  pending_email: account.pendingEmail,
  ...byNameOf('claim', account),
  [PHONE_VERIFIED.claim]: account.phoneVerified,
  address: account.address,
  ...(Object.keys(account.attributes).length > 0 && { attributes: account.attributes }),
  role: account.role,
  disabled: account.disabledAt !== null,
  second_factor_required: account.secondFactorRequired,
})

/** Whether a change of names, claims or addresses made a difference; the role has an event of its own. */
export const isChanged = (before: Account, after: Account): boolean => {
  const said = (account: Account) => JSON.stringify({ ...accountRecord(account), role: null })
  return said(before) !== said(after)
}

/** The account of an event. */
export const ofAccount = (account: Account) => ({
  accountId: account.id,
  username: account.displayUsername,
})

/** The account of an event that has made it. */
export const madeOf = (account: Account) => ({ ...ofAccount(account), after: accountRecord(account) })

/** The account of an event that has changed it. */
export const changeOf = (before: Account | undefined, after: Account) => ({
  ...madeOf(after),
  ...(before && { before: accountRecord(before) }),
})

/** Where security events go. Must not throw and must not delay the caller. */
export interface SecurityEvents {
  emit(event: AccountEvent): void
}
