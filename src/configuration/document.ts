// The document of all kinds of entities: its shape is one table, and what is wrong is said of all sections together. Hence its length.
import { z } from 'zod'
import { saying, t } from '../shared/locales/texts.ts'
import { nameKey } from '../shared/name-key.ts'
import { type Report, settingOf, textsOf, wantedOf } from './entries.ts'
import type { Fields, SecretSource, Services } from './ports.ts'
import { ConfigurationError, type ConfigurationProblem } from './problems.ts'
import { createBreathe } from './slices.ts'
import type { Path } from './yaml-text.ts'

/** In the order in which they are applied: what a later kind may have can depend on an earlier one. */
export const KINDS = [
  'setting',
  'resource',
  'role',
  'group',
  'organization',
  'attribute',
  'claim',
  'hook',
  'webhook',
  'administrator_role',
  'provider',
  'client',
  'brand',
  'text',
] as const
export type Kind = (typeof KINDS)[number]
type SectionOf<One extends Kind> = One extends 'brand' ? 'branding' : `${One}s`
export const sectionOf = <One extends Kind>(kind: One): SectionOf<One> =>
  (kind === 'brand' ? 'branding' : `${kind}s`) as SectionOf<One>

/** One entry of a file, checked and complete. */
export interface Wanted {
  kind: Kind
  /** Of a setting, group, attribute and claim its name, of an organization its short name, of a role its API and name, of a resource its identifier, of a webhook its address, of a provider its id, of a client its key; a client that has none, its client_id. */
  name: string
  /** Only of clients that exist already. */
  clientId?: string
  /** What would be stored, defaults filled in; `disabled` of clients and providers among it. */
  fields: Fields
  /** Those of `fields` that count only if it does not exist yet: the file does not say them. */
  onlyToCreate?: readonly string[]
  secret?: SecretSource
  line: number
}

export interface Configuration {
  wanted: Wanted[]
  /** Kinds of which everything that the file does not name is deleted. */
  prune: ReadonlySet<Kind>
  /** The file as data, to be kept: without comments, and there are no secrets in it. */
  data: unknown
}

const KEY = saying('admin.configuration.problem.key')
type What = 'variable' | 'path' | 'identifier' | 'name' | 'address' | 'id' | 'client_id' | 'owner'
const text = (what: What) => {
  const give = () => t('admin.configuration.problem.give', { what })
  return z
    .string({ error: () => t('admin.configuration.problem.missing', { give: give() }) })
    .min(1, { error: give })
}

const secretFields = {
  client_secret_env: text('variable').optional(),
  client_secret_file: text('path').optional(),
}
const flag = z.boolean(saying('admin.common.problem.boolean')).default(false)
const switches = { disabled: flag }
const MAP = saying('admin.configuration.problem.fields')
const LIST = saying('admin.configuration.problem.list')

const prune = z.strictObject(
  {
    settings: flag,
    resources: flag,
    roles: flag,
    groups: flag,
    organizations: flag,
    attributes: flag,
    claims: flag,
    hooks: flag,
    webhooks: flag,
    administrator_roles: flag,
    providers: flag,
    clients: flag,
    branding: flag,
    texts: flag,
  },
  MAP,
)

const schema = z.strictObject(
  {
    version: z.literal(1, saying('admin.configuration.problem.version')),
    settings: z.record(z.string(), z.unknown(), saying('admin.configuration.problem.settings')).nullish(),
    resources: z.array(z.looseObject({ identifier: text('identifier') }, MAP), LIST).nullish(),
    roles: z.array(z.looseObject({ name: text('name') }, MAP), LIST).nullish(),
    groups: z.array(z.looseObject({ name: text('name') }, MAP), LIST).nullish(),
    organizations: z.array(z.looseObject({ name: text('name') }, MAP), LIST).nullish(),
    attributes: z.array(z.looseObject({ name: text('name') }, MAP), LIST).nullish(),
    claims: z.array(z.looseObject({ name: text('name') }, MAP), LIST).nullish(),
    hooks: z.array(z.looseObject({ name: text('name') }, MAP), LIST).nullish(),
    webhooks: z.array(z.looseObject({ url: text('address') }, MAP), LIST).nullish(),
    administrator_roles: z.array(z.looseObject({ name: text('name') }, MAP), LIST).nullish(),
    providers: z.array(z.looseObject({ id: text('id'), ...switches, ...secretFields }, MAP), LIST).nullish(),
    clients: z
      .array(
        z.looseObject(
          {
            key: z
              .string(KEY)
              .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, KEY)
              .optional(),
            client_id: text('client_id').optional(),
            ...switches,
          },
          MAP,
        ),
        LIST,
      )
      .nullish(),
    texts: z
      .record(
        z.string(),
        z.record(z.string(), z.unknown(), saying('admin.configuration.problem.texts')),
        saying('admin.configuration.problem.languages'),
      )
      .nullish(),
    branding: z.array(z.looseObject({ of: text('owner') }, MAP), LIST).nullish(),
    prune: prune.default({
      settings: false,
      resources: false,
      roles: false,
      groups: false,
      organizations: false,
      attributes: false,
      claims: false,
      hooks: false,
      webhooks: false,
      administrator_roles: false,
      providers: false,
      clients: false,
      branding: false,
      texts: false,
    }),
  },
  saying('admin.configuration.problem.root'),
)

type Parsed = z.output<typeof schema>

/** Problems after which the rest of a file is not looked at. */
const MAX_PROBLEMS = 1000

/**
 * Reads a configuration file.
 * @throws ConfigurationError with every problem at once, each with its line and path
 */
export async function parseConfiguration(source: string, services: Services): Promise<Configuration> {
  const { readYaml } = await import('./yaml-text.ts')
  const { value, lineOf } = await readYaml(source)
  return configurationOf(value, services, lineOf)
}

/** As `parseConfiguration`, of a file that was read before. @throws ConfigurationError */
export async function configurationOf(
  value: unknown,
  services: Services,
  lineOf: (path: Path) => number = () => 1,
): Promise<Configuration> {
  const data = withoutNulls(value)
  const problems: ConfigurationProblem[] = []
  const report = (path: Path, message: string) =>
    problems.push({ line: lineOf(path), path: pathText(path), message })
  const parsed = schema.safeParse(data)
  for (const issue of parsed.error?.issues ?? []) {
    const path = issue.path.filter((part) => typeof part !== 'symbol')
    if (issue.code !== 'unrecognized_keys') report(path, issue.message)
    else for (const key of issue.keys) report([...path, key], unknownKey(path))
  }
  const wanted: Wanted[] = []
  const reset = parsed.success && parsed.data.prune.settings
  const breathe = createBreathe()
  for (const kind of KINDS) {
    const planned = services.settings.planned(settingsIn(wanted), { reset })
    const entries: unknown = (data as Fields | null)?.[sectionOf(kind)]
    if (kind === 'text') {
      for (const [locale, given] of entriesOf(entries)) {
        const tell: Report = (field, message) => report([sectionOf(kind), locale, ...field], message)
        const line = (key: string) => lineOf([sectionOf(kind), locale, key])
        wanted.push(...(await textsOf(locale, entriesOf(given), services, line, tell)))
        await breathe()
      }
      continue
    }
    const listed: readonly (readonly [number | string, unknown])[] =
      kind === 'setting' ? entriesOf(entries) : [...(Array.isArray(entries) ? entries : []).entries()]
    for (const [index, entry] of listed) {
      const path = [sectionOf(kind), index]
      const tell: Report = (field, message) => report([...path, ...field], message)
      wanted.push(
        ...(kind === 'setting'
          ? settingOf(String(index), entry, services, lineOf(path), tell)
          : wantedOf(kind, entry, services, lineOf(path), tell, planned)),
      )
      await breathe()
      if (problems.length > MAX_PROBLEMS) throw new ConfigurationError(distinct(problems))
    }
  }
  for (const { kind, name, line } of repeated(wanted))
    problems.push({ line, path: sectionOf(kind), message: t('admin.configuration.problem.twice', { name }) })
  const pruning = parsed.success ? pruned(parsed.data, report) : new Set<Kind>()
  for (const { line, fields } of await readingNothing(wanted, pruning, services))
    problems.push({
      line,
      path: sectionOf('claim'),
      message: t('admin.configuration.problem.reads', {
        name: String(fields.name),
        attribute: String(fields.value),
      }),
    })
  if (problems.length > 0) throw new ConfigurationError(distinct(problems))
  return { wanted, prune: pruning, data }
}

/** Of an unknown key at the top or in `prune`, the only maps whose keys are fixed here: those that there are. */
const unknownKey = (path: Path): string =>
  t('admin.configuration.problem.known', {
    names: Object.keys(path.length === 0 ? schema.shape : prune.shape).join(', '),
  })

/** A section that is to be pruned has to be there: a file that was cut short must not delete everything. */
function pruned(data: Parsed, report: (path: Path, message: string) => void): Set<Kind> {
  const kinds = KINDS.filter((kind) => data.prune[sectionOf(kind)])
  for (const kind of kinds)
    if (data[sectionOf(kind)] === undefined || data[sectionOf(kind)] === null)
      report(
        ['prune', sectionOf(kind)],
        t('admin.configuration.problem.prune', {
          section: sectionOf(kind),
          empty: kind === 'setting' || kind === 'text' ? '{}' : '[]',
        }),
      )
  return new Set(kinds)
}

const entriesOf = (map: unknown): [string, unknown][] =>
  typeof map === 'object' && map !== null && !Array.isArray(map) ? Object.entries(map) : []

/** The settings of a file come before its clients (KINDS). */
const settingsIn = (wanted: readonly Wanted[]): Fields =>
  Object.fromEntries(
    wanted.filter(({ kind }) => kind === 'setting').map(({ name, fields }) => [name, fields.value]),
  )

/** Claims of attributes that are neither in the file nor here. */
async function readingNothing(
  wanted: readonly Wanted[],
  pruning: ReadonlySet<Kind>,
  { attributes }: Pick<Services, 'attributes'>,
): Promise<Wanted[]> {
  const reading = wanted.filter(({ kind, fields }) => kind === 'claim' && fields.source === 'attribute')
  if (reading.length === 0) return []
  const here = pruning.has('attribute') ? [] : await attributes.list()
  const names = new Set([
    ...here.map((each) => (each as Fields).name),
    ...wanted.filter(({ kind }) => kind === 'attribute').map(({ name }) => name),
  ])
  return reading.filter(({ fields }) => !names.has(fields.value))
}

/** What two names of a kind are compared by: groups and roles are named however they are written. */
export const canonicalName = (kind: Kind, name: string): string =>
  kind === 'group' || kind === 'role'
    ? nameKey(name)
    : kind === 'claim' || kind === 'hook' || kind === 'administrator_role'
      ? name.toLowerCase()
      : name

function repeated(wanted: readonly Wanted[]): Wanted[] {
  const seen = new Set<string>()
  return wanted.filter(({ kind, name, clientId }) => {
    const ids = [
      `${kind} ${canonicalName(kind, name)}`,
      ...(clientId === undefined ? [] : [`${kind} ${clientId}`]),
    ]
    const again = ids.some((id) => seen.has(id))
    for (const id of ids) seen.add(id)
    return again
  })
}

/** A field that is there and empty is as one that is not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null)
      .map(([key, each]) => [key, withoutNulls(each)]),
  )
}

const pathText = (path: Path): string =>
  path.reduce<string>(
    (before, part) =>
      typeof part === 'number' ? `${before}[${part}]` : before === '' ? part : `${before}.${part}`,
    '',
  )

/** The shape and the service may say the same of one field. */
function distinct(problems: readonly ConfigurationProblem[]): ConfigurationProblem[] {
  const fields = new Map<string, ConfigurationProblem>()
  for (const problem of problems) {
    const key = `${problem.path} ${problem.message}`
    const sameField = /\.(identifier|id)$/.test(problem.path) ? problem.path : key
    if (!fields.has(sameField)) fields.set(sameField, problem)
  }
  return [...fields.values()]
}
