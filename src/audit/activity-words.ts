import type { Details } from './entry.ts'
import type { EventType } from './event-types.ts'

/** Events that are about a person, by the beginning of their type. */
type Personal = Extract<EventType, `${'account' | 'factor' | 'session' | 'consent' | 'device'}.${string}`>

/** What an entry says, to the owner of the account. */
export interface Said {
  details: Details
  /** The app of a consent or a device, as it was called then. */
  app: string
}

/** `{who}` is the actor: “You”, “An administrator”. Null: never about one account, or no news to its owner. */
type Words = string | ((said: Said) => string) | null

/** Kinds of second factors, after “a” or “your”. */
const FACTORS: Readonly<Record<string, string>> = {
  passkey: 'a passkey',
  totp: 'an authenticator app',
  totp_setup: 'an authenticator app',
  recovery_code: 'a recovery code',
  email: 'a code sent by mail',
  sms: 'a code sent to your phone',
  phone: 'a phone number',
  remembered_browser: 'a remembered device',
}
const PROVIDERS: Readonly<Record<string, string>> = { github: 'GitHub', google: 'Google', gitlab: 'GitLab' }

const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const factor = (value: unknown): string => FACTORS[word(value) ?? ''] ?? 'a second factor'
const provider = (value: unknown): string => PROVIDERS[word(value) ?? ''] ?? word(value) ?? 'another service'

/** “with a passkey”, “with GitHub”; a password needs no words. */
function way({ method, provider: id }: Details): string {
  if (id !== undefined) return ` with ${provider(id)}`
  return method === undefined ? '' : ` with ${factor(method)}`
}

const failed = ({ details }: Said): string => {
  if (details.reason === 'locked') return '{who} tried to sign in while your account was locked'
  if (details.method === 'passkey') return '{who} used a passkey that was not accepted'
  return details.reason === 'wrong' ? '{who} typed a wrong password' : `{who} tried to sign in${way(details)}`
}

/** Each event of these families in words for the owner of the account; what has no line here does not compile. */
export const ACTIVITY: Readonly<Record<Personal, Words>> = {
  'account.registered': '{who} registered your account',
  'account.created': '{who} created your account',
  'account.invited': '{who} invited you',
  'account.invitation_accepted': 'Your invitation was accepted',
  'account.invitation_withdrawn': '{who} withdrew your invitation',
  'account.verification_sent': '{who} had a message sent that verifies your address',
  'account.verification_withheld':
    '{who} asked for a message that verifies your address; there were enough of them',
  'account.verification_failed': '{who} typed a wrong code to verify your address',
  'account.email_verified': '{who} verified your address',
  'account.email_changed': '{who} changed your address',
  'account.sessions_ended': '{who} signed you out everywhere',
  'account.signed_in': ({ details }) => `{who} signed in${way(details)}`,
  'account.second_factor_asked': ({ details }) =>
    details.provider === undefined
      ? '{who} typed the right password, and was asked for your second factor'
      : `{who} signed in with ${provider(details.provider)}, and was asked for your second factor`,
  'account.sign_in_failed': failed,
  'account.sign_in_disowned': '{who} said that a sign-in was not yours, and signed you out everywhere',
  'account.locked': 'Your account was locked by too many wrong passwords',
  'account.unlocked': '{who} unlocked your account',
  'account.password_reset_requested': 'A link that sets a new password was asked for',
  'account.password_reset': 'Your password was changed by a link in a mail',
  'account.password_changed': '{who} changed your password',
  'account.profile_changed': '{who} changed your profile',
  'account.username_changed': '{who} changed your username',
  'account.role_changed': '{who} changed your role',
  'account.disabled': '{who} disabled your account',
  'account.enabled': '{who} enabled your account',
  'account.recovery_started': '{who} started to recover your account without its second factors',
  'account.recovery_stopped': '{who} stopped the recovery of your account',
  'account.recovery_finished': '{who} removed every second factor by a recovery',
  'account.deleted': null,
  'account.deletion_requested': '{who} asked for the deletion of your account',
  'account.deletion_cancelled': '{who} took back the deletion of your account',
  'account.purged': null,
  'account.voided': null,
  'account.linked': ({ details }) => `{who} linked a sign-in with ${provider(details.provider)}`,
  'account.unlinked': ({ details }) => `{who} removed the sign-in with ${provider(details.provider)}`,
  'factor.added': ({ details }) => `{who} added ${factor(details.kind)}`,
  'factor.removed': ({ details }) => `{who} removed ${factor(details.kind)}`,
  'factor.renamed': ({ details }) => `{who} renamed ${factor(details.kind)}`,
  'factor.refused':
    'A passkey was used whose counter went back: there may be a copy, and it is refused from now on',
  'factor.code_wrong': ({ details }) =>
    details.kind === 'passkey' ? '{who} used a passkey that was not accepted' : '{who} typed a wrong code',
  'factor.locked': 'No more codes were checked for a while: too many were wrong',
  'factor.recovery_codes_renewed': '{who} made new recovery codes',
  'factor.recovery_code_used': '{who} used a recovery code',
  'factor.phone_verified': ({ details }) => `{who} verified the phone number ${word(details.number) ?? ''}`,
  'factor.sms_sent': ({ details }) => `{who} had a code sent to the phone ${word(details.number) ?? ''}`,
  'factor.sms_failed': 'A code could not be sent to your phone',
  'factor.sms_withheld': 'No code was sent to your phone: too many were, or it is not a number for codes',
  'factor.app_password_added': ({ details }) =>
    `{who} made the app password “${word(details.app_password) ?? ''}”`,
  'factor.app_password_removed': ({ details }) =>
    `{who} removed the app password “${word(details.app_password) ?? ''}”`,
  'factor.browser_remembered': '{who} had this device remembered',
  'factor.browser_forgotten': '{who} had a remembered device forgotten',
  'session.ended': ({ details }) =>
    ({
      signed_out: '{who} signed out',
      other_devices: '{who} signed out every other device',
      device: '{who} signed a device out',
      upstream: 'The service that you signed in with signed you out',
    })[word(details.reason) ?? ''] ?? '{who} signed you out',
  'consent.allowed': ({ app }) => `{who} allowed ${app} access`,
  'consent.withdrawn': ({ app }) => `{who} took the access of ${app} back`,
  'device.approved': ({ app }) => `{who} signed a device in to ${app} by its code`,
  'device.denied': ({ app }) => `{who} refused a device of ${app}`,
  'device.ended': ({ app }) => `{who} signed a device out of ${app}`,
  'device.code_unknown': null,
}
