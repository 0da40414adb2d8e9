import { ORGANIZATION_FIELDS } from '../../organizations/fields.ts'
import { flagOf } from '../option.ts'

/** The option that sets a field, for messages. */
export const organizationOptions: Readonly<Record<string, string>> = {
  ...Object.fromEntries(ORGANIZATION_FIELDS.map(({ name, option }) => [name, flagOf(option)])),
  roles: '--role',
}
