/** What happened to an account, for the audit trail. Never a password, token, code or hash. */
export interface AccountEvent {
  type:
    | 'account.registered'
    | 'account.created'
    | 'account.verification_sent'
    | 'account.verification_withheld'
    | 'account.verification_failed'
    | 'account.email_verified'
    | 'account.email_changed'
    | 'account.signed_in'
    | 'account.sign_in_failed'
    | 'account.locked'
    | 'account.unlocked'
    | 'account.password_reset_requested'
    | 'account.password_reset'
    | 'account.password_changed'
    | 'account.profile_changed'
    | 'account.role_changed'
    | 'account.disabled'
    | 'account.enabled'
    | 'account.deleted'
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
  /** The network address the act came from. */
  address?: string
  /** How many, where one event stands for several. */
  count?: number
}

/** Where security events go. Must not throw and must not delay the caller. */
export interface SecurityEvents {
  emit(event: AccountEvent): void
}
