import type { Command } from 'commander'
import type { NamedField } from '../../access/fields/field.ts'
import { GROUP_FIELDS, ROLE_FIELDS } from '../../access/fields/table.ts'
import { CliError, type Options } from '../context.ts'
import { createOption, flagOf, valueGiven } from '../option.ts'
import { labelledLines, time } from '../text.ts'

/** The option that sets a field of a group or role, for messages. */
export const accessOptions: Readonly<Record<string, string>> = Object.fromEntries(
  [...GROUP_FIELDS, ...ROLE_FIELDS].map(({ name, option }) => [name, flagOf(option)]),
)

const changeable = (fields: readonly NamedField[]) => fields.filter(({ fixed }) => fixed !== true)

export function addAccessOptions(command: Command, fields: readonly NamedField[]): Command {
  for (const { option } of fields) command.addOption(createOption(option))
  return command
}

/** Options of what may be changed of something that exists. */
export function addChangeOptions(command: Command, fields: readonly NamedField[]): Command {
  for (const { option } of changeable(fields))
    command.addOption(createOption({ ...option, description: option.changes ?? option.description }))
  return command
}

/** What the options say; what was not given is left out. */
export const accessInput = (fields: readonly NamedField[], options: Options): Record<string, unknown> =>
  Object.fromEntries(
    fields
      .map(({ name, option }) => [name, valueGiven(options, option)])
      .filter(([, value]) => value !== undefined),
  )

/** As `accessInput`, of a change. @throws CliError when nothing was given */
export function changesIn(fields: readonly NamedField[], options: Options): Record<string, unknown> {
  const own = changeable(fields)
  const changes = accessInput(own, options)
  if (Object.keys(changes).length > 0) return changes
  const example = own.find(({ input }) => input === 'scopes') ?? own[0]
  const flag = example === undefined ? '' : flagOf(example.option)
  throw new CliError([`nothing to change; give at least one option, for example ${flag}`], 2)
}

type Shown = { id: string; createdAt: number }

const shownIn = (shown: Shown, name: string) => (shown as Readonly<Record<string, unknown>>)[name]

/** A group or role for programs. */
export const accessDocument = (fields: readonly NamedField[], shown: Shown) => ({
  id: shown.id,
  ...Object.fromEntries(fields.map(({ name }) => [name, shownIn(shown, name)])),
  created_at: new Date(shown.createdAt).toISOString(),
})

/** A group or role for people. */
export const accessText = (fields: readonly NamedField[], shown: Shown): string =>
  labelledLines([
    ['ID', shown.id],
    ...fields.map(({ name, shownAs, none }): [string, string | undefined] => [
      shownAs ?? name,
      (shownIn(shown, name) as string | undefined) ?? none,
    ]),
    ['created', time(shown.createdAt)],
  ])
