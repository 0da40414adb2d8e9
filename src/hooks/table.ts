/** The fields of a hook, once; as src/attributes/table.ts. */
import { z } from 'zod'
import { clientIds } from '../shared/definitions/client-ids.ts'
import { type DefinitionFields, namedFields } from '../shared/definitions/field.ts'
import { saying } from '../shared/locales/texts.ts'

export const MOMENTS = {
  sign_in: 'At sign-in',
  registration: 'At registration',
  token: 'When tokens are issued',
} as const
export type Moment = keyof typeof MOMENTS

export const ON_FAILURE = { deny: 'Deny', allow: 'Allow' } as const
export const STATES = { enabled: 'Enabled', disabled: 'Disabled' } as const

const NAME = 'Use 1 to 63 small letters, digits and hyphens, beginning with a letter: risk-check.'

const oneOf = <Name extends string>(choices: Readonly<Record<Name, string>>) => Object.keys(choices) as [Name]
const named = (choices: object) => Object.keys(choices).join(', ')
const name = saying('admin.hooks.problem.name')
const choose = (choices: object) => saying('admin.definitions.problem.choose', { choices: named(choices) })

export const hookFields = {
  name: {
    kind: 'line',
    fixed: true,
    required: true,
    schema: z.string(name).regex(/^[a-z][a-z0-9-]{0,62}$/, name),
    form: { label: 'Name', hint: `For administrators. ${NAME} It cannot be changed later.` },
    rest: { description: `${NAME} It cannot be changed.`, example: 'risk-check' },
    option: { flags: '--name <name>', description: 'for administrators, like risk-check' },
  },
  at: {
    kind: 'choice',
    fixed: true,
    required: true,
    choices: MOMENTS,
    schema: z.enum(oneOf(MOMENTS), choose(MOMENTS)),
    form: { label: 'Asked', hint: 'It cannot be changed later.' },
    rest: { description: `When it is asked: ${named(MOMENTS)}. It cannot be changed.`, example: 'sign_in' },
    option: { flags: '--at <moment>', description: `one of ${named(MOMENTS)}` },
  },
  url: {
    kind: 'line',
    required: true,
    schema: z
      .string(saying('admin.hooks.problem.url.none'))
      .trim()
      .min(1, saying('admin.hooks.problem.url.none'))
      .max(2000, saying('admin.hooks.problem.url.long')),
    form: {
      label: 'Address',
      hint: 'What is about to happen is sent there by POST, like https://app.example/hook.',
    },
    rest: { description: 'Where the question is sent, by POST.', example: 'https://app.example/hook' },
    option: { flags: '--url <url>', description: 'where the question is sent, by POST' },
  },
  on_failure: {
    kind: 'choice',
    choices: ON_FAILURE,
    schema: z.enum(oneOf(ON_FAILURE), choose(ON_FAILURE)).default('deny'),
    form: {
      label: 'Without a good answer within a second',
      hint: 'Deny keeps people out while the receiver is down.',
    },
    rest: {
      description: 'What counts without a good answer within a second; default `deny`.',
      example: 'deny',
    },
    option: {
      flags: '--on-failure <action>',
      description: 'deny or allow, without a good answer (default deny)',
    },
  },
  state: {
    kind: 'choice',
    choices: STATES,
    schema: z.enum(oneOf(STATES), choose(STATES)).default('enabled'),
    form: { label: 'State', hint: 'A disabled one is not asked.' },
    rest: { description: '`disabled`: it is not asked. Default `enabled`.', example: 'enabled' },
    option: { flags: '--state <state>', description: 'enabled or disabled (default enabled)' },
  },
  clients: {
    kind: 'lines',
    schema: clientIds,
    form: {
      label: 'For these clients',
      hint: 'Client IDs, one a line. Empty: all, and sign-ins without an app.',
    },
    rest: { description: 'Client IDs; empty: all, and sign-ins without an app.', example: [] },
    option: { flags: '--client <id>', description: 'the ID of a client (default: all); repeatable' },
  },
} as const satisfies DefinitionFields

export const HOOK_FIELDS = namedFields(hookFields)
