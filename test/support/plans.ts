import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import pg from 'pg'
import type { Engine, Latchkey } from './latchkey.ts'

const APPS = 'as many as there are apps, which administrators register; open ones go when they are unused'
const ADMINISTERED = 'written by administrators'

/** Tables that may be read from end to end, each with what bounds it. Every other one grows with people and with what they do. */
const BOUNDED: Readonly<Record<string, string>> = {
  _artifact_migrations: 'a row a migration',
  _prisma_migrations: 'a row a migration',
  account_search_backfill: 'one row, or none',
  account_tallies: 'a row on SQLite, 1,025 on PostgreSQL',
  applied_configurations: 'twenty rows',
  audit_marks: 'two rows',
  client_revocations: APPS,
  client_secrets: APPS,
  clients: APPS,
  group_roles: ADMINISTERED,
  groups: ADMINISTERED,
  identity_providers: ADMINISTERED,
  initial_access_tokens: ADMINISTERED,
  key_uses: `${APPS}, for each key`,
  rejections: 'ten thousand rows, the oldest are deleted',
  resource_credentials: ADMINISTERED,
  resources: ADMINISTERED,
  roles: ADMINISTERED,
  scim_groups: ADMINISTERED,
  scim_tokens: 'forty rows',
  settings: 'one row',
  webhooks: 'fifty rows',
  signing_keys: 'a row a rotation',
}

/** Of all tables of a database. @throws Error where one that is named as bounded is not there */
function growingOf(tables: readonly string[]): ReadonlySet<string> {
  const gone = Object.keys(BOUNDED).filter((name) => !tables.includes(name))
  if (gone.length > 0) throw new Error(`no such table: ${gone.join(', ')}`)
  return new Set(tables.filter((name) => !Object.hasOwn(BOUNDED, name) && !name.startsWith('sqlite_')))
}

/** What reads a growing table and may, with its bound. */
export interface Exception {
  /** Is found in the statement, one space for every run of white space. */
  statement: RegExp
  /** Why what it reads is bounded. */
  because: string
}

export interface Refused {
  statement: string
  plan: string
}

const ASKS = /^\s*(select|insert|update|delete|with)\b/i

/** Says which statements read a growing table from end to end, by the plan of the engine. */
export interface Plans {
  check(statements: Iterable<string>): Promise<Refused[]>
  close(): Promise<void>
}

/** Statements are explained on the database of a running server, which has every index and hardly a row. */
export async function openPlans(latchkey: Latchkey, engine: Engine): Promise<Plans> {
  const explain = engine === 'sqlite' ? explainSqlite(latchkey.dataDir) : await explainPostgres(latchkey)
  return {
    async check(statements) {
      const refused: Refused[] = []
      for (const statement of new Set([...statements].map((each) => each.replace(/\s+/g, ' ').trim()))) {
        if (!ASKS.test(statement)) continue
        const plan = await explain.scans(statement)
        if (plan !== undefined) refused.push({ statement, plan })
      }
      return refused
    },
    close: explain.close,
  }
}

interface Explain {
  /** The part of the plan that reads a growing table; undefined: none does. */
  scans(statement: string): Promise<string | undefined>
  close(): Promise<void>
}

/** By the name that a statement gives a table. */
function tableOf(name: string, statement: string): string {
  const quoted = `["\`]?(?:\\w+["\`]?\\.["\`]?)?(\\w+)["\`]?\\s+(?:as\\s+)?["\`]?${name}["\`]?(?![\\w.])`
  const given = new RegExp(`\\b(?:from|join|update|into|,)\\s+${quoted}`, 'i').exec(statement)?.[1]
  return given === undefined || /^(where|set|on)$/i.test(given) ? name : given
}

function explainSqlite(dataDir: string): Explain {
  const files = ['latchkey.db', 'artifacts.db'].map(
    (file) => new SqliteDatabase(join(dataDir, file), { readonly: true }),
  )
  const growing = growingOf(
    files.flatMap((file) =>
      file
        .prepare<[], { name: string }>(
          "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'",
        )
        .all()
        .map(({ name }) => name),
    ),
  )
  const partial = new Set(
    files.flatMap((file) =>
      file
        .prepare<[], { name: string }>(
          "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'",
        )
        .all()
        .map(({ name }) => name),
    ),
  )
  return {
    async scans(statement) {
      let missing: unknown
      for (const file of files) {
        try {
          const explained = file.prepare<null[], { detail: string }>(`EXPLAIN QUERY PLAN ${statement}`)
          const marks = statement.match(/'(?:[^']|'')*'|\?/g)?.filter((found) => found === '?') ?? []
          const steps = explained.all(...marks.map(() => null))
          // “USING INDEX” of a SCAN is a walk along all of it, unless it holds but a part of the rows.
          return steps.find(({ detail }) => {
            const [, name, index] = /^SCAN (?:main\.)?(\w+)(?:.* INDEX (\w+))?/.exec(detail) ?? []
            return name !== undefined && growing.has(tableOf(name, statement)) && !partial.has(index ?? '')
          })?.detail
        } catch (error) {
          if (!/no such table|no such column/.test(String(error))) throw error
          missing = error
        }
      }
      throw missing
    },
    async close() {
      for (const file of files) file.close()
    },
  }
}

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  'Recheck Cond'?: string
  Plans?: Node[]
}

async function explainPostgres(latchkey: Latchkey): Promise<Explain> {
  const client = new pg.Client({ connectionString: latchkey.env.DATABASE_URL ?? '' })
  await client.connect()
  // The tables are empty: without this the planner takes a scan for cheapest, whatever index there is.
  await client.query('SET enable_seqscan = off')
  const partial = await client.query<{ name: string }>(
    'SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indpred IS NOT NULL',
  )
  const tables = await client.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace",
  )
  const growing = growingOf(tables.rows.map(({ name }) => name))
  const ofSome = new Set(partial.rows.map(({ name }) => name))
  const relationOf = (node: Node): string | undefined => node['Relation Name']
  const all = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(all)]
  const reads = (node: Node): boolean => {
    const type = node['Node Type']
    if (!growing.has(relationOf(node) ?? '')) return false
    if (type === 'Seq Scan') return true
    // Along the whole of an index, unless it holds but a part of the rows.
    if (!/^Index (Only )?Scan$/.test(type)) return false
    return node['Index Cond'] === undefined && !ofSome.has(node['Index Name'] ?? '')
  }
  return {
    async scans(statement) {
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
        `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${statement}`,
      )
      const found = all(rows[0]?.['QUERY PLAN'][0].Plan as Node).find(reads)
      return found && `${found['Node Type']} ${found['Index Name'] ?? ''} on ${relationOf(found)}`
    },
    close: () => client.end(),
  }
}
