import { type Command, Option } from 'commander'
import { kinds } from '../../federation/connectors/kinds.ts'
import { CliError, type Options } from '../context.ts'

interface ProviderOption {
  flags: string
  /** The field of a provider, or the setting of its kind, that it sets. */
  field: string
  setting?: true
  type?: 'list' | 'pairs'
  description: string
}

const PROVIDER_OPTIONS: readonly ProviderOption[] = [
  { flags: '--kind <kind>', field: 'kind', description: Object.keys(kinds).join(', ') },
  { flags: '--name <name>', field: 'name', description: 'what people see on the button' },
  {
    flags: '--client-id <id>',
    field: 'client_id',
    description: 'what the provider has registered Latchkey under',
  },
  {
    flags: '--issuer <url>',
    field: 'issuer',
    setting: true,
    description: 'the issuer of an OpenID provider, exactly as its discovery document has it',
  },
  {
    flags: '--url <url>',
    field: 'url',
    setting: true,
    description: 'where people sign in to your own GitHub Enterprise Server',
  },
  { flags: '--api-url <url>', field: 'api_url', setting: true, description: 'its API: <url>/api/v3' },
  {
    flags: '--hosted-domain <domain>',
    field: 'hosted_domain',
    setting: true,
    description: 'only accounts of this Google Workspace domain',
  },
  {
    flags: '--auth-method <method>',
    field: 'auth_method',
    setting: true,
    description:
      'client_secret_basic (default), client_secret_post, client_secret_jwt, private_key_jwt (the secret is a JWK), none',
  },
  {
    flags: '--id-token-alg <alg>',
    field: 'id_token_alg',
    setting: true,
    description: 'the only signature of its id_tokens to accept (default: what it announces)',
  },
  {
    flags: '--scope <scopes>',
    field: 'scope',
    setting: true,
    description: 'what it is asked for (default "openid profile email")',
  },
  {
    flags: '--claim <name=claim>',
    field: 'claims',
    setting: true,
    type: 'pairs',
    description: 'where it has something else than usual, for example username=nickname (repeatable)',
  },
  {
    flags: '--trust-email',
    field: 'trust_email',
    setting: true,
    description: 'its addresses are proven although it does not say so',
  },
  {
    flags: '--email-domain <domain>',
    field: 'email_domains',
    type: 'list',
    description: 'only people with a verified address of this domain (repeatable)',
  },
  { flags: '--keep-tokens', field: 'keep_tokens', description: 'store its tokens, sealed' },
]

/** The option that sets a field, for messages. */
export const providerFields: Readonly<Record<string, string>> = {
  client_secret: '--secret-stdin',
  ...Object.fromEntries(PROVIDER_OPTIONS.map(({ field, flags }) => [field, flags.replace(/ .*/, '')])),
}

export function addProviderOptions(command: Command): Command {
  for (const { flags, type, description } of PROVIDER_OPTIONS) {
    const option = new Option(flags, description)
    if (type !== undefined)
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    command.addOption(option)
  }
  return command.option('--secret-stdin', 'read the client secret from standard input')
}

/** The input that the options describe, but for the secret. What it is worth is for the providers to say. @throws CliError */
export function providerInput(id: string, options: Options): Record<string, unknown> {
  const input: Record<string, unknown> = { id }
  const settings: Record<string, unknown> = {}
  for (const { flags, field, setting, type } of PROVIDER_OPTIONS) {
    const value = options[new Option(flags).attributeName()]
    if (value === undefined) continue
    const into = setting === true ? settings : input
    into[field] = type === 'pairs' && Array.isArray(value) ? pairsOf(value) : value
  }
  return { ...input, settings }
}

/** @throws CliError for what is not “username=nickname” */
const pairsOf = (values: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    values.map((value) => {
      const [, name, claim] = /^([^=]+)=(.+)$/.exec(value) ?? []
      if (name === undefined || claim === undefined)
        throw new CliError(['--claim: must be a name and a claim, for example username=nickname'])
      return [name, claim]
    }),
  )
