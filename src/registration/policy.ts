import { z } from 'zod'
import { isPublicHost, type Reach } from '../http/outgoing/addresses.ts'
import { saying } from '../shared/locales/texts.ts'
import { isScopeToken } from '../shared/scope-token.ts'
import type { FieldProblem } from '../shared/validation-error.ts'
import { websiteOf } from '../shared/website.ts'

/** What clients that register themselves may ask for, beyond what anybody may. */
export interface RegistrationPolicy {
  /** Scopes of APIs, beside those that ask for claims about the person. */
  readonly scope: readonly string[]
  /** Whether they may act for themselves (RFC 6749 §4.4). */
  readonly client_credentials: boolean
  /** The hosts that their redirect URIs have to be at, by http or https and at any port; none: anywhere. */
  readonly redirect_hosts: readonly string[]
  /** Whether they count as looked at: the holder of the initial access token answers for them. */
  readonly verified: boolean
}

/** Any JSON object; what is not in `settable` is not understood, and ignored (RFC 7591 §2). */
export type Metadata = Readonly<Record<string, unknown>>

/** What a client has already, which an update may keep: administrators may have given it more than its policy. */
export interface CurrentMetadata {
  redirect_uris?: readonly string[]
  post_logout_redirect_uris?: readonly string[]
  scope?: string | undefined
  grant_types: readonly string[]
}

/** The fields of a client's metadata that the policy knows, by name; what there is else is decided where clients are. */
export interface RegistrationFields {
  /** All that a client may say of itself. */
  readonly settable: readonly string[]
  /** With the address of a page that people may open: the client works without it. */
  readonly pages: readonly string[]
  /** With an address that this server calls. */
  readonly called: readonly string[]
}

export interface PolicyContext {
  fields: RegistrationFields
  /** The scopes that ask for claims about the person, which any client may request. */
  identityScopes: readonly string[]
  /** The hosts that plain http may lead to when an administrator registers a client. */
  httpHosts: readonly string[]
  /** Whose addresses may be named: this machine while the server itself is on it, and what the operator has named. */
  reach: Reach
}

const hostName = z
  .string()
  .regex(/^([a-z0-9-]+\.)*[a-z0-9-]+$|^\[::1\]$/, saying('admin.client_errors.token.hosts'))

/** A policy as it is asked for and stored. */
export const policySchema = z.strictObject({
  scope: z
    .union(
      [
        z
          .string()
          .max(2000)
          .refine((value) => value.split(' ').filter(Boolean).every(isScopeToken))
          .transform((text) => [...new Set(text.split(' ').filter(Boolean))]),
        z.array(z.string().refine(isScopeToken)),
      ],
      saying('admin.client_errors.token.scopes'),
    )
    .default([]),
  client_credentials: z.boolean().default(false),
  redirect_hosts: z.array(hostName).max(50).default([]),
  verified: z.boolean().default(true),
})

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
/** What such a client may not have, and cannot do without: with a way out. */
export const policyProblems = (
  input: Metadata,
  policy: RegistrationPolicy,
  context: PolicyContext,
  current?: CurrentMetadata,
): FieldProblem[] => [
  ...redirectHostProblems(input, policy),
  ...plainHttpProblems(input, context, current),
  ...addressProblems(input, context),
]

/** Hosts that the operator allows plain http for are for clients that an administrator registers, or has given one of them. */
const plainHttpProblems = (
  input: Metadata,
  { httpHosts }: PolicyContext,
  current: CurrentMetadata | undefined,
): FieldProblem[] =>
  (['redirect_uris', 'post_logout_redirect_uris'] as const).flatMap((field) =>
    list(input[field])
      .filter((uri) => typeof uri === 'string')
      .filter((uri) => !current?.[field]?.includes(uri))
      .map((uri) => URL.parse(uri))
      .filter((url) => url?.protocol === 'http:' && httpHosts.includes(url.hostname))
      .map((url) => ({
        field,
        message: `uses http on ${url?.hostname}, which only an administrator can register; use https`,
      })),
  )

function redirectHostProblems(
  input: Metadata,
  { redirect_hosts: hosts }: RegistrationPolicy,
): FieldProblem[] {
  if (hosts.length === 0) return []
  return (['redirect_uris', 'post_logout_redirect_uris'] as const).flatMap((field) =>
    list(input[field])
      .filter((uri) => !hosts.includes(websiteOf(uri)?.hostname ?? ''))
      .map((uri) => ({
        field,
        message: `"${typeof uri === 'string' ? uri.slice(0, 200) : typeof uri}" is not at ${hosts.join(' or ')}, as the initial access token asks`,
      })),
  )
}

/** Addresses that we, or the browsers of our people, go to. */
function addressProblems(input: Metadata, { fields, reach }: PolicyContext): FieldProblem[] {
  return [...fields.called, ...fields.pages].flatMap((field) => {
    const uri = input[field]
    const host = typeof uri === 'string' ? URL.parse(uri)?.hostname : undefined
    if (host === undefined || isPublicHost(host, reach)) return []
    return [{ field, message: 'must be at a public host, not at an address inside a network' }]
  })
}
