/**
 * The fields of groups and roles, once. From a row follow their types, what may be said of them, the administration API, the
 * console's forms, the options of the command line and YAML. Rules between fields are in src/access/roles/role.ts.
 */
import { z } from 'zod'
import { saying } from '../../shared/locales/texts.ts'
import { isScopeToken } from '../../shared/scope-token.ts'
import { descriptionSchema, nameSchema } from '../naming.ts'
import { type AccessFields, rowsOf } from './field.ts'

const MAX_SCOPE = 10_000

const scopeSchema = z
  .string(saying('admin.access.scope.enter'))
  .max(MAX_SCOPE, saying('admin.access.scope.many'))
  .transform((text) => [...new Set(text.split(/\s+/).filter(Boolean))])
  .refine((scopes) => scopes.every(isScopeToken), saying('admin.access.scope.wrong'))
  .transform((scopes) => scopes.join(' '))

const description = {
  schema: descriptionSchema,
  input: 'line',
  form: { label: 'Description', hint: 'What administrators read.' },
  option: { flags: '--description <text>', description: 'what administrators read' },
} as const

export const groupFields = {
  name: {
    schema: nameSchema,
    input: 'line',
    required: true,
    form: { label: 'Name', hint: 'What apps are told. At most 64 characters, and no comma.' },
    rest: {
      description: 'At most 64 characters, and no comma. Unique, however it is written.',
      example: 'Engineers',
      answer: 'What apps are told, in the claim `groups`.',
    },
    option: {
      flags: '--name <name>',
      description: 'what apps are told',
      changes: 'what apps are told from the next token on',
    },
  },
  description: {
    ...description,
    rest: { description: 'What administrators read.', example: 'Who builds the product' },
  },
} as const satisfies AccessFields

export const roleFields = {
  name: {
    schema: nameSchema,
    input: 'line',
    required: true,
    form: { label: 'Name', hint: 'What apps and APIs are told. At most 64 characters, and no comma.' },
    rest: {
      description: 'At most 64 characters, and no comma. Unique among the roles of its API.',
      example: 'Clerk',
      answer: 'What apps and APIs are told, in the claim `roles`.',
    },
    option: {
      flags: '--name <name>',
      description: 'what apps and APIs are told',
      changes: 'what apps and APIs are told from the next token on',
    },
  },
  resource: {
    schema: z.string(saying('admin.access.resource.enter')).trim().max(500),
    input: 'api',
    fixed: true,
    absent: true,
    form: { label: 'API', hint: 'Whose scopes it is made of. It cannot be changed later.' },
    rest: {
      description: 'The identifier of its API; it cannot be changed.',
      example: 'https://orders.example',
      answer: 'The identifier of its API; absent: it belongs to none.',
    },
    option: {
      flags: '--resource <uri>',
      description: 'the identifier of its API (default: it belongs to none)',
    },
    shownAs: 'API',
    none: 'of no API',
  },
  scope: {
    schema: scopeSchema,
    input: 'scopes',
    absent: true,
    form: { label: 'Scopes', hint: 'What it lets people do at its API.' },
    rest: {
      description: 'Scopes of its API, separated by spaces.',
      example: 'orders:read orders:write',
      answer: 'Scopes of its API, separated by spaces.',
    },
    option: {
      flags: '--scope <scopes>',
      description: 'scopes of its API, separated by spaces',
      changes: 'scopes of its API: all that it has from now on',
    },
    shownAs: 'scopes',
  },
  description: {
    ...description,
    rest: { description: 'What administrators read.', example: 'Takes orders' },
  },
} as const satisfies AccessFields

export type GroupField = keyof typeof groupFields
export type RoleField = keyof typeof roleFields

/** Every field, in the order in which fields are shown. */
export const GROUP_FIELDS = rowsOf<GroupField>(groupFields)
export const ROLE_FIELDS = rowsOf<RoleField>(roleFields)
