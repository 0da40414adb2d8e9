import { type Command, Option } from 'commander'
import type { ConnectorField } from '../../federation/connector-kind.ts'
import { kinds } from '../../federation/connectors/kinds.ts'
import { kindNames } from '../../federation/providers/input.ts'
import { CliError, type Options } from '../context.ts'

interface ProviderOption extends Pick<ConnectorField, 'option' | 'sentence'> {
  /** The field of a provider, or the setting of its kind, that it sets. */
  field: string
  setting?: ConnectorField
  /** It may be given more than once. */
  repeatable?: boolean
}

const BEFORE: readonly ProviderOption[] = [
  { option: '--kind <kind>', field: 'kind', sentence: kindNames(kinds).join(', ') },
  { option: '--name <name>', field: 'name', sentence: 'what people see on the button' },
  {
    option: '--client-id <id>',
    field: 'client_id',
    sentence: 'what the provider has registered Latchkey under',
  },
]

const AFTER: readonly ProviderOption[] = [
  {
    option: '--email-domain <domain>',
    field: 'email_domains',
    repeatable: true,
    sentence: 'only people with a verified address of this domain (repeatable)',
  },
  { option: '--keep-tokens', field: 'keep_tokens', sentence: 'store its tokens, sealed' },
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
    const sentence = [...new Set(settings.map((each) => each.sentence))].join('; ')
    const repeatable = setting.input === 'pairs'
    const option = { field: name, setting, option: setting.option, sentence, repeatable }
    return { option, first: settings.some(({ variable }) => variable !== undefined) }
  })
  return options.sort((one, other) => Number(other.first) - Number(one.first)).map(({ option }) => option)
}

const PROVIDER_OPTIONS: readonly ProviderOption[] = [...BEFORE, ...settingOptions(), ...AFTER]

const nameOf = ({ option }: Pick<ProviderOption, 'option'>): string => option.replace(/ .*/, '')

/** The option that sets a field, for messages. */
export const providerFields: Readonly<Record<string, string>> = {
  client_secret: '--secret-stdin',
  ...Object.fromEntries(PROVIDER_OPTIONS.map((each) => [each.field, nameOf(each)])),
}

export function addProviderOptions(command: Command): Command {
  for (const { option: flags, repeatable, sentence } of PROVIDER_OPTIONS) {
    const option = new Option(flags, sentence)
    if (repeatable)
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    command.addOption(option)
  }
  return command.option('--secret-stdin', 'read the client secret from standard input')
}

/** The input that the options describe, but for the secret. What it is worth is for the providers to say. @throws CliError */
export function providerInput(id: string, options: Options): Record<string, unknown> {
  const input: Record<string, unknown> = { id }
  const settings: Record<string, unknown> = {}
  for (const { option, field, setting } of PROVIDER_OPTIONS) {
    const value = options[new Option(option).attributeName()]
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
      throw new CliError([`${nameOf(setting)}: must be a name and a value, for example ${example}`])
    }),
  )
