import { SETTABLE } from './policy.ts'

/** The client information response (RFC 7591 §3.2.1, RFC 7592 §3). */
export type Answer = Record<string, unknown>

const SHOWN = [
  'client_id',
  'client_id_issued_at',
  'client_secret',
  'client_secret_expires_at',
  ...SETTABLE,
] as const

/** What a client gets to know of itself: what it is registered with, and where it looks after it. */
export function clientInformation(client: { client_id: string }, endpoint: string, token: string): Answer {
  const all = client as Answer
  const shown = SHOWN.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const]))
  return {
    ...Object.fromEntries(shown),
    registration_client_uri: `${endpoint}/${client.client_id}`,
    registration_access_token: token,
  }
}
