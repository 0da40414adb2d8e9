import { allOf, anyOf } from '../shared/locales/lists.ts'
import { t } from '../shared/locales/texts.ts'
import { counted } from '../shared/moment.ts'
import type { PkceRule } from '../shared/pkce-rule.ts'
import type { RejectionDetails } from './details.ts'

/** A request that was refused, as it was kept. */
export interface Rejection {
  /** The reference: the request id that the error page and the log line show. */
  id: string
  /** Milliseconds since the epoch. */
  at: number
  /** Names of the protocol: authorization, token, pushed_authorization_request, userinfo … */
  endpoint: string
  /** Of a registered client; null: what was sent belongs to none. */
  clientId: string | null
  error: string
  description: string | null
  details: RejectionDetails
}

/** A client as it is registered now: what the explanations read of it. */
export interface ClientNow {
  client_id: string
  client_name: string
  disabled: boolean
  redirect_uris: string[]
  grant_types: string[]
  scope?: string | undefined
  token_endpoint_auth_method: string
  application_type: 'web' | 'native'
  pkce: PkceRule
  /** Another one after every change. */
  version: string
}

export interface NamedClient {
  client_id: string
  client_name: string
}

/** What is looked up when a rejection is read: it may have changed since. */
export interface RuleContext {
  client?: ClientNow | undefined
  /** Registered clients whose id or name is like the one that was sent. */
  similar: NamedClient[]
  /** Other clients that have the redirect URI that was sent. */
  owners: NamedClient[]
}

/** A rejection with everything that a rule may look at. */
export interface Case extends Rejection, RuleContext {}

/** Why it was probably refused, and what to do about it, in plain words. */
export interface Explanation {
  /** The name of the rule that found it. */
  rule: string
  title: string
  /** The likely mistake. */
  mistake: string
  /** What to do in the app. */
  inApp: string
  /** What to change here; undefined: nothing. */
  here?: string | undefined
}

/** A text in ICU MessageFormat with what fills it. */
export interface Filled {
  text: string
  /** Undefined: there is nothing to say of this one. */
  values(rejection: Case): Readonly<Record<string, string | number>> | undefined
}

/** Words of a rule in English; the other languages of the console are in locales/admin/rejection_rules.de.json. */
export type Words = string | Filled

export const filled = (text: string, values: Filled['values']): Filled => ({ text, values })

/** What chooses between two cases of a text. */
export const yes = (is: boolean): 'yes' | 'no' => (is ? 'yes' : 'no')

export interface Rule {
  name: string
  /** Whether this is what happened. The first rule of the table that says so is taken. */
  fits(rejection: Case): boolean
  title: Words
  mistake: Words
  inApp: Words
  here?: Words
}

/** By what the protocol library said: exact words, or a pattern. */
const says = (said: string | null | undefined, words: string | RegExp): boolean =>
  said !== null && said !== undefined && (typeof words === 'string' ? said === words : words.test(said))

export const described =
  (words: string | RegExp) =>
  ({ description }: Case): boolean =>
    says(description, words)

export const detailed =
  (words: string | RegExp) =>
  ({ details }: Case): boolean =>
    says(details.detail, words)

export const failed =
  (error: string) =>
  (rejection: Case): boolean =>
    rejection.error === error

/** Quotes a value for a sentence; a short one, because it may be anybody's text. */
export const quoted = (value: string | undefined): string =>
  value === undefined || value === ''
    ? t('admin.common.nothing')
    : t('admin.rejections.said.quoted', { value: value.length > 120 ? `${value.slice(0, 120)}…` : value })

/** “a”, “b” and “c” */
export const listed = (values: readonly string[]): string =>
  values.length === 0 ? quoted(undefined) : allOf(values.map(quoted))

/** A length of time in words. @param seconds */
export function duration(seconds: number): string {
  const length = Math.abs(Math.round(seconds))
  if (length < 120) return counted(length, 'second')
  if (length < 7200) return counted(Math.round(length / 60), 'minute')
  if (length < 172_800) return counted(Math.round(length / 3600), 'hour')
  return counted(Math.round(length / 86_400), 'day')
}

/** “a” (lk_1) and “b” (lk_2): clients that are told apart, of which two may have one name. */
export const listedClients = (clients: readonly NamedClient[]): string =>
  allOf(clients.map((client) => `${quoted(client.client_name)} (${client.client_id})`))

/** “lk_1 or lk_2” */
export const idsOf = (clients: readonly NamedClient[]): string =>
  anyOf(clients.map(({ client_id: id }) => id))

/** What a client is called and its ID, for a sentence with another client in it. */
export const identityOf = (rejection: Case): string =>
  rejection.client ? listedClients([rejection.client]) : nameOf(rejection)

/** What a client is called, for a sentence. */
export const nameOf = ({ client, clientId, details }: Case): string =>
  client
    ? t('admin.rejections.said.quoted', { value: client.client_name })
    : quoted(clientId ?? details.claimed_client_id ?? t('admin.rejections.said.theClient'))
