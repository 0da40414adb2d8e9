/** The fields of a custom claim, once; as src/attributes/table.ts. */
import { z } from 'zod'
import { type DefinitionFields, namedFields } from '../../shared/definitions/field.ts'
import { saying, type TextKey } from '../../shared/locales/texts.ts'
import { isReservedClaim } from '../../shared/reserved-claims.ts'
import { isScopeToken } from '../../shared/scope-token.ts'
import { line } from '../../shared/text.ts'

export const SOURCES = {
  attribute: 'An attribute of the person',
  groups: 'The groups of the person',
  roles: 'The roles of the person',
  organization: 'The organization that the person signs in for',
  constant: 'A fixed text',
} as const
export const SHAPES = {
  array: 'All, as a list',
  string: 'All, in one text, separated by commas',
  first: 'The first',
  boolean: 'Whether there is one',
} as const
export const PLACES = {
  id_token: 'ID Token',
  userinfo: 'Userinfo',
  access_token: 'Access tokens',
  introspection: 'Introspection',
} as const

/** What can be told of an organization. */
export const PARTS: readonly string[] = ['id', 'slug', 'name', 'roles']

const NAME = 'Use 1 to 100 letters, digits and _ . : / -, beginning with a letter: department.'
const MAX_LIST = 100

const name = saying('admin.claims.problem.name')

const list = (problem: TextKey) =>
  z
    .array(line(500).pipe(z.string().min(1, saying('admin.definitions.problem.empty'))), saying(problem))
    .max(MAX_LIST, saying('field.atMostItems', { max: MAX_LIST }))
    .transform((all) => [...new Set(all)])
    .default([])

const choose = (choices: object) =>
  saying('admin.definitions.problem.choose', { choices: Object.keys(choices).join(', ') })

const oneOf = <Name extends string>(choices: Readonly<Record<Name, string>>) => Object.keys(choices) as [Name]

export const claimFields = {
  name: {
    kind: 'line',
    fixed: true,
    required: true,
    schema: z
      .string(name)
      .regex(/^[A-Za-z][\w.:/-]{0,99}$/, name)
      .refine((chosen) => !isReservedClaim(chosen), saying('admin.claims.problem.reserved')),
    form: { label: 'Name', hint: `What apps look for. ${NAME} It cannot be changed later.` },
    rest: { description: `${NAME} No name of a standard. It cannot be changed.`, example: 'grafana_role' },
    option: { flags: '--name <name>', description: 'what apps look for, like grafana_role' },
  },
  source: {
    kind: 'choice',
    choices: SOURCES,
    required: true,
    schema: z.enum(oneOf(SOURCES), choose(SOURCES)),
    form: { label: 'Made of', hint: 'Groups and roles are those that the app may be told of.' },
    rest: { description: `One of ${Object.keys(SOURCES).join(', ')}.`, example: 'roles' },
    option: { flags: '--source <source>', description: `one of ${Object.keys(SOURCES).join(', ')}` },
  },
  value: {
    kind: 'line',
    schema: line(500).default(''),
    form: {
      label: 'Attribute, part or text',
      hint: `The name of the attribute; of the organization ${PARTS.join(', ')}; or the fixed text.`,
    },
    rest: {
      description: `Of \`attribute\` its name, of \`organization\` one of ${PARTS.join(', ')}, of \`constant\` the text; else empty.`,
      example: '',
    },
    option: {
      flags: '--value <text>',
      description: `of attribute its name, of organization one of ${PARTS.join(', ')}, of constant the text`,
    },
  },
  filter: {
    kind: 'line',
    schema: line(200).default(''),
    form: {
      label: 'Only those like',
      hint: '* stands for any text, ? for one character: grafana-*. Empty: all.',
    },
    rest: {
      description: 'Which values: `*` stands for any text, `?` for one character; empty: all.',
      example: 'grafana-*',
    },
    option: {
      flags: '--filter <pattern>',
      description: 'only values like this: * is any text, ? one character',
    },
  },
  rename: {
    kind: 'pairs',
    schema: z
      .record(line(200), line(200), saying('admin.claims.problem.rename.object'))
      .refine((map) => Object.keys(map).length <= MAX_LIST, saying('field.atMostItems', { max: MAX_LIST }))
      .refine(
        (map) => Object.entries(map).every(([from, to]) => from !== '' && to !== ''),
        saying('admin.claims.problem.rename.form'),
      )
      .default({}),
    form: {
      label: 'Called',
      hint: 'One a line: grafana-admin = Admin. What stands first comes first; what is not here keeps its name.',
    },
    rest: {
      description: 'What values are called; those named first come first, others keep their name.',
      example: { 'grafana-admin': 'Admin', 'grafana-viewer': 'Viewer' },
    },
    option: {
      flags: '--rename <from=to>',
      description: 'what a value is called; repeatable, the first comes first',
    },
  },
  shape: {
    kind: 'choice',
    choices: SHAPES,
    schema: z.enum(oneOf(SHAPES), choose(SHAPES)).default('array'),
    form: { label: 'Given as', hint: 'Without a value, a list is empty, and text is left out.' },
    rest: { description: `One of ${Object.keys(SHAPES).join(', ')}; default \`array\`.`, example: 'first' },
    option: {
      flags: '--shape <shape>',
      description: `one of ${Object.keys(SHAPES).join(', ')} (default array)`,
    },
  },
  in: {
    kind: 'choices',
    choices: PLACES,
    required: true,
    schema: z
      .array(
        z.enum(oneOf(PLACES), choose(PLACES)),
        saying('admin.claims.problem.in.list', { places: Object.keys(PLACES).join(', ') }),
      )
      .min(1, saying('admin.claims.problem.in.none'))
      .transform((places) => [...new Set(places)]),
    form: { label: 'In', hint: 'Where apps and APIs find it.' },
    rest: { description: `Where: of ${Object.keys(PLACES).join(', ')}.`, example: ['id_token', 'userinfo'] },
    option: { flags: '--in <place>', description: `one of ${Object.keys(PLACES).join(', ')}; repeatable` },
  },
  scope: {
    kind: 'line',
    schema: line(500)
      .transform((scope) => [...new Set(scope.split(/\s+/).filter(Boolean))])
      .refine((scopes) => scopes.every(isScopeToken), saying('admin.claims.problem.scope'))
      .transform((scopes) => scopes.join(' '))
      .default(''),
    form: {
      label: 'With a scope of',
      hint: 'It is given to who was granted one of these. Empty: profile for an attribute, groups, roles, and openid for a fixed text.',
    },
    rest: {
      description:
        'Scopes, separated by spaces, of which one has to be granted. Empty: `profile` for an attribute, `groups`, `roles`, `openid` for a constant.',
      example: 'roles',
    },
    option: {
      flags: '--scope <scopes>',
      description: 'scopes, separated by spaces, of which one has to be granted',
    },
  },
  clients: {
    kind: 'lines',
    schema: list('admin.definitions.problem.client_ids'),
    form: { label: 'For these clients', hint: 'Client IDs, one a line. Empty: all.' },
    rest: { description: 'IDs of the clients that get it; empty: all.', example: ['client-of-grafana'] },
    option: {
      flags: '--client <id>',
      description: 'the ID of a client that gets it (default: all); repeatable',
    },
  },
  resources: {
    kind: 'lines',
    schema: list('admin.claims.problem.apis'),
    form: {
      label: 'For these APIs',
      hint: 'Identifiers of APIs whose tokens have it, one a line. Empty: all.',
    },
    rest: {
      description: 'Identifiers of the APIs whose access tokens have it; empty: all.',
      example: ['https://api.example'],
    },
    option: {
      flags: '--resource <uri>',
      description: 'an API whose access tokens have it (default: all); repeatable',
    },
  },
} as const satisfies DefinitionFields

export const CLAIM_FIELDS = namedFields(claimFields)
