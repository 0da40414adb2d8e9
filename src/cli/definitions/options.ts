import { ADMINISTRATOR_ROLE_FIELDS } from '../../administrators/table.ts'
import { CLAIM_FIELDS } from '../../attributes/claims/table.ts'
import { ATTRIBUTE_FIELDS } from '../../attributes/table.ts'
import { HOOK_FIELDS } from '../../hooks/table.ts'
import { flagOf } from '../option.ts'

/** The option that sets a field, for messages. */
export const definitionOptions: Readonly<Record<string, string>> = Object.fromEntries(
  [...CLAIM_FIELDS, ...ATTRIBUTE_FIELDS, ...HOOK_FIELDS, ...ADMINISTRATOR_ROLE_FIELDS].map(
    ({ name, option }) => [name, flagOf(option)],
  ),
)
