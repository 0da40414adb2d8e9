import type { Sql, SqlValue, Step } from '../sql.ts'
import { type ArtifactStatements, VALUES } from './statements.ts'

/** The parameters of a unit of work, by its statements. */
export interface UnitParameters {
  consume: { by: 'consume' | 'consumeInGrace'; parameters: SqlValue[] } | undefined
  /** Of `upsert`, for each artefact. */
  store: SqlValue[][]
  /** How a session is saved, and the hash of the id that it has to have. */
  session: { by: 'changeSession' | 'touchSession'; parameters: SqlValue[]; idHash: string } | undefined
}

const typed = `(${[...Array(8).fill('TEXT'), 'BIGINT', 'BIGINT'].map((type) => `CAST(? AS ${type})`).join(', ')})`

/** Several artefacts, the parameters of one after those of another. */
export const upsertAll = ({ upsert }: ArtifactStatements, count: number): string =>
  upsert.replace(VALUES, `${VALUES}${VALUES.replace('VALUES', ',').repeat(count - 1)}`)

/** What a unit consists of, for its text. */
type Kind = {
  consume: NonNullable<UnitParameters['consume']>['by'] | undefined
  store: number
  session: NonNullable<UnitParameters['session']>['by'] | undefined
}

/** A unit as one statement of PostgreSQL. */
export function composeUnit(statements: ArtifactStatements, { consume, store, session }: Kind): string {
  const used = consume ? 'EXISTS (SELECT 1 FROM used)' : 'TRUE'
  const given = `SELECT * FROM (VALUES ${Array(store).fill(typed).join(', ')}) AS given WHERE ${used}`
  const parts = [
    ...(consume ? [`used AS (${statements[consume]} RETURNING 1)`] : []),
    ...(store > 0 ? [`stored AS (${statements.upsert.replace(VALUES, given)})`] : []),
    ...(session
      ? [`changed AS (${statements[session].replace(' RETURNING', ` AND ${used} RETURNING`)})`]
      : []),
  ]
  return `WITH ${parts.join(', ')} SELECT
    ${consume ? '(SELECT COUNT(*) FROM used)' : '1'} AS used,
    ${session ? '(SELECT COUNT(*) FROM changed WHERE id_hash = CAST(? AS TEXT))' : '1'} AS saved`
}

/**
 * Writes the units of work of a database (store.ts). On SQLite its statements share a transaction with what else is written in this
 * turn of the event loop (sqlite/writes.ts). On PostgreSQL they are parts of one statement, which is one round trip and one commit: the
 * second use of a code waits there for the row that the first one has locked, finds it used, and stores nothing.
 */
export function createUnits(sql: Sql, statements: ArtifactStatements) {
  const composed = new Map<string, string>()

  /** Each distinct text is prepared once a connection: there is one for what each kind of request writes. */
  function textOf(key: string, compose: () => string): string {
    const known = composed.get(key)
    if (known !== undefined) return known
    const text = compose()
    composed.set(key, text)
    return text
  }

  async function onPostgres(unit: UnitParameters) {
    const { consume, store, session } = unit
    const text = textOf(`${consume?.by} ${store.length} ${session?.by}`, () =>
      composeUnit(statements, { consume: consume?.by, store: store.length, session: session?.by }),
    )
    const row = await sql.get<{ used: number; saved: number }>(text, [
      ...(consume?.parameters ?? []),
      ...store.flat(),
      ...(session ? [...session.parameters, session.idHash] : []),
    ])
    return { used: row?.used === 1, saved: (row?.saved ?? 0) > 0 }
  }

  async function onSqlite(
    together: (steps: readonly Step[]) => Promise<(number | unknown[])[]>,
    { consume, store, session }: UnitParameters,
  ) {
    const steps: Step[] = []
    if (consume)
      steps.push({ statement: statements[consume.by], parameters: consume.parameters, decides: true })
    if (store.length > 0) {
      const statement = textOf(`${store.length}`, () => upsertAll(statements, store.length))
      steps.push({ statement, parameters: store.flat() })
    }
    if (session) steps.push({ statement: statements[session.by], parameters: session.parameters })
    const taken = await together(steps)
    const used = consume === undefined || taken[0] === 1
    const changed = (session ? taken[steps.length - 1] : undefined) as { id_hash: string }[] | undefined
    return {
      used,
      saved: session === undefined || (changed ?? []).some(({ id_hash }) => id_hash === session.idHash),
    }
  }

  return (unit: UnitParameters): Promise<{ used: boolean; saved: boolean }> =>
    sql.dialect === 'sqlite' ? onSqlite(sql.together, unit) : onPostgres(unit)
}
