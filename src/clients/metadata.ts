import { t } from '../shared/locales/texts.ts'
import type { PkceRule } from '../shared/pkce-rule.ts'
import { type FieldProblem, ValidationError } from '../shared/validation-error.ts'
import { coherenceProblems } from './coherence.ts'
import { completedByProfile } from './fapi-profile.ts'
import {
  type ClientMetadata,
  FIELDS,
  type FieldName,
  type FieldValue,
  type FieldValues,
  fieldOf,
  isFieldName,
  withFallbacks,
} from './fields/table.ts'
import { type AllowedRedirects, redirectUriProblem } from './redirect-uris/redirect-uris.ts'

type AuthMethod = FieldValue<'token_endpoint_auth_method'>

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
  const { pkce: rule, first_party: firstParty = false, ...given } = values
  const pkce = pkceOf(rule ?? rules.pkceDefault, given.token_endpoint_auth_method)
  const { response_types: responseTypes, ...chosen } = given
  const metadata = withFallbacks(chosen)
  if (metadata.grant_types.includes('authorization_code')) metadata.response_types = ['code']
  problems.push(...redirectProblems(metadata, rules.redirects))
  // A rule about a field that could not be read would only repeat its problem.
  const broken = coherenceProblems(metadata, { pkce, firstParty, responseTypes })
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
 * public or its profile decides it. A description of a client that exists, and leaves them out, leaves them alone.
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

function parseFields(input: RegistrationInput, problems: FieldProblem[]): FieldValues {
  const values: Record<string, unknown> = {}
  let told = false
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || value === null) continue
    if (!isFieldName(name)) {
      problems.push({ field: name, message: unknownFieldMessage(name, told) })
      told = true
      continue
    }
    const parsed = fieldOf(name).schema.safeParse(value)
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
    ? t('admin.client_errors.field.ours')
    : told
      ? t('admin.common.problem.unknown')
      : t('admin.client_errors.field.known', { fields: FIELDS.map((field) => field.name).join(', ') })

function redirectProblems(metadata: ClientMetadata, redirects: AllowedRedirects): FieldProblem[] {
  const appSchemes = metadata.token_endpoint_auth_method !== 'none'
  return (['redirect_uris', 'post_logout_redirect_uris'] as const).flatMap((field) =>
    metadata[field].flatMap((uri) => {
      const problem = redirectUriProblem(uri, metadata.application_type, { ...redirects, appSchemes })
      return problem === undefined
        ? []
        : [{ field, message: t('admin.client_errors.uri', { uri: uri.slice(0, 200), problem }) }]
    }),
  )
}
