import { DEVICE_CODE_GRANT } from '../shared/device-code.ts'
import type { PkceRule } from '../shared/pkce-rule.ts'
import type { SigningAlgorithm } from '../shared/signing-algorithms.ts'
import { type FieldProblem, ValidationError } from '../shared/validation-error.ts'
import { coherenceProblems } from './coherence.ts'
import { completedByProfile, type Profile } from './fapi-profile.ts'
import {
  type AUTH_METHODS,
  type FieldName,
  type FieldValues,
  type GRANT_TYPES,
  registrationFields,
} from './fields.ts'
import type { Jwks } from './jwks.ts'
import {
  type AllowedRedirects,
  type ApplicationType,
  hasPrivateUseScheme,
  isLoopbackHttp,
  isLoopbackHttps,
  redirectUriProblem,
} from './redirect-uris/redirect-uris.ts'

export type GrantType = (typeof GRANT_TYPES)[number]
export type AuthMethod = (typeof AUTH_METHODS)[number]

/** RFC 7591 §2 client metadata, complete and coherent, without client_id and secrets. Times are in seconds. */
export type ClientMetadata = {
  client_name: string
  redirect_uris: string[]
  post_logout_redirect_uris: string[]
  grant_types: GrantType[]
  response_types: 'code'[]
  token_endpoint_auth_method: AuthMethod
  token_endpoint_auth_signing_alg?: SigningAlgorithm
  application_type: ApplicationType
  id_token_signed_response_alg: SigningAlgorithm
  /** Unset: the identity scopes that the server offers, and no scope of a resource. */
  scope?: string
  jwks?: Jwks
  jwks_uri?: string
  logo_uri?: string
  client_uri?: string
  policy_uri?: string
  tos_uri?: string
  backchannel_logout_uri?: string
  backchannel_logout_session_required?: boolean
  require_pushed_authorization_requests?: boolean
  dpop_bound_access_tokens?: boolean
  /** Whether the claims of identity scopes are in the ID Token too. Unset: by who registered it (view.ts). */
  id_token_identity_claims?: boolean
  request_object_signing_alg?: SigningAlgorithm
  require_signed_request_object?: boolean
  authorization_signed_response_alg?: SigningAlgorithm
  default_max_age?: number
  contacts?: string[]
  /** The key of the client in a configuration file (src/configuration). */
  software_id?: string
  /** What the client is registered as, as a whole: the rest follows from it (fapi-profile.ts). */
  profile?: Profile
}

/** A registration: the metadata, and what only this server knows of a client. */
export interface Registration {
  metadata: ClientMetadata
  /** `required` for every public client. */
  pkce: PkceRule
  /** The operator's own application: its users are not asked for consent. */
  firstParty: boolean
}

/** What the operator has decided for all registrations. */
export interface RegistrationRules {
  /** What a confidential client gets that says nothing of PKCE. */
  readonly pkceDefault: 'auto' | 'required'
  readonly redirects: AllowedRedirects
}

export const USUAL_RULES: RegistrationRules = { pkceDefault: 'auto', redirects: { hosts: [], schemes: [] } }

/** What may be sent to register or edit a client: RFC 7591 names, plus `pkce` and `first_party`; null unsets a field. */
export type RegistrationInput = Readonly<Record<string, unknown>>

/**
 * Parses and completes a registration.
 * @throws ValidationError (invalid_client_metadata) with every problem at once
 */
export function parseRegistration(
  input: RegistrationInput,
  rules: RegistrationRules = USUAL_RULES,
): Registration {
  const problems: FieldProblem[] = []
  const values = completedByProfile(parseFields(input, problems))
  const failed = new Set(problems.map((problem) => problem.field))
  const { pkce: chosen, first_party: firstParty = false, ...given } = values
  const pkce = pkceOf(chosen ?? rules.pkceDefault, given.token_endpoint_auth_method)
  const metadata: ClientMetadata = {
    ...given,
    client_name: given.client_name ?? '',
    redirect_uris: given.redirect_uris ?? [],
    post_logout_redirect_uris: given.post_logout_redirect_uris ?? [],
    // RFC 7591 §2: the defaults of grant_types and token_endpoint_auth_method.
    grant_types: given.grant_types ?? ['authorization_code'],
    token_endpoint_auth_method: given.token_endpoint_auth_method ?? 'client_secret_basic',
    response_types: [],
    application_type: given.application_type ?? deriveApplicationType(given),
    id_token_signed_response_alg: given.id_token_signed_response_alg ?? 'RS256',
  }
  if (metadata.grant_types.includes('authorization_code')) metadata.response_types = ['code']
  problems.push(...redirectProblems(metadata, rules.redirects))
  // A rule about a field that could not be read would only repeat its problem.
  const broken = coherenceProblems(metadata, { pkce, firstParty, responseTypes: given.response_types })
  problems.push(
    ...broken
      .filter(({ field, reads }) => ![field, ...reads].some((name) => failed.has(name)))
      .map(({ field, message }) => ({ field, message })),
  )
  if (problems.length > 0) throw new ValidationError(problems, { code: 'invalid_client_metadata' })
  return { metadata, pkce, firstParty }
}

/** What an administrator would have, by the names that a registration has. @throws ValidationError with every problem at once */
export function completeRegistration(input: RegistrationInput, rules: RegistrationRules = USUAL_RULES) {
  const { metadata, pkce, firstParty } = parseRegistration(input, rules)
  const { response_types: _derived, ...fields } = metadata
  return { id_token_identity_claims: true, ...fields, pkce, first_party: firstParty }
}

/**
 * The fields of a registration that have a default which counts when a client is made and never again: PKCE, unless the client is
 * public or its profile decides it. Whoever describes a client that exists, and leaves them out, leaves them alone.
 */
export function leftToCreation(
  input: RegistrationInput,
  rules: RegistrationRules = USUAL_RULES,
): readonly FieldName[] {
  if ((input.pkce ?? undefined) !== undefined) return []
  return parseRegistration(input, { ...rules, pkceDefault: 'auto' }).pkce === 'auto' ? ['pkce'] : []
}

/** What is right for the client by itself is PKCE, if it is public (RFC 9700 §2.1.1). */
const pkceOf = (chosen: PkceRule, method: AuthMethod | undefined): PkceRule =>
  chosen === 'auto' && method === 'none' ? 'required' : chosen

/** A public client on loopback, a private-use scheme or a device is an app on the person's own machine (RFC 8252 §7). */
export function deriveApplicationType(values: FieldValues): ApplicationType {
  if (values.token_endpoint_auth_method !== 'none') return 'web'
  const uris = [...(values.redirect_uris ?? []), ...(values.post_logout_redirect_uris ?? [])]
  if (uris.length === 0 && values.grant_types?.includes(DEVICE_CODE_GRANT)) return 'native'
  if (uris.some(hasPrivateUseScheme)) return 'native'
  return uris.some(isLoopbackHttp) && !uris.some(isLoopbackHttps) ? 'native' : 'web'
}

function parseFields(input: RegistrationInput, problems: FieldProblem[]): FieldValues {
  const values: Record<string, unknown> = {}
  let told = false
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || value === null) continue
    if (!Object.hasOwn(registrationFields, name)) {
      problems.push({ field: name, message: unknownFieldMessage(name, told) })
      told = true
      continue
    }
    const parsed = registrationFields[name as FieldName].safeParse(value)
    if (parsed.success) values[name] = parsed.data
    else
      problems.push(
        ...[...new Set(parsed.error.issues.map((issue) => issue.message))].map((message) => ({
          field: name,
          message,
        })),
      )
  }
  return values
}

/** @param told the list of fields stands with another one already */
const unknownFieldMessage = (name: string, told: boolean): string =>
  /^client_(id|secret)/.test(name)
    ? 'is chosen by the server; leave it out'
    : told
      ? 'is not known'
      : `is not known; the fields are ${Object.keys(registrationFields).join(', ')}`

function redirectProblems(metadata: ClientMetadata, redirects: AllowedRedirects): FieldProblem[] {
  const appSchemes = metadata.token_endpoint_auth_method !== 'none'
  return (['redirect_uris', 'post_logout_redirect_uris'] as const).flatMap((field) =>
    metadata[field].flatMap((uri) => {
      const problem = redirectUriProblem(uri, metadata.application_type, { ...redirects, appSchemes })
      return problem === undefined ? [] : [{ field, message: `“${uri.slice(0, 200)}” ${problem}` }]
    }),
  )
}
