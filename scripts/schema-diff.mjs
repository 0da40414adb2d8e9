// The difference between two Prisma schemas, or between a live SQLite database and a schema, as SQL. Prisma's schema
// engine runs in WebAssembly here: nothing is downloaded, and no database server is needed.
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { SchemaEngine } from '@prisma/schema-engine-wasm'

const noFilters = { externalTables: ['_prisma_migrations'], externalEnums: [] }

/** `from` and `to` as the engine takes them: see `schema`, `empty` and `database` below. */
const diff = async (from, to, url = ':memory:') => {
  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaBetterSqlite3({ url }))
  const engine = await SchemaEngine.new({ datamodels: undefined }, () => undefined, factory)
  try {
    const { stdout } = await engine.diff({ from, to, script: true, exitCode: null, filters: noFilters })
    return stdout ?? ''
  } finally {
    engine.free()
  }
}

const schema = (content) => ({ tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] })

/** SQL that turns what `before` describes (undefined: nothing) into what `after` describes. */
export const diffSchemas = (before, after) =>
  diff(before === undefined ? { tag: 'empty' } : schema(before), schema(after))

/** SQL that turns the SQLite database in a file into what the schema describes; a comment when nothing is to do. */
export const diffDatabase = (path, after) => diff({ tag: 'url', url: `file:${path}` }, schema(after), path)
