// Prisma's schema engine, run in WebAssembly: nothing is downloaded and no database server is needed.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import {
  type DiagnoseMigrationHistoryOutput,
  type DiffTarget,
  type MigrationList,
  SchemaEngine,
} from '@prisma/schema-engine-wasm'

/** The SQLite adapter serves for both providers: a difference between two schemas asks no database. */
const withEngine = async <T>(path: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> => {
  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaBetterSqlite3({ url: path }))
  const engine = await SchemaEngine.new({ datamodels: undefined }, () => undefined, factory)
  try {
    return await work(engine)
  } finally {
    engine.free()
  }
}

const filters = { externalTables: ['_prisma_migrations'], externalEnums: [] }

const diff = (path: string, from: DiffTarget, to: DiffTarget): Promise<string> =>
  withEngine(path, async (engine) => {
    const { stdout } = await engine.diff({ from, to, script: true, exitCode: null, filters })
    return stdout ?? ''
  })

const file = (content: string) => ({ path: 'schema.prisma', content })
const schema = (content: string): DiffTarget => ({ tag: 'schemaDatamodel', files: [file(content)] })

/** Whether a difference has any statement in it, or only comments. */
export const isEmptyDifference = (sql: string): boolean => !/^\s*[^-\s]/m.test(sql)

/** SQL that turns what one schema describes (undefined: nothing) into what the other describes. */
export const diffSchemas = (before: string | undefined, after: string): Promise<string> =>
  diff(':memory:', before === undefined ? { tag: 'empty' } : schema(before), schema(after))

/** SQL that turns a SQLite file, as it is, into what the schema describes. */
export const diffDatabase = (path: string, after: string): Promise<string> =>
  diff(path, { tag: 'schemaDatasource', files: [file(after)], configDir: '' }, schema(after))

/** What `prisma migrate status` would find in a SQLite file, given a folder of migrations. */
export const diagnoseHistory = (path: string, folder: string): Promise<DiagnoseMigrationHistoryOutput> =>
  withEngine(path, (engine) =>
    engine.diagnoseMigrationHistory({
      migrationsList: migrationList(folder),
      optInToShadowDatabase: false,
      filters: { externalTables: [], externalEnums: [] },
    }),
  )

const migrationList = (folder: string): MigrationList => ({
  baseDir: folder,
  lockfile: {
    path: 'migration_lock.toml',
    content: readFileSync(join(folder, 'migration_lock.toml'), 'utf8'),
  },
  shadowDbInitScript: '',
  migrationDirectories: readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(folder, name, 'migration.sql'), 'utf8') },
      },
    })),
})
