import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { GRANT_TYPES } from '../../clients/fields/essential.ts'
import { type ClientField, FIELDS } from '../../clients/fields/table.ts'
import type { RegistrationInput } from '../../clients/metadata.ts'
import { asKeySet } from '../../shared/key-set.ts'
import { own } from '../../shared/own.ts'
import { accessOptions } from '../access/options.ts'
import { type Options, secondsOf } from '../context.ts'
import { definitionOptions } from '../definitions/options.ts'
import { createOption, flagOf, valueGiven } from '../option.ts'
import { organizationOptions } from '../organizations/options.ts'
import { providerFields } from '../providers/options.ts'
import { registrationFields } from '../registration.ts'
import { personOptions } from '../users/options.ts'

/** A field that has an option. */
type OptionField = ClientField & { option: NonNullable<ClientField['option']> }

const WITH_OPTION = FIELDS.filter((field): field is OptionField => field.option !== undefined)

/** Keys are read from a file, and say how the client authenticates: their options stand last. */
const isOfKeys = ({ input }: ClientField): boolean => input.kind === 'keys'

const isList = ({ input }: ClientField): boolean => ['lines', 'boxes', 'written'].includes(input.kind)

/** Whether it is given without an argument. */
const isSwitch = ({ input }: ClientField): boolean => input.kind === 'check' || input.kind === 'switch'

/** Whether a new client has it on, so that it can be switched off from the start. */
const isOnAtFirst = ({ input }: ClientField): boolean => input.kind === 'switch' && input.initially

/** Fields whose option has another form: those of people, resources and providers among them. */
const OTHER_OPTIONS: Readonly<Record<string, string>> = {
  identifier: '--identifier',
  access_token_ttl: '--access-token-ttl',
  tokens: '--tokens',
  default_scopes: '--default-scopes',
  scope_descriptions: '--scope-title',
  scopes_by_role: '--scopes-by-role',
  token_claims: '--token-claims',
  preset: '--preset',
  url: '--url',
  events: '--event',
  username: '--username',
  email: '--email',
  password: '--password-stdin',
  ...definitionOptions,
  ...accessOptions,
  ...personOptions,
  ...organizationOptions,
  ...providerFields,
  ...registrationFields,
}

/** The option that sets a field, for messages; the field itself when none does. */
export function optionOf(field: string): string {
  const found = WITH_OPTION.find(({ name }) => name === field)
  if (found !== undefined) return flagOf(found.option)
  return own(OTHER_OPTIONS, field) ?? field
}

/** @param forUpdate also offers `--no-…` for what can be switched off */
export function addClientOptions(command: Command, forUpdate: boolean): Command {
  for (const field of WITH_OPTION.filter((each) => !isOfKeys(each))) {
    const { flags } = field.option
    command.addOption(createOption({ ...field.option, repeatable: isList(field) }))
    if (isOnAtFirst(field) || (forUpdate && isSwitch(field)))
      command.option(flags.replace('--', '--no-'), `undoes ${flags}`)
  }
  command.option(
    '--public',
    'cannot keep a secret (an app on a device or in a browser): same as --auth-method none',
  )
  for (const { option } of WITH_OPTION.filter(isOfKeys))
    command.option(
      option.flags,
      forUpdate
        ? option.description
        : `${option.description}; without options of signed requests, it authenticates with them (private_key_jwt)`,
    )
  return command
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
  for (const field of WITH_OPTION.filter((each) => !isOfKeys(each))) {
    const value = valueGiven(options, field.option)
    if (value !== undefined) input[field.name] = fieldValue(field, value)
  }
  if (Array.isArray(input.grant_types)) input.grant_types = input.grant_types.map(grantOf)
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
function fieldValue({ input }: ClientField, value: unknown): unknown {
  if (value === '') return null
  if (input.kind === 'seconds') return secondsOf(value)
  if (Array.isArray(value) && value.every((item) => item === '')) return null
  return input.kind === 'written' ? input.read([value].flat().map(String)) : value
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
  return asKeySet(value)
}
