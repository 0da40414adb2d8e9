import { DEVICE_CODE_GRANT } from '../shared/device-code.ts'
import { t } from '../shared/locales/texts.ts'
import { FAPI_ALGORITHMS } from '../shared/signing-algorithms.ts'
import type { ClientMetadata, FieldName, FieldValue, FieldValues } from './fields/table.ts'
import type { RegistrationInput } from './metadata.ts'

/**
 * One field from which the rest follows: the FAPI 2.0 Security Profile, or that with Message Signing (signed requests and answers).
 * What follows is stored and shown like any other field; what contradicts is refused.
 */
type Profile = FieldValue<'profile'>

type Decided = Pick<
  FieldValues,
  | 'token_endpoint_auth_method'
  | 'require_pushed_authorization_requests'
  | 'dpop_bound_access_tokens'
  | 'pkce'
  | 'require_signed_request_object'
>
const SECURITY_PROFILE: Decided = {
  token_endpoint_auth_method: 'private_key_jwt',
  require_pushed_authorization_requests: true,
  dpop_bound_access_tokens: true,
  pkce: 'required',
}
const DECIDED: Readonly<Record<Profile, Decided>> = {
  fapi2: SECURITY_PROFILE,
  fapi2_message_signing: { ...SECURITY_PROFILE, require_signed_request_object: true },
}
const ALGORITHMS = [
  'id_token_signed_response_alg',
  'authorization_signed_response_alg',
  'token_endpoint_auth_signing_alg',
  'request_object_signing_alg',
] as const

/** The fields of a registration with what its profile adds to them. */
export function completedByProfile(values: FieldValues): FieldValues {
  if (values.profile === undefined) return values
  const { id_token_signed_response_alg: alg = 'PS256' } = values
  const decided: FieldValues = {
    ...DECIDED[values.profile],
    id_token_signed_response_alg: alg,
    authorization_signed_response_alg: alg,
  }
  return { ...values, ...decided, ...values }
}

/**
 * A client that is given a profile loses what contradicts it and was not chosen together with it: of a stored client it is not known
 * what was chosen and what was the default, and a form sends every field back.
 */
export function withoutContradictions(
  stored: RegistrationInput,
  changes: RegistrationInput,
): { stored: RegistrationInput; changes: RegistrationInput } {
  const { profile } = changes
  if (typeof profile !== 'string' || !Object.hasOwn(DECIDED, profile) || profile === stored.profile)
    return { stored, changes }
  const decided: Readonly<Record<string, unknown>> = DECIDED[profile as Profile]
  const contradicts = (name: string, value: unknown) =>
    (ALGORITHMS as readonly string[]).includes(name)
      ? !(FAPI_ALGORITHMS as readonly unknown[]).includes(value)
      : Object.hasOwn(decided, name) && decided[name] !== value
  const drop = (input: RegistrationInput) =>
    Object.fromEntries(
      Object.entries(input).filter(
        ([name, value]) =>
          !contradicts(name, value) || (input === changes && (value ?? false) !== (stored[name] ?? false)),
      ),
    )
  return { stored: drop(stored), changes: drop(changes) }
}

interface Rule {
  field: FieldName
  reads: string[]
  message: string
}

/** What a registration has that its profile excludes. */
export function profileProblems(metadata: ClientMetadata, pkce: string): Rule[] {
  const { profile } = metadata
  if (profile === undefined) return []
  const registered: Readonly<Record<string, unknown>> = { ...metadata, pkce }
  const reads = ['profile']
  const decided = Object.entries(DECIDED[profile])
    .filter(([name, value]) => registered[name] !== value)
    .map(([name, value]) => ({
      field: name as FieldName,
      reads,
      message: t('admin.client_errors.profile.decided', { value: String(value), profile }),
    }))
  const algorithms = ALGORITHMS.filter((name) => {
    const alg = metadata[name]
    return alg !== undefined && !FAPI_ALGORITHMS.some((allowed) => allowed === alg)
  }).map((field) => ({
    field,
    reads,
    message: t('admin.client_errors.profile.algorithms', { algorithms: FAPI_ALGORITHMS.join(', '), profile }),
  }))
  const grants: Rule[] = metadata.grant_types.includes(DEVICE_CODE_GRANT)
    ? [
        {
          field: 'grant_types',
          reads,
          message: t('admin.client_errors.profile.device', { profile }),
        },
      ]
    : []
  return [...decided, ...algorithms, ...grants]
}
