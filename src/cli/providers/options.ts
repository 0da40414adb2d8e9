import type { Command } from 'commander'
import type { ConnectorField } from '../../federation/connector-kind.ts'
import { kinds } from '../../federation/connectors/kinds.ts'
import { kindNames } from '../../federation/providers/input.ts'
import { CliError, type Options } from '../context.ts'
import { createOption, type FieldOption, flagOf, valueGiven } from '../option.ts'

interface ProviderOption extends FieldOption {
  /** The field of a provider, or the setting of its kind, that it sets. */
  field: string
  setting?: ConnectorField
}

const BEFORE: readonly ProviderOption[] = [
  { flags: '--kind <kind>', field: 'kind', description: kindNames(kinds).join(', ') },
  { flags: '--name <name>', field: 'name', description: 'what people see on the button' },
  {
    flags: '--client-id <id>',
    field: 'client_id',
    description: 'what the provider has registered Latchkey under',
  },
]

const AFTER: readonly ProviderOption[] = [
  {
    flags: '--email-domain <domain>',
    field: 'email_domains',
    repeatable: true,
    description: 'only people with a verified address of this domain (repeatable)',
  },
  {
    flags: '--membership-rule <rule>',
    field: 'membership_rules',
    repeatable: true,
    description:
      'what it says gives a group or role here, for example "groups=eng* group:Engineers" (repeatable)',
  },
  {
    flags: '--membership-mode <mode>',
    field: 'membership_mode',
    description: 'add (default), or sync: what it gave and does not give any more is taken away',
  },
  {
    flags: '--organization <organization>',
    field: 'organization',
    description: 'whose it is, by ID or short name: for addresses of its verified domains only',
  },
  { flags: '--keep-tokens', field: 'keep_tokens', description: 'store its tokens, sealed' },
]

/**
 * An option for each name of a setting, whatever kinds have it; what each kind says about it, once. Those that say where
 * the provider is, as the environment can, come first.
 */
function settingOptions(): ProviderOption[] {
  const all = Object.values(kinds).flatMap(({ fields }) => Object.entries(fields))
  const options = [...Map.groupBy(all, ([name]) => name)].map(([name, entries]) => {
    const settings = entries.map(([, setting]) => setting)
    const [setting] = settings
    if (setting === undefined) throw new Error(`no kind has ${name}`)
    const description = [...new Set(settings.map((each) => each.sentence))].join('; ')
    const repeatable = setting.input === 'pairs'
    const option = { field: name, setting, flags: setting.option, description, repeatable }
    return { option, first: settings.some(({ variable }) => variable !== undefined) }
  })
  return options.sort((one, other) => Number(other.first) - Number(one.first)).map(({ option }) => option)
}

const PROVIDER_OPTIONS: readonly ProviderOption[] = [...BEFORE, ...settingOptions(), ...AFTER]

/** The option that sets a field, for messages. */
export const providerFields: Readonly<Record<string, string>> = {
  client_secret: '--secret-stdin',
  ...Object.fromEntries(PROVIDER_OPTIONS.map((each) => [each.field, flagOf(each)])),
}

export function addProviderOptions(command: Command): Command {
  for (const option of PROVIDER_OPTIONS) command.addOption(createOption(option))
  return command.option('--secret-stdin', 'read the client secret from standard input')
}

/** The input that the options describe, but for the secret. What it is worth is for the providers to say. @throws CliError */
export function providerInput(id: string, options: Options): Record<string, unknown> {
  const input: Record<string, unknown> = { id }
  const settings: Record<string, unknown> = {}
  for (const { flags, field, setting } of PROVIDER_OPTIONS) {
    const value = valueGiven(options, { flags })
    if (value === undefined) continue
    if (setting === undefined) input[field] = value
    else settings[field] = setting.input === 'pairs' && Array.isArray(value) ? pairsOf(setting, value) : value
  }
  return { ...input, settings }
}

/** @throws CliError for what is not “username=nickname” */
const pairsOf = (setting: ConnectorField, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    values.map((text) => {
      const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? []
      if (name !== undefined && value !== undefined) return [name, value]
      const example = Object.entries(setting.example ?? {})
        .map((pair) => pair.join('='))
        .join(', ')
      throw new CliError([
        `${flagOf({ flags: setting.option })}: must be a name and a value, for example ${example}`,
      ])
    }),
  )
