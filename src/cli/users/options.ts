import type { Command } from 'commander'
import { addressParts } from '../../shared/profile/address.ts'
import { profileFields } from '../../shared/profile/fields.ts'
import { PHONE_VERIFIED } from '../../shared/profile/table.ts'
import { CliError, type Options } from '../context.ts'
import { createOption, valueGiven } from '../option.ts'
import type { CliServices } from '../services.ts'

const flagsOf = (option: string) => `--${option} <text>`
const optionIn = (options: Options, option: string): unknown =>
  valueGiven(options, { flags: flagsOf(option) })

/** Adds an option for each field of src/shared/profile/table.ts. */
export function addPersonOptions(command: Command): Command {
  for (const { option, label, hint, example } of profileFields)
    command.option(flagsOf(option), `${label.toLowerCase()}: ${hint ?? `like ${example}`}`)
  for (const { option, label } of addressParts) command.option(flagsOf(option), label.toLowerCase())
  return command
    .option(`--${PHONE_VERIFIED.option}`, 'the phone number is known to be theirs')
    .option(`--no-${PHONE_VERIFIED.option}`, 'the phone number is not known to be theirs')
    .addOption(createOption(ATTRIBUTE))
}

const ATTRIBUTE = {
  flags: '--attribute <name=value>',
  description:
    'an attribute that is defined; an empty value empties, a list is separated by commas; repeatable',
  repeatable: true,
}

/** @throws CliError for what is not `name=value` */
function attributePair(given: string): { name: string; value: string } {
  const at = given.indexOf('=')
  if (at < 1) throw new CliError(['--attribute: write it as name=value, for example cost_center=4711'], 2)
  return { name: given.slice(0, at), value: given.slice(at + 1) }
}

/** What `--attribute` says, as the service takes it; undefined: nothing. @throws CliError for what is not `name=value` */
export function attributesOf(
  options: Options,
  { attributes }: Pick<CliServices, 'attributes'>,
): Record<string, unknown> | undefined {
  const given = valueGiven(options, ATTRIBUTE) as string[] | undefined
  const lists = attributes.lists()
  return (
    given &&
    Object.fromEntries(
      given
        .map(attributePair)
        .map(({ name, value }) => [
          name,
          lists.has(name) ? value.split(',').filter((item) => item.trim() !== '') : value,
        ]),
    )
  )
}

/** What a list is filtered by; empty: nothing. @throws CliError for what is not `name=value` */
export const attributeFilter = ({ attribute }: Options): { name: string; value: string }[] =>
  typeof attribute === 'string' ? [attributePair(attribute)] : []

/** What the options say of a person, by the names of the services. An empty value empties. */
export function personOf(options: Options): Record<string, unknown> {
  const parts = addressParts.flatMap(({ part, option }): [string, unknown][] => {
    const value = optionIn(options, option)
    return value === undefined ? [] : [[part, value]]
  })
  return {
    ...Object.fromEntries(profileFields.map(({ property, option }) => [property, optionIn(options, option)])),
    ...(typeof options.phoneVerified === 'boolean' && { phoneVerified: options.phoneVerified }),
    ...(parts.length > 0 && { address: Object.fromEntries(parts) }),
  }
}

/** The options of fields, for messages. */
export const personOptions: Readonly<Record<string, string>> = {
  ...Object.fromEntries(profileFields.map(({ property, option }) => [property, `--${option}`])),
  ...Object.fromEntries(addressParts.map(({ part, option }) => [`address.${part}`, `--${option}`])),
  phoneVerified: `--${PHONE_VERIFIED.option}`,
}
