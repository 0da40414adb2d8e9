import type { RejectionDetails } from '../../../rejections/details.ts'
import type { OfferedFix } from '../../../rejections/fix.ts'
import type { Rejection } from '../../../rejections/rejection.ts'
import { t } from '../../../shared/locales/texts.ts'
import { secondOf } from '../../../shared/moment.ts'
import { pkceInWords } from '../clients/view.ts'

/** What is told of, and may be chosen from. */
export const ENDPOINTS = [
  'authorization',
  'pushed_authorization_request',
  'device_authorization',
  'code_verification',
  'token',
  'userinfo',
  'introspection',
  'revocation',
  'end_session',
] as const

/** @param endpoint as it is kept: one of another version stands for itself */
export function endpointInWords(endpoint: string): string {
  const known = ENDPOINTS.find((each) => each === endpoint)
  return known === undefined ? endpoint : t(`admin.rejections.endpoint.${known}`)
}

/** @param milliseconds since the epoch */
export const when = secondOf
const whenSeconds = (seconds: number | undefined) =>
  seconds === undefined || Math.abs(seconds) > 8.64e12
    ? t('admin.rejections.row.noTime')
    : when(seconds * 1000)

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
      label: t('admin.rejections.row.client'),
      sent: some([details.claimed_client_id]),
      registered: details.claimed_client_id === undefined ? [] : [t('admin.rejections.row.client.none')],
    },
    {
      label: t('admin.rejections.row.redirect_uri'),
      sent: some([details.redirect_uri]),
      registered: details.code?.redirect_uri
        ? [t('admin.rejections.row.redirect_uri.code', { uri: details.code.redirect_uri })]
        : (registered?.redirect_uris ?? []),
    },
    {
      label: t('admin.rejections.row.post_logout'),
      sent: some([details.post_logout_redirect_uri]),
      registered: registered?.post_logout_redirect_uris ?? [],
    },
    {
      label: t('admin.rejections.row.grant'),
      sent: some([details.grant_type]),
      registered: registered?.grant_types ?? [],
    },
    {
      label: t('admin.rejections.row.response_type'),
      sent: some([details.response_type]),
      registered: ['code'],
    },
    {
      label: t('admin.rejections.row.scope'),
      sent: some([details.scope]),
      registered: some([
        registered?.scope ?? t('admin.rejections.row.scope.identity'),
        registered?.resource_scope,
      ]),
    },
    { label: t('admin.rejections.row.api'), sent: details.resource ?? [], registered: [] },
    {
      label: t('admin.rejections.row.authentication'),
      sent: some([details.authentication]),
      registered: some([registered?.auth_method]),
    },
    ...pkce(details),
    ...assertion(rejection),
    ...signedRequest(rejection),
    ...proof(rejection),
    {
      label: t('admin.rejections.row.parameters'),
      sent: some([details.parameters?.join(', ')]),
      registered: [],
    },
  ]
  return rows.filter(({ sent }) => sent.length > 0)
}

function pkce({ challenge, verifier, registered }: RejectionDetails): ComparedRow[] {
  const rows: ComparedRow[] = []
  if (challenge)
    rows.push({
      label: 'PKCE',
      sent: [
        challenge.sent
          ? `code_challenge (${challenge.method ?? 'plain'})`
          : t('admin.rejections.row.challenge.none'),
      ],
      registered: registered?.pkce ? [pkceInWords(registered.pkce)] : [],
    })
  if (verifier)
    rows.push({
      label: 'PKCE',
      sent: [verifier.sent ? 'code_verifier' : t('admin.rejections.row.verifier.none')],
      registered: [],
    })
  return rows
}

function assertion({ at, details: { assertion: jwt, registered } }: Rejection): ComparedRow[] {
  if (!jwt) return []
  const keys = registered?.jwks_uri
    ? [t('admin.rejections.row.keysAt', { uri: registered.jwks_uri })]
    : (registered?.kids ?? [])
  return [
    { label: t('admin.rejections.row.assertion.for'), sent: jwt.aud ?? [], registered: [] },
    { label: t('admin.rejections.row.assertion.key'), sent: some([jwt.alg, jwt.kid]), registered: keys },
    {
      label: t('admin.rejections.row.assertion.times'),
      sent: [`${whenSeconds(jwt.iat)} / ${whenSeconds(jwt.exp)}`],
      registered: [t('admin.rejections.row.clock', { at: when(at) })],
    },
  ]
}

function signedRequest({ at, details: { request_object: jwt, registered } }: Rejection): ComparedRow[] {
  if (!jwt) return []
  const keys = registered?.jwks_uri
    ? [t('admin.rejections.row.keysAt', { uri: registered.jwks_uri })]
    : (registered?.kids ?? [])
  return [
    { label: t('admin.rejections.row.object.for'), sent: jwt.aud ?? [], registered: [] },
    {
      label: t('admin.rejections.row.object.key'),
      sent: some([jwt.alg, jwt.kid]),
      registered: some([registered?.request_alg, ...keys]),
    },
    {
      label: t('admin.rejections.row.object.ends'),
      sent: [whenSeconds(jwt.exp)],
      registered: [t('admin.rejections.row.clock', { at: when(at) })],
    },
  ]
}

function proof({ at, details: { proof: jwt } }: Rejection): ComparedRow[] {
  if (!jwt) return []
  return [
    {
      label: t('admin.rejections.row.proof.for'),
      sent: some([`${jwt.htm ?? ''} ${jwt.htu ?? ''}`.trim()]),
      registered: [],
    },
    {
      label: t('admin.rejections.row.proof.created'),
      sent: [whenSeconds(jwt.iat)],
      registered: [t('admin.rejections.row.clock', { at: when(at) })],
    },
  ]
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
