import { type TextArguments, type TextKey, t } from '../shared/locales/texts.ts'
import { own } from '../shared/own.ts'
import type { Details } from './entry.ts'
import type { EventType } from './event-types.ts'

/** Events that are about a person, by the beginning of their type. */
type Personal = Extract<EventType, `${'account' | 'factor' | 'session' | 'consent' | 'device'}.${string}`>

/** What an entry says, to the owner of the account. */
export interface Said {
  /** The actor: the owner of the account; or another, who is not named. */
  by: 'you' | 'administrator' | 'program' | 'server' | 'somebody'
  details: Details
  /** The app of a consent or a device, as it was called then. */
  app: string | undefined
}

/** A text, and what fills it beside the actor. */
type Sentence = TextKey | readonly [TextKey, TextArguments]
/** `plain`: the text is `did.{type}`. Null: never about one account, or no news to its owner. */
type Words = 'plain' | ((details: Details) => Sentence) | null

/** Kinds of second factors that texts know; any other is `other` to them. */
const KINDS = new Set([
  'passkey',
  'totp',
  'totp_setup',
  'recovery_code',
  'email',
  'sms',
  'phone',
  'remembered_browser',
])
const PROVIDERS: Readonly<Record<string, string>> = { github: 'GitHub', google: 'Google', gitlab: 'GitLab' }

const word = (value: unknown): string => (typeof value === 'string' ? value : '')
const kindOf = (value: unknown) => ({ kind: KINDS.has(word(value)) ? word(value) : 'other' })
const providerOf = (id: unknown) => ({
  provider: own(PROVIDERS, word(id)) ?? (word(id) || t('did.anotherService')),
})

/** “with a passkey”, “with GitHub”; a password needs no words. */
function way(start: 'did.signedIn' | 'did.failed', { method, provider }: Details): Sentence {
  if (provider !== undefined) return [`${start}.provider`, providerOf(provider)]
  return method === undefined ? start : [`${start}.factor`, kindOf(method)]
}

function failed(details: Details): Sentence {
  if (details.reason === 'locked') return 'did.failed.locked'
  if (details.method === 'passkey') return 'did.failed.passkey'
  return details.reason === 'wrong' ? 'did.failed.password' : way('did.failed', details)
}

const ENDED: Readonly<Record<string, TextKey>> = {
  signed_out: 'did.ended.signedOut',
  other_devices: 'did.ended.others',
  device: 'did.ended.device',
  upstream: 'did.ended.upstream',
}

/** Each event of these families in words for the owner of the account; what has no line here does not compile. */
const ACTIVITY: Readonly<Record<Personal, Words>> = {
  'account.registered': 'plain',
  'account.created': 'plain',
  'account.invited': 'plain',
  'account.invitation_accepted': 'plain',
  'account.invitation_withdrawn': 'plain',
  'account.verification_sent': 'plain',
  'account.verification_withheld': 'plain',
  'account.verification_failed': 'plain',
  'account.email_verified': 'plain',
  'account.email_changed': 'plain',
  'account.sessions_ended': 'plain',
  'account.impersonated': ({ reason }) => ['did.impersonated', { reason: word(reason) || '–' }],
  'account.impersonation_ended': 'plain',
  'account.signed_in': (details) => way('did.signedIn', details),
  'account.second_factor_asked': ({ provider }) =>
    provider === undefined ? 'did.asked' : ['did.asked.provider', providerOf(provider)],
  'account.sign_in_failed': failed,
  'account.sign_in_disowned': 'plain',
  'account.locked': 'plain',
  'account.unlocked': 'plain',
  'account.password_reset_requested': 'plain',
  'account.password_reset': 'plain',
  'account.password_changed': 'plain',
  'account.profile_changed': 'plain',
  'account.username_changed': 'plain',
  'account.role_changed': 'plain',
  'account.disabled': 'plain',
  'account.enabled': 'plain',
  'account.recovery_started': 'plain',
  'account.recovery_stopped': 'plain',
  'account.recovery_finished': 'plain',
  'account.deleted': null,
  'account.deletion_requested': 'plain',
  'account.deletion_cancelled': 'plain',
  'account.purged': null,
  'account.voided': null,
  'account.linked': ({ provider }) => ['did.linked', providerOf(provider)],
  'account.unlinked': ({ provider }) => ['did.unlinked', providerOf(provider)],
  'factor.added': ({ kind }) => ['did.factorAdded', kindOf(kind)],
  'factor.removed': ({ kind }) => ['did.factorRemoved', kindOf(kind)],
  'factor.renamed': ({ kind }) => ['did.factorRenamed', kindOf(kind)],
  'factor.refused': 'plain',
  'factor.code_wrong': ({ kind }) => (kind === 'passkey' ? 'did.failed.passkey' : 'did.codeWrong'),
  'factor.locked': 'plain',
  'factor.recovery_codes_renewed': 'plain',
  'factor.recovery_code_used': 'plain',
  'factor.phone_verified': ({ number }) => ['did.phoneVerified', { number: word(number) }],
  'factor.sms_sent': ({ number }) => ['did.smsSent', { number: word(number) }],
  'factor.sms_failed': 'plain',
  'factor.sms_withheld': 'plain',
  'factor.app_password_added': ({ app_password }) => [
    'did.appPasswordAdded',
    { password: word(app_password) },
  ],
  'factor.app_password_removed': ({ app_password }) => [
    'did.appPasswordRemoved',
    { password: word(app_password) },
  ],
  'factor.browser_remembered': 'plain',
  'factor.browser_forgotten': 'plain',
  'session.ended': ({ reason }) => own(ENDED, word(reason)) ?? 'did.ended',
  'consent.allowed': 'plain',
  'consent.withdrawn': 'plain',
  'device.approved': 'plain',
  'device.denied': 'plain',
  'device.ended': 'plain',
  'device.code_unknown': null,
}

/** The types of which the owner of an account is told. */
export const TOLD: readonly string[] = Object.entries(ACTIVITY).flatMap(([type, words]) =>
  words === null ? [] : [type],
)

/** An entry in a sentence, in the language of the running request. Empty: its owner is not told of it. */
export function inWords(type: string, { by, details, app = t('did.anApp') }: Said): string {
  const words = own<Words>(ACTIVITY, type)
  if (words === undefined || words === null) return ''
  const sentence = words === 'plain' ? (`did.${type}` as TextKey) : words(details)
  const [key, values] = typeof sentence === 'string' ? [sentence, {}] : sentence
  const who = by === 'you' ? { who: 'you', name: '' } : { who: 'other', name: t(`did.who.${by}`) }
  return t(key, { ...who, app, ...values })
}
