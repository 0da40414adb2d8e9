/**
 * The fields of an organization, once. From a row follow its type, what may be said of it, the administration API, the console's form, the
 * options of the command line and YAML.
 */
import { z } from 'zod'
import { saying } from '../shared/locales/texts.ts'
import { line } from '../shared/text.ts'
import { refusedFields, schemaProblems } from '../shared/validation-error.ts'

/** How a value is written. In JSON: `line` text, `flag` true or false, `seconds` a whole number or null, `roles` a list of names. */
export type FieldKind = 'line' | 'flag' | 'seconds' | 'roles'

interface OrganizationField {
  kind: FieldKind
  /** What a value may be. Each issue has a sentence that says what is right. */
  schema: z.ZodType
  /** It has to be said. */
  required?: true
  /** A program, a client that acts for itself, may not weaken it: it guards how people sign in. */
  guards?: true
  form: { label: string; hint: string }
  rest: { description: string; example: unknown }
  option: { flags: string; description: string }
}

const SLUG = 'Use 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit: acme.'
const slug = saying('admin.organizations.slug.wrong')
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
const roles = saying('admin.organizations.roles.wrong')
const age = saying('admin.organizations.age.wrong')

export const organizationFields = {
  name: {
    kind: 'line',
    required: true,
    schema: line(100).pipe(z.string().min(1, saying('passkeys.name.enter'))),
    form: { label: 'Name', hint: 'What people and apps are told. At most 100 characters.' },
    rest: { description: 'What people and apps are told, in the claim `org_name`.', example: 'Acme Ltd' },
    option: { flags: '--name <name>', description: 'what people and apps are told' },
  },
  slug: {
    kind: 'line',
    schema: z
      .string(slug)
      .regex(/^[a-z\d][a-z\d-]{0,62}$/, slug)
      .refine((slug) => !UUID.test(slug), saying('admin.organizations.slug.id')),
    form: {
      label: 'Short name',
      hint: `Apps name the organization by it (organization=acme). ${SLUG} Empty: derived from the name.`,
    },
    rest: {
      description: `In the parameter \`organization\` of a request. ${SLUG} Left out: derived from the name.`,
      example: 'acme',
    },
    option: {
      flags: '--slug <slug>',
      description: 'in the parameter organization of a request (default: derived from the name)',
    },
  },
  second_factor_required: {
    kind: 'flag',
    guards: true,
    schema: z.boolean(saying('field.boolean')).default(false),
    form: { label: 'Asks for a second factor', hint: 'At each sign-in for the organization.' },
    rest: { description: 'Each sign-in for the organization shows a second factor.', example: false },
    option: {
      flags: '--second-factor-required <boolean>',
      description: 'whether it asks for a second factor: true or false (default)',
    },
  },
  session_max_age: {
    kind: 'seconds',
    guards: true,
    schema: z.int(age).min(300, age).max(31_536_000, age).nullable().default(null),
    form: {
      label: 'How long a sign-in is good, in seconds',
      hint: 'Then people sign in again, and refresh tokens end. Empty: as long as any sign-in.',
    },
    rest: {
      description: 'Seconds that a sign-in is good for it; null: as long as any.',
      example: 43_200,
    },
    option: {
      flags: '--session-max-age <seconds>',
      description: 'how long a sign-in is good for it; empty: as long as any (default)',
    },
  },
  provider_required: {
    kind: 'flag',
    guards: true,
    schema: z.boolean(saying('field.boolean')).default(false),
    form: {
      label: 'Addresses of its domains sign in at its provider only',
      hint: 'Passwords of these accounts do not count while it has a provider that is on.',
    },
    rest: {
      description:
        'Accounts with an address of its verified domains sign in at its provider, not by password.',
      example: false,
    },
    option: {
      flags: '--provider-required <boolean>',
      description: 'whether addresses of its domains sign in at its provider only: true or false (default)',
    },
  },
  provider_join: {
    kind: 'flag',
    guards: true,
    schema: z.boolean(saying('field.boolean')).default(false),
    form: { label: 'Who signs in at its provider becomes a member', hint: 'With the roles below.' },
    rest: { description: 'Who signs in at its provider becomes a member.', example: false },
    option: {
      flags: '--provider-join <boolean>',
      description: 'whether who signs in at its provider becomes a member: true or false (default)',
    },
  },
  provider_roles: {
    kind: 'roles',
    guards: true,
    schema: z
      .array(z.string(roles).regex(/^[\w:.-]{1,100}$/, roles), roles)
      .max(100, roles)
      .transform((roles) => [...new Set(roles)])
      .default([]),
    form: {
      label: 'Roles of who becomes a member so',
      hint: 'Names of the setting organization_roles, separated by spaces.',
    },
    rest: { description: 'Roles of who becomes a member so.', example: ['member'] },
    option: {
      flags: '--provider-roles <names>',
      description: 'roles of who becomes a member so, separated by spaces',
    },
  },
  impersonation_forbidden: {
    kind: 'flag',
    guards: true,
    schema: z.boolean(saying('field.boolean')).default(false),
    form: {
      label: 'Nobody signs in as its members',
      hint: 'Administrators cannot help a member as them, and who is signed in as one is not any more.',
    },
    rest: { description: 'No administrator signs in as one of its members.', example: false },
    option: {
      flags: '--impersonation-forbidden <boolean>',
      description: 'whether no administrator signs in as one of its members: true or false (default)',
    },
  },
  disabled: {
    kind: 'flag',
    schema: z.boolean(saying('field.boolean')).default(false),
    form: { label: 'Disabled', hint: 'Nobody signs in for it, and its tokens end.' },
    rest: { description: 'Nobody signs in for it, and its tokens end.', example: false },
    option: { flags: '--disabled <boolean>', description: 'whether it is disabled: true or false (default)' },
  },
} as const satisfies Readonly<Record<string, OrganizationField>>

type Fields = typeof organizationFields
export type OrganizationFieldName = keyof Fields
/** A row, for what is made of every one. */
export type NamedOrganizationField = OrganizationField & { name: OrganizationFieldName }

/** What is said of an organization, by its fields. */
export type OrganizationContent = { [Name in OrganizationFieldName]: z.output<Fields[Name]['schema']> }

/** Every field, in the order in which fields are shown. */
export const ORGANIZATION_FIELDS = Object.entries(organizationFields).map(([name, field]) => ({
  ...field,
  name,
})) as NamedOrganizationField[]

/** The fields of an organization and nothing else: what a change is told of, and compared by. */
export const contentOf = (one: OrganizationContent): OrganizationContent =>
  Object.fromEntries(
    ORGANIZATION_FIELDS.map(({ name }) => [name, one[name]]),
  ) as unknown as OrganizationContent

/** A short name out of a name: its letters and digits, with hyphens between. Empty where it has none of ASCII. */
const slugOf = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z\d]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63)

/**
 * Parses what was said of something new, or of something that exists, whose fields stay where they are left out. Null is as left out of
 * something new.
 * @throws ValidationError (invalid_fields, 422) with every problem at once
 */
export function parseOrganization(
  input: Readonly<Record<string, unknown>>,
  before?: OrganizationContent,
): OrganizationContent {
  const said = Object.entries(input).filter(([, value]) => value !== undefined)
  const given: Record<string, unknown> = {
    ...before,
    ...Object.fromEntries(said.map(([name, value]) => [name, value ?? undefined])),
  }
  if (given.slug === undefined && typeof given.name === 'string') given.slug = slugOf(given.name) || undefined
  const schemas = Object.entries(organizationFields).map(([name, { schema }]) => [name, schema])
  const parsed = z.strictObject(Object.fromEntries(schemas)).safeParse(given)
  if (!parsed.success) throw refusedFields(schemaProblems(parsed.error))
  return parsed.data as unknown as OrganizationContent
}
/** A value as a form or a terminal has it. */
export const textOf = (value: unknown): string =>
  value === null || value === undefined ? '' : Array.isArray(value) ? value.join(' ') : String(value)

/** What was entered, as JSON has it; the schema judges it. @param entered a text; undefined: a box that was not ticked */
export function valueIn({ kind }: { kind: FieldKind }, entered: string | undefined): unknown {
  const text = entered?.trim() ?? ''
  if (kind === 'flag')
    return text === 'on' || text === 'true' ? true : text === '' || text === 'false' ? false : text
  if (kind === 'roles') return text.split(/[\s,]+/).filter(Boolean)
  if (kind === 'seconds') return text === '' ? null : /^\d{1,10}$/.test(text) ? Number(text) : text
  return text === '' ? null : text
}
