import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { GRANT_TYPES } from '../../clients/fields/essential.ts'
import type { RegistrationInput } from '../../clients/metadata.ts'
import { type Options, secondsOf } from '../context.ts'
import { providerFields } from '../providers/options.ts'
import { registrationFields } from '../registration.ts'
import { personOptions } from '../users/options.ts'

interface ClientOption {
  flags: string
  /** The field of a registration that it sets. */
  field: string
  /** A `choice` is a switch that has a default of its own: it can be switched off from the start. */
  kind: 'text' | 'list' | 'switch' | 'choice' | 'seconds'
  description: string
}

const CLIENT_OPTIONS: readonly ClientOption[] = [
  {
    flags: '--name <name>',
    field: 'client_name',
    kind: 'text',
    description: 'what people see on the consent page',
  },
  {
    flags: '--redirect-uri <uri>',
    field: 'redirect_uris',
    kind: 'list',
    description: 'where sign-in returns to (repeatable)',
  },
  {
    flags: '--post-logout-redirect-uri <uri>',
    field: 'post_logout_redirect_uris',
    kind: 'list',
    description: 'where sign-out may return to (repeatable)',
  },
  {
    flags: '--grant <grant>',
    field: 'grant_types',
    kind: 'list',
    description:
      'authorization_code, refresh_token, client_credentials, device_code (repeatable; default authorization_code)',
  },
  {
    flags: '--scope <scopes>',
    field: 'scope',
    kind: 'text',
    description: 'scopes it may ask for, separated by spaces; those of an API count only when named here',
  },
  {
    flags: '--auth-method <method>',
    field: 'token_endpoint_auth_method',
    kind: 'text',
    description: 'client_secret_basic (default), client_secret_post, private_key_jwt, none',
  },
  {
    flags: '--jwks-uri <url>',
    field: 'jwks_uri',
    kind: 'text',
    description: 'where its public keys are, for private_key_jwt',
  },
  {
    flags: '--pkce <rule>',
    field: 'pkce',
    kind: 'text',
    description:
      'required, auto (PKCE, or else a nonce with openid; the usual default), or optional for a confidential client whose software can do neither',
  },
  {
    flags: '--first-party',
    field: 'first_party',
    kind: 'switch',
    description: 'your own application: people are not asked for consent',
  },
  {
    flags: '--application-type <type>',
    field: 'application_type',
    kind: 'text',
    description: 'web or native (derived unless given)',
  },
  {
    flags: '--id-token-alg <alg>',
    field: 'id_token_signed_response_alg',
    kind: 'text',
    description: 'RS256 (default), PS256, ES256, EdDSA',
  },
  {
    flags: '--id-token-identity-claims',
    field: 'id_token_identity_claims',
    kind: 'choice',
    description: 'name and e-mail are in the ID token too (default for what you register)',
  },
  {
    flags: '--auth-signing-alg <alg>',
    field: 'token_endpoint_auth_signing_alg',
    kind: 'text',
    description: 'the only algorithm of its assertions: RS256, PS256, ES256, EdDSA',
  },
  {
    flags: '--require-par',
    field: 'require_pushed_authorization_requests',
    kind: 'switch',
    description: 'pushed authorization requests only (RFC 9126)',
  },
  {
    flags: '--dpop',
    field: 'dpop_bound_access_tokens',
    kind: 'switch',
    description: 'tokens bound to a key only (RFC 9449)',
  },
  {
    flags: '--profile <profile>',
    field: 'profile',
    kind: 'text',
    description: 'fapi2 or fapi2_message_signing: the rest follows from it (docs/fapi.md)',
  },
  {
    flags: '--request-object-alg <alg>',
    field: 'request_object_signing_alg',
    kind: 'text',
    description: 'the only algorithm of its signed requests (RFC 9101): RS256, PS256, ES256, EdDSA',
  },
  {
    flags: '--require-signed-request',
    field: 'require_signed_request_object',
    kind: 'switch',
    description: 'signed requests only (RFC 9101)',
  },
  {
    flags: '--response-alg <alg>',
    field: 'authorization_signed_response_alg',
    kind: 'text',
    description: 'what signed answers (JARM) are signed with: RS256 (default), PS256, ES256, EdDSA',
  },
  {
    flags: '--backchannel-logout-uri <url>',
    field: 'backchannel_logout_uri',
    kind: 'text',
    description: 'told when a person signs out',
  },
  {
    flags: '--backchannel-logout-session',
    field: 'backchannel_logout_session_required',
    kind: 'switch',
    description: 'with the session id (sid)',
  },
  {
    flags: '--default-max-age <seconds>',
    field: 'default_max_age',
    kind: 'seconds',
    description: 'how old a sign-in may be',
  },
  { flags: '--logo-uri <url>', field: 'logo_uri', kind: 'text', description: 'its logo' },
  { flags: '--client-uri <url>', field: 'client_uri', kind: 'text', description: 'its home page' },
  { flags: '--policy-uri <url>', field: 'policy_uri', kind: 'text', description: 'its privacy policy' },
  { flags: '--tos-uri <url>', field: 'tos_uri', kind: 'text', description: 'its terms of service' },
  {
    flags: '--contact <email>',
    field: 'contacts',
    kind: 'list',
    description: 'who is responsible for it (repeatable)',
  },
]

/** Fields whose option has another form: those of people, resources and providers among them. */
const OTHER_OPTIONS: Readonly<Record<string, string>> = {
  jwks: '--jwks',
  identifier: '--identifier',
  name: '--name',
  access_token_ttl: '--access-token-ttl',
  tokens: '--tokens',
  default_scopes: '--default-scopes',
  username: '--username',
  email: '--email',
  password: '--password-stdin',
  ...personOptions,
  ...providerFields,
  ...registrationFields,
}

/** The option that sets a field, for messages; the field itself when none does. */
export function optionOf(field: string): string {
  const option = CLIENT_OPTIONS.find((candidate) => candidate.field === field)
  if (option !== undefined) return option.flags.replace(/ .*/, '')
  return Object.hasOwn(OTHER_OPTIONS, field) ? (OTHER_OPTIONS[field] ?? field) : field
}

/** @param forUpdate also offers `--no-…` for what can be switched off */
export function addClientOptions(command: Command, forUpdate: boolean): Command {
  for (const { flags, kind, description } of CLIENT_OPTIONS) {
    const option = new Option(flags, description)
    if (kind === 'list')
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    command.addOption(option)
    if (kind === 'choice' || (forUpdate && kind === 'switch'))
      command.addOption(new Option(flags.replace('--', '--no-'), `undoes ${flags}`))
  }
  return command
    .option(
      '--public',
      'cannot keep a secret (an app on a device or in a browser): same as --auth-method none',
    )
    .option(
      '--jwks <file>',
      forUpdate
        ? 'its public keys: a JWK Set or one JWK, as JSON'
        : 'its public keys: a JWK Set or one JWK, as JSON; without options of signed requests, it authenticates with them (private_key_jwt)',
    )
}

/**
 * The registration that the options describe, and what is wrong with the options themselves.
 * @param creating keys that are for nothing else are taken for what a new client authenticates with; a client that exists is not
 *   changed to that, which would delete its secrets
 */
export function registrationOf(
  options: Options,
  creating: boolean,
): { input: RegistrationInput; problems: string[] } {
  const input: Record<string, unknown> = {}
  const problems: string[] = []
  for (const { flags, field, kind } of CLIENT_OPTIONS) {
    const value = options[new Option(flags).attributeName()]
    if (value !== undefined) input[field] = fieldValue(kind, value)
    if (field === 'grant_types' && Array.isArray(input[field])) input[field] = input[field].map(grantOf)
  }
  if (options.public === true) {
    const method = input.token_endpoint_auth_method
    if (method !== undefined && method !== 'none') {
      problems.push(`--auth-method: ${method} contradicts --public, which means none; leave one of them out`)
    }
    input.token_endpoint_auth_method = 'none'
  }
  if (typeof options.jwks === 'string') {
    try {
      input.jwks = readJwks(options.jwks)
      const forRequests = input.request_object_signing_alg ?? input.require_signed_request_object
      if (creating && forRequests === undefined) input.token_endpoint_auth_method ??= 'private_key_jwt'
    } catch (error) {
      problems.push(`--jwks: ${error instanceof Error ? error.message : error}`)
    }
  }
  return { input, problems }
}

/** Grants of extensions are URNs; on the command line their last part will do. */
const grantOf = (value: unknown): unknown => GRANT_TYPES.find((grant) => grant.endsWith(`:${value}`)) ?? value

/** An empty value unsets. */
function fieldValue(kind: ClientOption['kind'], value: unknown): unknown {
  if (kind === 'seconds') return value === '' ? null : secondsOf(value)
  if (kind === 'list' && Array.isArray(value)) return value.every((item) => item === '') ? null : value
  return value === '' ? null : value
}

/** A JWK Set, also out of a single JWK. What the keys are worth is for the registration to say. */
function readJwks(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new Error(`${file} cannot be read`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`${file} is not JSON; it should hold a JWK Set {"keys":[…]} or one JWK {"kty":…}`)
  }
  return typeof value === 'object' && value !== null && 'kty' in value ? { keys: [value] } : value
}
