import { z } from 'zod'
import type { ClientView } from '../../../clients/view.ts'
import { DEVICE_CODE_GRANT } from '../../../shared/device-code.ts'
import { AppError } from '../../../shared/errors.ts'
import { own } from '../../../shared/own.ts'
import { ValidationError } from '../../../shared/validation-error.ts'
import type { Registration } from './dependencies.ts'
import type { BuildKind } from './presets.ts'

/** What a form was sent with: each field once, as text (http/forms/forms.ts). */
export type Fields = Record<string, string>

export const fieldsSchema = z.record(z.string(), z.string())

const LISTS = ['redirect_uris', 'post_logout_redirect_uris', 'contacts'] as const
const TEXTS = [
  'client_name',
  'scope',
  'pkce',
  'token_endpoint_auth_method',
  'token_endpoint_auth_signing_alg',
  'application_type',
  'id_token_signed_response_alg',
  'logo_uri',
  'client_uri',
  'policy_uri',
  'tos_uri',
  'backchannel_logout_uri',
  'jwks_uri',
  'profile',
  'request_object_signing_alg',
  'authorization_signed_response_alg',
] as const
const CHECKS = [
  'backchannel_logout_session_required',
  'require_pushed_authorization_requests',
  'dpop_bound_access_tokens',
  'require_signed_request_object',
] as const
/** Boxes that say no when they are not ticked; of the others nothing is said then. */
const SWITCHES = ['first_party', 'id_token_identity_claims'] as const
const BOXES = [...CHECKS, ...SWITCHES]

export const GRANTS = [
  { value: 'authorization_code', label: 'Sign people in (authorization_code)' },
  { value: 'refresh_token', label: 'Stay signed in without the browser (refresh_token)' },
  { value: DEVICE_CODE_GRANT, label: 'Sign people in on a device without a browser (device_code)' },
  { value: 'client_credentials', label: 'Act for itself (client_credentials)' },
] as const

const lines = (text = '') =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** A JWK Set, also out of a single JWK. What is no JSON stays as it is, for the service to refuse. */
function jwksOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'kty' in value ? { keys: [value] } : value
  } catch {
    return text
  }
}

const keysOf = (fields: Fields): Registration => ({
  ...(fields.jwks?.trim() && { jwks: jwksOf(fields.jwks) }),
  ...(fields.jwks_uri?.trim() && { jwks_uri: fields.jwks_uri.trim() }),
  ...(fields.message_signing !== undefined && { profile: 'fapi2_message_signing' }),
})

/** Ticked boxes have names of their own, `scope.{value}`: a form of ours holds no field twice. */
const ticked = (fields: Fields, prefix: string) =>
  Object.keys(fields).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))

/** A box that the form did not have: somebody else than our page has written it. */
const notOffered = (scope: string) =>
  new AppError('scope_not_offered', 422, `This form does not offer the scope ${scope.slice(0, 100)}.`)

/**
 * What the short form of a kind registers.
 * @param offered the scopes that the form had boxes for
 * @throws AppError scope_not_offered (422) for a box of another one
 */
export function newRegistration(kind: BuildKind, fields: Fields, offered: ReadonlySet<string>): Registration {
  const { asks, metadata } = kind
  const ofApis = ticked(fields, 'scope.')
  const foreign = ofApis.find((scope) => !offered.has(scope))
  if (foreign !== undefined) throw notOffered(foreign)
  const own = kind.id !== 'machine' && ofApis.length > 0 ? ['openid', 'profile', 'email'] : []
  return {
    ...metadata,
    client_name: fields.client_name ?? '',
    ...(asks.redirectUris && { redirect_uris: lines(fields.redirect_uris) }),
    ...(asks.postLogout && { post_logout_redirect_uris: lines(fields.post_logout_redirect_uris) }),
    ...(asks.keys && keysOf(fields)),
    ...(ofApis.length > 0 && { scope: [...own, ...ofApis].join(' ') }),
  }
}

/** What the long form changes: every field that it has; an empty one is unset. Problems that only a form has come beside. */
export function editOf(fields: Fields): { changes: Registration; errors: Record<string, string> } {
  const changes: Registration = {}
  const errors: Record<string, string> = {}
  for (const name of LISTS) changes[name] = lines(fields[name])
  if (fields.contacts?.trim() === '') changes.contacts = null
  for (const name of TEXTS) changes[name] = fields[name]?.trim() || null
  for (const name of CHECKS) changes[name] = fields[name] !== undefined || null
  changes.client_name = fields.client_name ?? ''
  for (const name of SWITCHES) changes[name] = fields[name] !== undefined
  changes.grant_types = ticked(fields, 'grant.')
  const age = fields.default_max_age?.trim() ?? ''
  changes.default_max_age = age === '' ? null : /^\d+$/.test(age) ? Number(age) : age
  try {
    changes.jwks = fields.jwks?.trim() ? JSON.parse(fields.jwks) : null
  } catch {
    changes.jwks = null
    errors.jwks = 'is not JSON; paste a JWK Set: {"keys":[…]}'
  }
  return { changes, errors }
}

/** The long form, filled with what is stored. */
export function fieldsOf(client: ClientView): Fields {
  const fields: Fields = {}
  for (const name of LISTS) fields[name] = (client[name] ?? []).join('\n')
  for (const name of TEXTS) fields[name] = client[name] ?? ''
  for (const name of BOXES) if (client[name]) fields[name] = 'on'
  for (const grant of client.grant_types) fields[`grant.${grant}`] = 'on'
  fields.default_max_age = String(client.default_max_age ?? '')
  fields.jwks = client.jwks === undefined ? '' : JSON.stringify(client.jwks, null, 2)
  return fields
}

const LABELS: Record<string, string> = {
  client_name: 'Name',
  redirect_uris: 'Redirect URIs',
  post_logout_redirect_uris: 'Post-logout redirect URIs',
  grant_types: 'Grants',
  scope: 'Scopes',
  pkce: 'PKCE',
  first_party: 'Your own application',
  id_token_identity_claims: 'Name and e-mail in the ID token',
}

/** What was typed against what is stored now, field by field, where they differ. */
export function differences(typed: Fields, stored: Fields) {
  const names = new Set([...Object.keys(stored), ...Object.keys(typed)])
  return [...names]
    .filter(
      (name) => Object.hasOwn(stored, name) || name.startsWith('grant.') || BOXES.some((box) => box === name),
    )
    .map((name) => ({
      label: own(LABELS, name) ?? name,
      yours: (typed[name] ?? '').replaceAll('\r', '').trim(),
      stored: stored[name] ?? '',
    }))
    .filter(({ yours, stored: now }) => yours !== now)
}

/** What the service says is wrong with a registration, by field; undefined: the error is another one. */
export const fieldErrors = (error: unknown): Record<string, string> | undefined =>
  error instanceof ValidationError
    ? Object.fromEntries(Object.entries(error.errors).map(([field, all]) => [field, all.join('; ')]))
    : undefined
