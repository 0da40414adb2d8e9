/** The fields of an administrator role, once; as src/attributes/table.ts. */
import { z } from 'zod'
import {
  areaOf,
  GRANTABLE,
  type Limit,
  PERMISSIONS,
  type Permission,
} from '../shared/administration/permissions.ts'
import { clientIds } from '../shared/definitions/client-ids.ts'
import { type DefinitionFields, namedFields } from '../shared/definitions/field.ts'
import { saying, t } from '../shared/locales/texts.ts'
import { isBuiltIn } from '../shared/roles.ts'
import { line } from '../shared/text.ts'

const NAME = 'Use 1 to 63 small letters, digits and hyphens, beginning with a letter: help-desk.'
const name = saying('admin.administrator_roles.name.wrong')
const grantable: ReadonlySet<string> = new Set(GRANTABLE)

const sentence = (permission: Permission): string => {
  const { words } = PERMISSIONS[permission]
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

const limitable = (limit: Limit): string =>
  GRANTABLE.filter((permission) => PERMISSIONS[permission].within === limit)
    .map((permission) => sentence(permission).toLowerCase())
    .join('; ')

/** In the order of their areas. */
const CHOICES = Object.fromEntries(GRANTABLE.map((permission) => [permission, sentence(permission)]))

export const administratorRoleFields = {
  name: {
    kind: 'line',
    fixed: true,
    required: true,
    schema: z
      .string(name)
      .regex(/^[a-z][a-z0-9-]{0,62}$/, name)
      .refine((chosen) => !isBuiltIn(chosen), saying('admin.administrator_roles.name.built_in')),
    form: { label: 'Name', hint: `${NAME} It cannot be changed later.` },
    rest: { description: `${NAME} It cannot be changed.`, example: 'help-desk' },
    option: { flags: '--name <name>', description: 'for administrators, like help-desk' },
  },
  description: {
    kind: 'line',
    schema: line(200).default(''),
    form: { label: 'Description', hint: 'For administrators: who has it, and what for.' },
    rest: { description: 'For administrators.', example: 'Helps people who cannot sign in' },
    option: { flags: '--description <text>', description: 'for administrators' },
  },
  permissions: {
    kind: 'choices',
    required: true,
    choices: CHOICES,
    headingOf: (permission: string) => areaOf(permission as Permission),
    schema: z
      .array(
        z.string().refine((name): name is Permission => grantable.has(name), {
          error: ({ input }) =>
            t('admin.administrator_roles.no_permission', { name: String(input).slice(0, 60) }),
        }),
        saying('admin.administrator_roles.permissions.list'),
      )
      .min(1, saying('admin.administrator_roles.permissions.none'))
      .max(GRANTABLE.length, saying('admin.administrator_roles.permissions.twice'))
      .transform((all) => GRANTABLE.filter((permission) => all.includes(permission))),
    form: {
      label: 'May',
      hint: 'What is missing here is of administrators alone: who could do it could give themselves everything.',
    },
    rest: {
      description: 'What it allows, of the table in the documentation.',
      example: ['user.read', 'user.unlock'],
    },
    option: { flags: '--permission <name>', description: 'what it allows, like user.read; repeatable' },
  },
  organization: {
    kind: 'line',
    schema: line(100).default(''),
    form: {
      label: 'Only for this organization',
      hint: `Its short name or ID; empty: no limit. It reaches this organization and its members alone, and may then only: ${limitable('organization')}.`,
    },
    rest: { description: 'The ID of an organization that it is limited to; empty: none.', example: '' },
    option: {
      flags: '--organization <slug|id>',
      description: 'limits it to one organization and its members',
    },
  },
  clients: {
    kind: 'lines',
    schema: clientIds,
    form: {
      label: 'Only for these clients',
      hint: `Client IDs, one a line; empty: no limit. It reaches these clients alone, and may then only: ${limitable('clients')}.`,
    },
    rest: { description: 'Client IDs that it is limited to; empty: no limit.', example: [] },
    option: { flags: '--client <id>', description: 'limits it to a client; repeatable' },
  },
} as const satisfies DefinitionFields

export const ADMINISTRATOR_ROLE_FIELDS = namedFields(administratorRoleFields)
