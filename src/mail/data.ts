import type { BrandedBy } from '../shared/branded-by.ts'
import type { SecondFactor } from '../shared/second-factor.ts'

/** How an account was signed in to. `provider`: by the account of a provider. */
export type SignInMethod =
  | 'provider'
  | 'passkey'
  | 'code'
  | 'password'
  | 'password_and_passkey'
  | 'password_and_second_factor'

/** What has ended a recovery that waited. */
export type StoppedBy = 'link' | 'account' | 'second_factor' | 'new_password' | 'administrator'

/**
 * Every mail that the program sends, with what its text needs. Links are absolute; durations are seconds, times are milliseconds
 * since the epoch: they become words in the language of the mail.
 */
export interface MailData {
  /** To a new address: proves that its owner asked. */
  'verify-email': { username: string; link: string; code: string; validFor: number }
  /** To an address that already belongs to an account, when a person registers with it. */
  'already-registered': { signInLink: string }
  'reset-password': { username: string; link: string; validFor: number }
  /** Of an account that waits to be deleted. */
  'reset-password-leaving': { username: string; link: string; validFor: number; deletedOn: number }
  /** `role`: of administration, as it is called; undefined: none. */
  invitation: {
    username: string
    invitedBy: string
    role?: string | undefined
    link: string
    validFor: number
  }
  /** To join an organization. */
  'organization-invitation': { organization: string; invitedBy: string; link: string; validFor: number }
  /** To the other managers of an organization. */
  'organization-provider': {
    organization: string
    by: string
    act: 'saved' | 'enabled' | 'disabled' | 'removed'
    at: number
    link: string
  }
  'password-changed': { username: string; resetLink: string }
  /** After too many wrong passwords. */
  locked: { username: string; lockedFor: number; link: string; validFor: number }
  /** After so many wrong passwords in a row that only a new one helps. */
  'locked-for-good': { username: string; link: string; validFor: number }
  /** After a sign-in on a device that is new to the account. `device`: “Firefox on Linux”; undefined: it is none that is known. */
  'new-device': {
    username: string
    device?: string | undefined
    at: number
    address: string
    how: SignInMethod
    provider?: string | undefined
    link: string
  }
  /** An administrator has signed in as the person, until a time. `reason`: as they wrote it. */
  impersonated: {
    username: string
    administrator: string
    at: number
    until: number
    reason: string
    link: string
  }
  /** To the old address, once a new one has been proven. */
  'email-changed': { username: string; newEmail: string; accountLink: string }
  'username-changed': { formerUsername: string; username: string; resetLink: string }
  'deletion-requested': { username: string; deletedOn: number; signInLink: string }
  /** A provider's identity was added to the account, or taken away. */
  'sign-in-linked': { username: string; provider: string; accountLink: string }
  'sign-in-unlinked': { username: string; provider: string; accountLink: string }
  'factor-added': { username: string; factor: SecondFactor; accountLink: string }
  'factor-removed': { username: string; factor: SecondFactor; accountLink: string }
  /** Its counter went back. `passkey`: what its owner calls it. */
  'passkey-refused': { username: string; passkey: string; accountLink: string }
  /** After too many wrong codes behind a right password. */
  'factor-locked': { username: string; resetLink: string }
  'recovery-codes-renewed': { username: string; accountLink: string }
  /** `number`: its last digits. */
  'phone-verified': { username: string; number: string; accountLink: string }
  'phone-removed': { username: string; number: string; accountLink: string }
  /** `name`: as its owner calls it. */
  'app-password-added': { username: string; name: string; accountLink: string }
  'app-password-removed': { username: string; name: string; accountLink: string }
  /** In this browser the second factor is not asked for until a day. */
  'browser-remembered': { username: string; device?: string | undefined; until: number; accountLink: string }
  'sign-in-code': { username: string; code: string; validFor: number; resetLink: string }
  /** For setting up the first second factor of an account that had one before. */
  'enrolment-code': { username: string; code: string; validFor: number; resetLink: string }
  /** `left`: how many still work. */
  'recovery-code-used': { username: string; left: number; accountLink: string }
  /** Every second factor is to be removed. `device` and `address`: where it was started. */
  'recovery-started': {
    username: string
    startedAt: number
    device: string
    address: string
    readyAt: number
    stopLink: string
  }
  /** An administrator has started it. */
  'recovery-started-for-you': { username: string; startedAt: number; readyAt: number; stopLink: string }
  'recovery-ready': { username: string; link: string; validUntil: number; stopLink: string }
  'recovery-stopped': { username: string; why: StoppedBy; resetLink: string }
  'recovery-finished': { username: string; accountLink: string }
  /** To administrators. */
  'webhook-disabled': { username: string; url: string; since: number; link: string }
  /** To the administrator who asks whether mail arrives. */
  test: { username: string; accountLink: string }
}

export type MailTemplate = keyof MailData

/** A mail as a feature asks for it. `to` is one address in canonical form. */
export type Mail = {
  [Template in MailTemplate]: {
    to: string
    template: Template
    data: MailData[Template]
    /** Whose brand it wears; undefined: as `AWAITED` says. */
    brand?: BrandedBy | undefined
  }
}[MailTemplate]

/**
 * What a person waits for on a page of an app: it wears the brand of that page. All else is news of an account, and looks the same whatever app was used.
 */
export const AWAITED: ReadonlySet<MailTemplate> = new Set([
  'verify-email',
  'already-registered',
  'reset-password',
  'reset-password-leaving',
  'sign-in-code',
  'enrolment-code',
])
