import { Option } from 'commander'
import type { Options } from './context.ts'

/** An option that sets a described field. */
export interface FieldOption {
  /** As commander takes them: `--client-id <id>`, or `--keep-tokens` for a switch. */
  flags: string
  description: string
  /** It may be given more than once: its value is a list. */
  repeatable?: boolean
}

/** The option, for a command to add. */
export function createOption({ flags, description, repeatable }: FieldOption): Option {
  const option = new Option(flags, description)
  return repeatable === true ? option.argParser(repeated) : option
}

/** Of an option that may be given more than once: its values. */
export const repeated = (value: string, before: string[] = []): string[] => [...before, value]

/** What was given for an option; undefined: it was not given. */
export const valueGiven = (options: Options, { flags }: Pick<FieldOption, 'flags'>): unknown =>
  options[new Option(flags).attributeName()]

/** The option as messages name it, without its argument: `--client-id`. */
export const flagOf = ({ flags }: Pick<FieldOption, 'flags'>): string => flags.replace(/ .*/, '')
