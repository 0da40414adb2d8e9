import type { Command } from 'commander'
import { addressParts } from '../../shared/profile/address.ts'
import { profileFields } from '../../shared/profile/fields.ts'
import { PHONE_VERIFIED } from '../../shared/profile/table.ts'
import type { Options } from '../context.ts'
import { valueGiven } from '../option.ts'

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
}

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
