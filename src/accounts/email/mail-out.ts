/** How an account was signed in to. `provider`: by the account of a provider. */
export type SignInMethod =
  | 'provider'
  | 'passkey'
  | 'code'
  | 'password'
  | 'password_and_passkey'
  | 'password_and_second_factor'

/** The mails of this feature, and the way out of it. src/mail implements it; src/app.ts joins the two. */
export type AccountMail =
  | {
      to: string
      template: 'verify-email'
      data: { username: string; link: string; code: string; validFor: number }
    }
  | { to: string; template: 'already-registered'; data: { signInLink: string } }
  | { to: string; template: 'reset-password'; data: { username: string; link: string; validFor: number } }
  | {
      to: string
      template: 'reset-password-leaving'
      data: { username: string; link: string; validFor: number; deletedOn: number }
    }
  | {
      to: string
      template: 'invitation'
      data: {
        username: string
        invitedBy: string
        role?: string | undefined
        link: string
        validFor: number
      }
    }
  | { to: string; template: 'password-changed'; data: { username: string; resetLink: string } }
  | {
      to: string
      template: 'locked'
      data: { username: string; lockedFor: number; link: string; validFor: number }
    }
  | { to: string; template: 'locked-for-good'; data: { username: string; link: string; validFor: number } }
  | {
      to: string
      template: 'new-device'
      data: {
        username: string
        device?: string | undefined
        at: number
        address: string
        how: SignInMethod
        provider?: string | undefined
        link: string
      }
    }
  | {
      to: string
      template: 'impersonated'
      data: {
        username: string
        administrator: string
        at: number
        until: number
        reason: string
        link: string
      }
    }
  | {
      to: string
      template: 'email-changed'
      data: { username: string; newEmail: string; accountLink: string }
    }
  | {
      to: string
      template: 'username-changed'
      data: { formerUsername: string; username: string; resetLink: string }
    }
  | {
      to: string
      template: 'phone-removed'
      data: { username: string; number: string; accountLink: string }
    }
  | {
      to: string
      template: 'deletion-requested'
      data: { username: string; deletedOn: number; signInLink: string }
    }
  | {
      to: string
      template: 'sign-in-linked' | 'sign-in-unlinked'
      data: { username: string; provider: string; accountLink: string }
    }

export interface MailOut {
  /** Stores a mail for the queue before the answer; never throws for what a mail server says. */
  send(mail: AccountMail): void
  /** What is looked up behind an answer that does not depend on it, and is stored before that. `prepare` may run twice. */
  deferred<Data extends object>(
    name: string,
    prepare: (data: Data) => Promise<AccountMail | undefined>,
  ): (data: Data) => void
  /** Work in memory that ends in a mail or in none, and that nobody was promised. */
  defer(prepare: () => Promise<AccountMail | undefined>): void
}
