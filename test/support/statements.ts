import SqliteDatabase from 'better-sqlite3'
import pg from 'pg'

type Method = (this: { source?: string }, ...parameters: unknown[]) => unknown

/** Prototypes of the drivers: whatever of ours asks the database, Prisma or a prepared statement, comes by here. */
const sqlite = Object.getPrototypeOf(new SqliteDatabase(':memory:').prepare('SELECT 1')) as Record<
  string,
  Method
>
const postgres = pg.Client.prototype as unknown as Record<string, Method>

const textOf = (query: unknown): string =>
  typeof query === 'string' ? query : String((query as { text?: unknown } | undefined)?.text)

/** Not asked of the data: where a transaction begins and ends. */
const FRAME = /^\s*(begin|commit|rollback|savepoint|release)\b/i

/**
 * The SQL statements that a piece of work takes on either engine, those of transactions beside (BEGIN and COMMIT are not
 * counted). For one test at a time: everything that the process asks during it is counted.
 */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const told: string[] = []
  const note = (text: string) => void (FRAME.test(text) || told.push(text.replace(/\s+/g, ' ').trim()))
  const restore: (() => void)[] = []
  const watch = (
    owner: Record<string, Method>,
    name: string,
    said: (self: { source?: string }, first: unknown) => string,
  ) => {
    const original = owner[name]
    if (original === undefined) throw new Error(`the driver has no ${name}`)
    owner[name] = function (...parameters) {
      note(said(this, parameters[0]))
      return original.apply(this, parameters)
    }
    restore.push(() => {
      owner[name] = original
    })
  }
  for (const name of ['run', 'get', 'all', 'iterate']) watch(sqlite, name, (self) => String(self.source))
  watch(postgres, 'query', (_, query) => textOf(query))
  try {
    await work()
  } finally {
    for (const undo of restore) undo()
  }
  return told
}
