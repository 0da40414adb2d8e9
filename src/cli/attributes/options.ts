import { ATTRIBUTE_FIELDS } from '../../attributes/table.ts'
import { flagOf } from '../option.ts'

/** The option that sets a field, for messages. */
export const definitionOptions: Readonly<Record<string, string>> = Object.fromEntries(
  ATTRIBUTE_FIELDS.map(({ name, option }) => [name, flagOf(option)]),
)
