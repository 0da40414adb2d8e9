import { join } from 'node:path'
import { Eta } from 'eta'

/** Every mail that the program sends, with what its text needs. Links are absolute; times are words. */
export interface MailData {
  /** To a new address: proves that its owner asked. */
  'verify-email': { username: string; link: string; code: string; validFor: string }
  /** To an address that already belongs to an account, when a person registers with it. */
  'already-registered': { signInLink: string; resetLink: string }
  'reset-password': { username: string; link: string; validFor: string }
  /** Of an account that waits to be deleted. `deletedOn`: a day. */
  'reset-password-leaving': { username: string; link: string; validFor: string; deletedOn: string }
  invitation: { username: string; invitedBy: string; link: string; validFor: string }
  /** To join an organization. */
  'organization-invitation': { organization: string; invitedBy: string; link: string; validFor: string }
  'password-changed': { username: string; resetLink: string }
  /** After too many wrong passwords. */
  locked: { username: string; lockedFor: string; link: string; validFor: string }
  /** After so many wrong passwords in a row that only a new one helps. */
  'locked-for-good': { username: string; link: string; validFor: string }
  /** After a sign-in on a device that is new to the account. `device`: “Firefox on Linux”; `how`: behind “with”. */
  'new-device': {
    username: string
    device: string
    at: string
    address: string
    how: string
    link: string
  }
  /** To the old address, once a new one has been proven. */
  'email-changed': { username: string; newEmail: string; accountLink: string }
  'username-changed': { formerUsername: string; username: string; resetLink: string }
  /** `deletedOn`: a day. */
  'deletion-requested': { username: string; deletedOn: string; signInLink: string }
  /** A provider's identity was added to the account, or taken away. */
  'sign-in-linked': { username: string; provider: string; accountLink: string }
  'sign-in-unlinked': { username: string; provider: string; accountLink: string }
  /** `factor`: “An authenticator app”. */
  'factor-added': { username: string; factor: string; accountLink: string }
  'factor-removed': { username: string; factor: string; accountLink: string }
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
  'browser-remembered': { username: string; device: string; until: string; accountLink: string }
  'sign-in-code': { username: string; code: string; validFor: string; resetLink: string }
  /** For setting up the first second factor of an account that had one before. */
  'enrolment-code': { username: string; code: string; validFor: string; resetLink: string }
  /** `left`: how many still work. */
  'recovery-code-used': { username: string; left: string; accountLink: string }
  /** Every second factor is to be removed. `how`: half a sentence: when it was started and from where. */
  'recovery-started': { username: string; how: string; readyAt: string; stopLink: string; resetLink: string }
  /** An administrator has started it. `startedAt`: when. */
  'recovery-started-for-you': {
    username: string
    startedAt: string
    readyAt: string
    stopLink: string
    resetLink: string
  }
  'recovery-ready': { username: string; link: string; validUntil: string; stopLink: string }
  /** `why`: half a sentence. */
  'recovery-stopped': { username: string; why: string; resetLink: string }
  /** To administrators. `since`: a day. */
  'webhook-disabled': { username: string; url: string; since: string; link: string }
  'recovery-finished': { username: string; accountLink: string; resetLink: string }
}

export type MailTemplate = keyof MailData

/** A mail as a feature asks for it. `to` is one address in canonical form. */
export type Mail = {
  [Template in MailTemplate]: { to: string; template: Template; data: MailData[Template] }
}[MailTemplate]

export interface RenderedMail {
  subject: string
  text: string
  html: string
}

/** No subject holds a name or a code: subjects show on locked screens and in the logs of mail servers. */
const subjects: Record<MailTemplate, (service: string) => string> = {
  'verify-email': (service) => `Confirm your email address for ${service}`,
  'already-registered': (service) => `You already have an account at ${service}`,
  'reset-password': (service) => `Set a new password for ${service}`,
  'reset-password-leaving': (service) => `Set a new password for ${service}, and keep your account`,
  invitation: (service) => `You are invited to ${service}`,
  'organization-invitation': (service) => `You are invited to an organization at ${service}`,
  'password-changed': (service) => `Your password for ${service} was changed`,
  locked: (service) => `Too many wrong passwords for your account at ${service}`,
  'locked-for-good': (service) => `Set a new password for ${service}: too many wrong ones were tried`,
  'new-device': (service) => `A new device signed in to your account at ${service}`,
  'email-changed': (service) => `Your email address for ${service} was changed`,
  'username-changed': (service) => `Your username at ${service} was changed`,
  'deletion-requested': (service) => `Your account at ${service} will be deleted`,
  'sign-in-linked': (service) => `A way to sign in was added to your account at ${service}`,
  'sign-in-unlinked': (service) => `A way to sign in was removed from your account at ${service}`,
  'factor-added': (service) => `A second factor was added to your account at ${service}`,
  'factor-removed': (service) => `A second factor was removed from your account at ${service}`,
  'passkey-refused': (service) => `A passkey of your account at ${service} is refused`,
  'factor-locked': (service) => `Too many wrong codes for your account at ${service}`,
  'phone-verified': (service) => `A phone number was verified for your account at ${service}`,
  'phone-removed': (service) => `A phone number was removed from your account at ${service}`,
  'recovery-codes-renewed': (service) => `New recovery codes for your account at ${service}`,
  'app-password-added': (service) => `An app password was made for your account at ${service}`,
  'app-password-removed': (service) => `An app password of your account at ${service} was removed`,
  'browser-remembered': (service) => `A device is remembered for your account at ${service}`,
  'sign-in-code': (service) => `Your code to sign in at ${service}`,
  'enrolment-code': (service) => `Your code to set up a second factor at ${service}`,
  'recovery-code-used': (service) => `A recovery code was used for your account at ${service}`,
  'recovery-started': (service) => `The second factor of your account at ${service} is to be removed`,
  'recovery-started-for-you': (service) => `An administrator recovers your account at ${service}`,
  'recovery-ready': (service) => `You can now remove the second factor of your account at ${service}`,
  'recovery-stopped': (service) => `The second factor of your account at ${service} stays`,
  'webhook-disabled': (service) => `A webhook of ${service} is disabled`,
  'recovery-finished': (service) => `The second factor of your account at ${service} was removed`,
}

/** Text that goes into a mail stays on its line, whatever a name once was allowed to hold. */
const onOneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')

/**
 * Renders views/mail/<template>.{txt,html}.eta; both say the same.
 *
 * @param options.issuer its host is what the mails call the service
 */
export function createMailTemplates(options: { issuer: string; viewsDir: string }) {
  const service = new URL(options.issuer).host
  const views = join(options.viewsDir, 'mail')
  const text = new Eta({ views, cache: true, autoEscape: false, autoTrim: false })
  const html = new Eta({ views, cache: true, autoEscape: true })

  return function render(mail: Mail): RenderedMail {
    const entries = Object.entries(mail.data).map(([name, value]) => [name, onOneLine(value)])
    const subject = onOneLine(subjects[mail.template](service))
    const data = { ...Object.fromEntries(entries), service, subject }
    return {
      subject,
      text: text.render(`./${mail.template}.txt.eta`, data),
      html: html.render(`./${mail.template}.html.eta`, data),
    }
  }
}
