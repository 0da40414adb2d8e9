import { isDeepStrictEqual } from 'node:util'
import { t } from '../shared/locales/texts.ts'
import type { Existing } from './current.ts'
import { type Configuration, canonicalName, KINDS, type Kind, sectionOf, type Wanted } from './document.ts'
import type { Fields, SecretSource } from './ports.ts'
import { ConfigurationError, type ConfigurationProblem } from './problems.ts'
import { scopeWarnings } from './scope-warnings.ts'
import { createBreathe } from './slices.ts'

export interface FieldChange {
  field: string
  /** Absent: not set. */
  before?: unknown
  after?: unknown
}

/** One thing that applying a file would do. */
export interface Change {
  kind: Kind
  action: 'create' | 'update' | 'delete'
  /** What the file calls it. */
  name: string
  /** What its service calls it; absent of what does not exist yet. */
  id?: string
  /** Of clients: what people see. */
  title?: string
  fields: FieldChange[]
  secret?: SecretSource
}

export interface Plan {
  changes: Change[]
  /** How many things of each kind the file does not name, and leaves alone. */
  unnamed: Readonly<Record<`${Kind}s`, number>>
  /** What to know before it is applied; nothing of it is wrong. */
  warnings: string[]
}

/**
 * What is between a file and what exists. Touches nothing.
 * @param needsNoApi which scopes of clients stand for something though no registered API has them
 * @param secretDiffers whether a provider's secret is another one than the file's; undefined: cannot be known
 * @throws ConfigurationError about names that fit nothing, or several things
 */
export async function diff(
  { wanted, prune }: Configuration,
  existing: readonly Existing[],
  needsNoApi: (scope: string) => boolean,
  secretDiffers: ReadonlyMap<string, boolean> = new Map(),
): Promise<Plan> {
  const problems: ConfigurationProblem[] = []
  const named = new Set<Existing>()
  const byName = index(existing)
  const changes: Change[] = []
  const breathe = createBreathe()
  for (const entry of wanted) {
    const { found, problem } = match(entry, byName)
    if (problem !== undefined)
      problems.push({ line: entry.line, path: sectionOf(entry.kind), message: problem })
    if (found !== undefined) named.add(found)
    if (problem === undefined) changes.push(...changeOf(entry, found, secretDiffers.get(entry.name)))
    await breathe()
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  const others = existing.filter((each) => !named.has(each) && !each.foreign)
  const deletions = others.filter(({ kind }) => prune.has(kind)).map(deletion)
  const count = (kind: Kind) => (prune.has(kind) ? 0 : others.filter((each) => each.kind === kind).length)
  return {
    changes: [
      ...KINDS.flatMap((kind) => changes.filter((change) => change.kind === kind)),
      ...KINDS.toReversed().flatMap((kind) => deletions.filter((change) => change.kind === kind)),
    ],
    unnamed: {
      settings: count('setting'),
      resources: count('resource'),
      roles: count('role'),
      groups: count('group'),
      organizations: count('organization'),
      attributes: count('attribute'),
      claims: count('claim'),
      hooks: count('hook'),
      webhooks: count('webhook'),
      administrator_roles: count('administrator_role'),
      brands: count('brand'),
      texts: count('text'),
      providers: count('provider'),
      clients: count('client'),
    },
    warnings: scopeWarnings({
      wanted,
      kept: others.filter(({ kind }) => !prune.has(kind)),
      existing,
      changes,
      needsNoApi,
    }),
  }
}

function index(existing: readonly Existing[]): ReadonlyMap<string, Existing[]> {
  const byName = new Map<string, Existing[]>()
  for (const each of existing)
    for (const name of new Set([
      `id ${each.kind} ${canonicalName(each.kind, each.id)}`,
      ...(each.key ? [`key ${each.key}`] : []),
    ]))
      byName.set(name, [...(byName.get(name) ?? []), each])
  return byName
}

function match(
  { kind, name, clientId, fields }: Wanted,
  byName: ReadonlyMap<string, Existing[]>,
): { found?: Existing; problem?: string } {
  if (kind !== 'client') {
    const [found] = byName.get(`id ${kind} ${canonicalName(kind, name)}`) ?? []
    // A file for several servers may say what the environment of one of them says.
    if (kind === 'setting' && found && same('value', found.fields.value, fields.value)) return { found }
    if (found?.foreign && kind === 'webhook')
      return { problem: t('admin.configuration.problem.webhooks', { name }) }
    if (found?.foreign) return { problem: t('admin.configuration.problem.foreign', { name }) }
    if (kind === 'attribute' && found && found.fields.type !== fields.type)
      return {
        problem: t('admin.configuration.problem.type', { name, type: String(found.fields.type) }),
      }
    if ((kind === 'claim' || kind === 'hook' || kind === 'administrator_role') && found && found.id !== name)
      return { problem: t('admin.configuration.problem.renamed', { kind, name: found.id }) }
    if (found?.fields.kind !== undefined && found.fields.kind !== fields.kind)
      return { problem: t('admin.configuration.problem.kind', { name }) }
    return found === undefined ? {} : { found }
  }
  const keyed = fields.key === undefined ? [] : (byName.get(`key ${fields.key}`) ?? [])
  if (clientId === undefined) {
    const [found, another] = keyed
    if (another === undefined) return found === undefined ? {} : { found }
    return {
      problem: t('admin.configuration.problem.keyed', {
        name,
        ids: keyed.map(({ id }) => id).join(', '),
      }),
    }
  }
  const [found] = byName.get(`id client ${clientId}`) ?? []
  if (found === undefined) return { problem: t('admin.configuration.problem.no_client', { id: clientId }) }
  if (found.foreign) return { problem: t('admin.configuration.problem.self_registered', { id: clientId }) }
  if (keyed.some((each) => each !== found))
    return { problem: t('admin.configuration.problem.key_taken', { name }) }
  return { found }
}

function changeOf(entry: Wanted, found: Existing | undefined, secretDiffers: boolean | undefined): Change[] {
  const fields = fieldChanges(
    found?.fields ?? {},
    found === undefined ? entry.fields : fieldsBeside(entry, found),
    found === undefined,
    entry.clientId !== undefined,
  )
  const secret = secretChange(entry, found, secretDiffers)
  if (secret !== undefined) fields.push(secret)
  if (found !== undefined && fields.length === 0) return []
  const title = entry.fields.client_name
  return [
    {
      kind: entry.kind,
      action: found === undefined ? 'create' : 'update',
      name: entry.name,
      ...(found && { id: found.id }),
      ...(typeof title === 'string' && { title }),
      fields,
      ...(entry.secret && secret && { secret: entry.secret }),
    },
  ]
}

/** What an entry says of something that exists: what it leaves to the making of it stays as it is. */
function fieldsBeside({ fields, onlyToCreate = [] }: Wanted, found: Existing): Fields {
  const kept = found.pkceRaised && fields.pkce === 'auto' ? ['pkce', ...onlyToCreate] : onlyToCreate
  return { ...fields, ...Object.fromEntries(kept.map((field) => [field, found.fields[field]])) }
}

/** An entry that names a client by its id alone says nothing of its key. */
function fieldChanges(before: Fields, after: Fields, creating: boolean, byId: boolean): FieldChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .flatMap((field): FieldChange[] => {
      if (field === 'key' && byId && after.key === undefined) return []
      if (same(field, before[field], after[field])) return []
      if (creating && field === 'disabled' && after[field] === false) return []
      return [
        {
          field,
          ...(before[field] !== undefined && { before: before[field] }),
          ...(after[field] !== undefined && { after: after[field] }),
        },
      ]
    })
}

function secretChange(
  { kind, secret }: Wanted,
  found: Existing | undefined,
  differs: boolean | undefined,
): FieldChange | undefined {
  if (kind !== 'provider') return undefined
  const after = secret && `from ${secret.env ?? secret.file}`
  if (found === undefined) return after === undefined ? undefined : { field: 'client_secret', after }
  const before = found.hasSecret ? { before: 'set' } : {}
  if (after === undefined) return found.hasSecret ? { field: 'client_secret', ...before } : undefined
  return differs === true ? { field: 'client_secret', ...before, after } : undefined
}

const deletion = ({ kind, id, key, title }: Existing): Change => ({
  kind,
  action: 'delete',
  name: key ?? id,
  id,
  ...(title !== undefined && { title }),
  fields: [],
})

/** Their order says something. */
const ORDERED = new Set(['rename', 'options'])

/** Lists of words are sets, and so are scopes: another order is no change. */
function same(field: string, one: unknown, other: unknown): boolean {
  if (ORDERED.has(field)) return JSON.stringify(one) === JSON.stringify(other)
  const canonical = (value: unknown): unknown => {
    if ((field === 'scope' || field === 'default_scopes') && typeof value === 'string')
      return value.split(' ').sort()
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return [...value].sort()
    return value
  }
  return isDeepStrictEqual(plain(canonical(one)), plain(canonical(other)))
}

/** What was stored as JSON knows neither prototypes nor undefined. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value))
