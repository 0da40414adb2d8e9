/** Whom a client is for, whether people sign in for an organization, and which of their groups it is told. */
import { z } from 'zod'
import { saying, t } from '../../shared/locales/texts.ts'
import type { Field } from './field.ts'
import { choice, oneOf } from './kinds.ts'

const MAX_NAMES = 100
/** A role of an API is named by the API's identifier and its name. */
const MAX_NAME = 600

const WHO_VALUES = { example: '{"groups": ["Engineers"], "roles": ["Clerk"]}' }
const WHO = saying('admin.client_errors.who', WHO_VALUES)
/** A form and the command line have words of their own for the lists. */
const inWords = ({ input }: { input?: unknown }): string =>
  typeof input === 'object' && input !== null && Object.hasOwn(input, 'unread')
    ? t('admin.client_errors.who.lines')
    : t('admin.client_errors.who', WHO_VALUES)
const names = z
  .array(z.string(WHO).trim().min(1, WHO).max(MAX_NAME, WHO), WHO)
  .max(MAX_NAMES, saying('admin.client_errors.entries', { max: MAX_NAMES }))
  .transform((values) => [...new Set(values)])
  .optional()

/** Who may use a client. Names, as people write them: a new name of a group closes what names the old one. */
export const accessSchema = z.union(
  [
    z.literal('everyone'),
    z
      .strictObject({ groups: names, roles: names }, { error: inWords })
      .refine(({ groups = [], roles = [] }) => groups.length + roles.length > 0, {
        ...WHO,
        when: ({ issues }) => issues.length === 0,
      }),
  ],
  { error: inWords },
)

const WHICH = saying('admin.client_errors.which', {
  assigned: '{"assigned": true}',
  prefix: '{"prefix": "app-"}',
})

export const groupsFilterSchema = z
  .strictObject(
    {
      assigned: z.literal(true, WHICH).optional(),
      prefix: z.string(WHICH).trim().min(1, WHICH).max(64, WHICH).optional(),
    },
    WHICH,
  )
  .refine(({ assigned, prefix }) => assigned !== undefined || prefix !== undefined, WHICH)

/** `word: value`, or a word alone. */
function partsOf(line: string): [word: string, value: string] {
  const [, word = '', value = ''] = /^([^:]*):?(.*)$/s.exec(line) ?? []
  return [word.trim().toLowerCase(), value.trim()]
}

function readAccess(lines: readonly string[]): unknown {
  const [only] = lines
  if (lines.length === 1 && only?.trim().toLowerCase() === 'everyone') return 'everyone'
  const read: { groups?: string[]; roles?: string[]; unread?: string[] } = {}
  for (const line of lines) {
    const [word, value] = partsOf(line)
    const list = word === 'group' ? 'groups' : word === 'role' ? 'roles' : 'unread'
    read[list] = [...(read[list] ?? []), value]
  }
  return read
}

function writeAccess(value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (value === 'everyone') return ['everyone']
  const { groups = [], roles = [] } = value as { groups?: string[]; roles?: string[] }
  return [...groups.map((name) => `group: ${name}`), ...roles.map((name) => `role: ${name}`)]
}

const readFilter = (lines: readonly string[]): unknown =>
  Object.fromEntries(lines.map(partsOf).map(([word, value]) => [word, word === 'assigned' ? true : value]))

function writeFilter(value: unknown): string[] {
  const { assigned, prefix } = (value ?? {}) as { assigned?: true; prefix?: string }
  return [...(assigned ? ['assigned'] : []), ...(prefix === undefined ? [] : [`prefix: ${prefix}`])]
}

export const people = {
  access: {
    schema: accessSchema,
    input: { kind: 'written', rows: 3, read: readAccess, write: writeAccess },
    form: {
      section: 'people',
      label: 'Only for',
      hint: 'A group or role on each line, like “group: Engineers” or “role: Clerk”; a role of an API as “role: https://orders.example Clerk”. Who is in one of them may use it. Empty: everyone.',
    },
    rest: {
      description:
        'Who may use it: everyone (default), or lists `groups` and `roles` of names, one of which is enough. A role of an API is named by identifier and name, with a space between.',
      example: { groups: ['Engineers'] },
    },
    option: {
      flags: '--access <who>',
      description: 'who may use it: everyone (default), "group:NAME" or "role:NAME" (repeatable)',
    },
    selfRegistered: false,
    extra: true,
  },
  organizations: {
    ...choice(
      { required: 'Always for one', off: 'Never for one' },
      { unset: 'For one, if they are in any', also: 'auto' },
    ),
    // “auto” is what none says, too.
    schema: oneOf(['auto', 'required', 'off']),
    form: {
      section: 'people',
      label: 'People sign in for an organization',
      hint: '“Always”: who is a member of none is not let in. “Never”: it is told of none.',
      below: 'access',
    },
    rest: {
      description:
        'Whether people sign in to it for an organization: `auto` (default), if they are members of any; `required`, who is in none is refused; `off`, it is told of none, and may not ask for one.',
    },
    option: {
      flags: '--organizations <when>',
      description: 'whether people sign in for an organization: auto (default), required, off',
    },
    selfRegistered: false,
    extra: true,
  },
  groups_filter: {
    schema: groupsFilterSchema,
    input: { kind: 'written', rows: 2, read: readFilter, write: writeFilter },
    form: {
      section: 'people',
      label: 'Groups that it is told',
      hint: '“assigned”: those that the field above names. “prefix: app-”: those whose name begins so. Empty: all, 200 at most.',
    },
    rest: {
      description:
        'Which groups of a person it is told: `assigned: true`, those that `access` names; `prefix`, those whose name begins so. With both, those for which both are true.',
      example: { prefix: 'app-' },
    },
    option: {
      flags: '--groups-filter <which>',
      description: 'which groups it is told: assigned, or "prefix:TEXT" (repeatable; default: all)',
    },
    selfRegistered: false,
    extra: true,
  },
} as const satisfies Record<string, Field>
