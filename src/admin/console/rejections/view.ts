import type { RejectionDetails } from '../../../rejections/details.ts'
import type { OfferedFix } from '../../../rejections/fix.ts'
import type { Rejection } from '../../../rejections/rejection.ts'
import { secondOf } from '../../../shared/moment.ts'
import { own } from '../../../shared/own.ts'
import { PKCE_IN_WORDS } from '../../../shared/pkce-rule.ts'

/** The endpoints in words, and to choose from. */
export const ENDPOINTS: Readonly<Record<string, string>> = {
  authorization: 'Sign-in request',
  pushed_authorization_request: 'Pushed sign-in request',
  device_authorization: 'Device code request',
  code_verification: 'Code entered by a person',
  token: 'Token request',
  userinfo: 'User information',
  introspection: 'Introspection',
  revocation: 'Revocation',
  end_session: 'Sign-out request',
}

/** @param milliseconds since the epoch */
export const when = secondOf
const whenSeconds = (seconds: number | undefined) =>
  seconds === undefined || Math.abs(seconds) > 8.64e12 ? 'no time' : when(seconds * 1000)

/** One thing that was sent beside what is registered; each may be several. */
export interface ComparedRow {
  label: string
  sent: string[]
  registered: string[]
}

const some = (values: (string | undefined)[]): string[] => values.filter((value) => !!value) as string[]

/** What was sent against what was registered, as far as the request had it. */
export function compared(rejection: Rejection): ComparedRow[] {
  const { details } = rejection
  const { registered } = details
  const rows: ComparedRow[] = [
    {
      label: 'Client',
      sent: some([details.claimed_client_id]),
      registered: details.claimed_client_id === undefined ? [] : ['no client of this ID, or a disabled one'],
    },
    {
      label: 'Redirect URI',
      sent: some([details.redirect_uri]),
      registered: details.code?.redirect_uri
        ? [`${details.code.redirect_uri} (in the sign-in request)`]
        : (registered?.redirect_uris ?? []),
    },
    {
      label: 'Post-logout redirect URI',
      sent: some([details.post_logout_redirect_uri]),
      registered: registered?.post_logout_redirect_uris ?? [],
    },
    { label: 'Grant', sent: some([details.grant_type]), registered: registered?.grant_types ?? [] },
    { label: 'Response type', sent: some([details.response_type]), registered: ['code'] },
    {
      label: 'Scope',
      sent: some([details.scope]),
      registered: some([registered?.scope ?? 'the identity scopes', registered?.resource_scope]),
    },
    { label: 'API (resource)', sent: details.resource ?? [], registered: [] },
    {
      label: 'Authentication',
      sent: some([details.authentication]),
      registered: some([registered?.auth_method]),
    },
    ...pkce(details),
    ...assertion(rejection),
    ...signedRequest(rejection),
    ...proof(rejection),
    { label: 'Parameters sent', sent: some([details.parameters?.join(', ')]), registered: [] },
  ]
  return rows.filter(({ sent }) => sent.length > 0)
}

function pkce({ challenge, verifier, registered }: RejectionDetails): ComparedRow[] {
  const rows: ComparedRow[] = []
  if (challenge)
    rows.push({
      label: 'PKCE',
      sent: [challenge.sent ? `code_challenge (${challenge.method ?? 'plain'})` : 'no code_challenge'],
      registered: registered?.pkce ? [own(PKCE_IN_WORDS, registered.pkce) ?? registered.pkce] : [],
    })
  if (verifier)
    rows.push({
      label: 'PKCE',
      sent: [verifier.sent ? 'code_verifier' : 'no code_verifier'],
      registered: [],
    })
  return rows
}

function assertion({ at, details: { assertion: jwt, registered } }: Rejection): ComparedRow[] {
  if (!jwt) return []
  const keys = registered?.jwks_uri ? [`keys at ${registered.jwks_uri}`] : (registered?.kids ?? [])
  return [
    { label: 'Assertion for', sent: jwt.aud ?? [], registered: [] },
    { label: 'Assertion key', sent: some([jwt.alg, jwt.kid]), registered: keys },
    {
      label: 'Assertion created / ends',
      sent: [`${whenSeconds(jwt.iat)} / ${whenSeconds(jwt.exp)}`],
      registered: [`${when(at)} (clock of this server)`],
    },
  ]
}

function signedRequest({ at, details: { request_object: jwt, registered } }: Rejection): ComparedRow[] {
  if (!jwt) return []
  const keys = registered?.jwks_uri ? [`keys at ${registered.jwks_uri}`] : (registered?.kids ?? [])
  return [
    { label: 'Signed request for', sent: jwt.aud ?? [], registered: [] },
    {
      label: 'Signed request key',
      sent: some([jwt.alg, jwt.kid]),
      registered: some([registered?.request_alg, ...keys]),
    },
    {
      label: 'Signed request ends',
      sent: [whenSeconds(jwt.exp)],
      registered: [`${when(at)} (clock of this server)`],
    },
  ]
}

function proof({ at, details: { proof: jwt } }: Rejection): ComparedRow[] {
  if (!jwt) return []
  return [
    { label: 'DPoP proof for', sent: some([`${jwt.htm ?? ''} ${jwt.htu ?? ''}`.trim()]), registered: [] },
    {
      label: 'DPoP proof created',
      sent: [whenSeconds(jwt.iat)],
      registered: [`${when(at)} (clock of this server)`],
    },
  ]
}

/** What an administrator has to be sure of before the URI that was sent is registered. */
export const CAUTIONS: Readonly<Record<OfferedFix['kind'], string>> = {
  trailing_slash: 'The two differ by the slash at the end only, on the same host.',
  path_case: 'The two differ by capital and small letters in the path only, on the same host.',
  loopback_port: 'The two differ by the port only, on the machine of whoever runs the app.',
  path: 'The path is another one on the same host. Be sure that it belongs to this app: where several apps share a host, codes would go to another one.',
}

/** A redirect URI, and what a change does to it. Undefined: it stays. */
export interface UriChange {
  uri: string
  change: 'added' | 'removed' | undefined
}

/** The list of redirect URIs as a change would leave it, each with what happens to it. */
export function changes(fix: OfferedFix, mode: 'add' | 'replace'): UriChange[] {
  const removed = fix.before.filter((uri) => !fix.after[mode].includes(uri))
  return [
    ...fix.before.map((uri) => ({ uri, change: removed.includes(uri) ? ('removed' as const) : undefined })),
    { uri: fix.add, change: 'added' as const },
  ]
}
