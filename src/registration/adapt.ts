/**
 * What is made of the metadata that a client sends of itself (RFC 7591 §2, §3.2.1: the server may replace or leave out what it does
 * not have, and its answer says what was registered). It is written for many servers: what is not to be had here is left out, and
 * what is blank was not said. Refused is only what leaves nothing to work with. Redirect URIs are never repaired, nor a way to
 * authenticate replaced: the client would come back with another one than was registered.
 */

import { isPublicHost } from '../http/outgoing/addresses.ts'
import { isMachine } from '../shared/identity-scopes.ts'
import type { FieldProblem } from '../shared/validation-error.ts'
import { websiteOf } from '../shared/website.ts'
import type { CurrentMetadata, Metadata, PolicyContext, RegistrationPolicy } from './policy.ts'

export interface Adapted {
  /** What is left, with the name and the scopes that a client has which says nothing of them. */
  input: Record<string, unknown>
  /** What nothing usable is left of. */
  problems: FieldProblem[]
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
const isBlank = (value: unknown): boolean => isEmpty(value) || (Array.isArray(value) && value.every(isEmpty))

export function adapted(
  sent: Metadata,
  policy: RegistrationPolicy,
  context: PolicyContext,
  current?: CurrentMetadata,
): Adapted {
  const input: Record<string, unknown> = {}
  const problems: FieldProblem[] = []
  for (const field of context.fields.settable)
    if (!isBlank(sent[field]) || redirects(field, sent)) input[field] = sent[field]
  for (const field of context.fields.pages) if (isOutOfUse(input[field], context)) delete input[field]
  input.client_name ??= nameOf(input)
  const allowed = grantsOf(input, policy, current)
  keep(input, 'grant_types', allowed, problems)
  keep(input, 'response_types', ['code'], problems)
  // What is left follows from the grants.
  if (Array.isArray(input.response_types)) delete input.response_types
  input.scope = scopeOf(input, policy, context, current)
  return { input, problems }
}

/** An empty redirect URI is a mistake, not something that was not said. */
const redirects = (field: string, sent: Metadata): boolean =>
  field === 'redirect_uris' && Array.isArray(sent[field]) && sent[field].length > 0

/** The grants that such a client may have; what an administrator gave it on top, it keeps. */
function grantsOf(
  input: Metadata,
  policy: RegistrationPolicy,
  current: CurrentMetadata | undefined,
): string[] {
  const asPublic = input.token_endpoint_auth_method === 'none'
  return [
    'authorization_code',
    'refresh_token',
    ...(policy.client_credentials && !asPublic ? ['client_credentials'] : []),
    ...(current?.grant_types ?? []).filter((grant) => !(asPublic && grant === 'client_credentials')),
  ]
}

/** Leaves of a list what is allowed. What is no list is for the parser, which says so. */
function keep(
  input: Record<string, unknown>,
  field: string,
  allowed: readonly string[],
  problems: FieldProblem[],
): void {
  const { [field]: values } = input
  if (!Array.isArray(values)) return
  const kept = values.filter((value) => allowed.includes(value))
  input[field] = kept
  if (kept.length > 0) return
  const foreign = values
    .map((value) => (typeof value === 'string' ? value : typeof value))
    .join(', ')
    .slice(0, 200)
  const message = `has ${foreign}, which this client does not get; it may have ${[...new Set(allowed)].join(', ')}`
  problems.push({ field, message })
}

/**
 * The scopes of a client: those that it asks for and may have; otherwise all that such a client may ask for. Undefined: all scopes
 * about people and no other. A client that acts for itself alone has none about people.
 */
function scopeOf(
  { scope: sent, grant_types: grants }: Metadata,
  policy: RegistrationPolicy,
  { identityScopes }: PolicyContext,
  current: CurrentMetadata | undefined,
): unknown {
  if (sent !== undefined && typeof sent !== 'string') return sent
  const asked = (sent ?? '').split(/\s+/).filter(Boolean)
  const aboutPeople = Array.isArray(grants) && isMachine(grants) ? [] : identityScopes
  const ofApis = [...policy.scope, ...(current?.scope ?? '').split(' ')].filter(
    (scope) => !identityScopes.includes(scope),
  )
  const kept = asked.filter((scope) => aboutPeople.includes(scope) || ofApis.includes(scope))
  if (kept.length > 0) return [...new Set(kept)].join(' ')
  return asked.length > 0 || policy.scope.length > 0
    ? [...aboutPeople, ...policy.scope].join(' ') || undefined
    : undefined
}

/** A page that people could not be sent to: over plain http, or inside some network. What is no page at all is refused later. */
function isOutOfUse(value: unknown, { reach }: PolicyContext): boolean {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  return url.protocol === 'http:' || !isPublicHost(url.hostname, reach)
}

/** RFC 7591 §2 leaves the name out sometimes; people have to see something: where the client's website is. */
function nameOf(input: Metadata): string {
  const [first] = Array.isArray(input.redirect_uris) ? (input.redirect_uris as unknown[]) : []
  for (const uri of [input.client_uri, first]) {
    const host = websiteOf(uri)?.hostname
    if (host) return host
  }
  return 'Unnamed app'
}
