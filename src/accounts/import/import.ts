// People of another system, out of a file. What is in it is parsed a line at a time and stored a batch at a time, so that a
// large file neither fills the memory nor keeps the database from others.
//
//   bytes ─► lines ─► rows (JSON Lines, CSV) ─► person, or problems ─► batch of 500 ─► known already? skip : insert
//
// No mail is sent. An address that is not verified is proven after the first sign-in.
import type { AttributeRules } from '../../shared/attribute-values.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Accounts } from '../accounts.ts'
import type { SecurityEvents } from '../events.ts'
import { type ImportFormat, rowsOf } from './rows.ts'
import { type ImportedPerson, parsePerson } from './schema.ts'
import type { ImportStore, WholeImportStore } from './store.ts'

const BATCH = 500

/** Why a row of the file was not imported. */
export interface ImportProblem {
  line: number
  /** `existing`: an account here has the username or the address. */
  kind: 'refused' | 'existing'
  messages: readonly string[]
}

export interface ImportOptions {
  format: ImportFormat
  /** Looks at everything and stores nothing. */
  dryRun?: boolean
  /** Stores nothing if any row is refused or known already. */
  allOrNothing?: boolean
  /** Told of each row that is not imported, batch by batch. */
  tell(problem: ImportProblem): void
}

export interface ImportReport {
  rows: number
  imported: number
  existing: number
  refused: number
}

/** Ends the transaction of a file of which nothing may be stored. */
class Nothing extends Error {}

export function createImport(deps: {
  store: WholeImportStore
  clock: Clock
  events: SecurityEvents
  attributes: AttributeRules
}): Accounts['importUsers'] {
  const { store, clock, events, attributes } = deps

  const announce = (count: number): void => {
    if (count > 0) events.emit({ type: 'account.created', reason: 'import', count })
  }

  return async function importUsers(source, options) {
    const { format, dryRun = false, allOrNothing = false } = options
    const rows = rowsOf(source, format, attributes)
    if (!allOrNothing || dryRun) {
      const sink = dryRun ? { known: store.known, insert: async () => true } : store
      return run(rows, sink, {
        tell: options.tell,
        done: dryRun ? () => {} : announce,
        now: clock,
        attributes,
      })
    }
    const report: { last?: ImportReport } = {}
    try {
      await store.atOnce(async (whole) => {
        report.last = await run(rows, whole, { tell: options.tell, done: () => {}, now: clock, attributes })
        if (report.last.refused + report.last.existing > 0) throw new Nothing()
      })
    } catch (error) {
      if (!(error instanceof Nothing) || report.last === undefined) throw error
      return { ...report.last, imported: 0 }
    }
    announce(report.last?.imported ?? 0)
    return report.last ?? { rows: 0, imported: 0, existing: 0, refused: 0 }
  }
}

interface Row {
  line: number
  person: ImportedPerson
}

async function run(
  rows: ReturnType<typeof rowsOf>,
  store: ImportStore,
  {
    tell,
    done,
    now,
    attributes,
  }: {
    tell(problem: ImportProblem): void
    done(count: number): void
    now: Clock
    attributes: AttributeRules
  },
): Promise<ImportReport> {
  const report: ImportReport = { rows: 0, imported: 0, existing: 0, refused: 0 }
  const refuse = (line: number, kind: ImportProblem['kind'], messages: string[]): void => {
    report[kind]++
    tell({ line, kind, messages })
  }
  const isRepeated = findRepeated()
  let batch: Row[] = []

  const flush = async (): Promise<void> => {
    const fresh = await withoutKnown(batch, store, refuse)
    batch = []
    if (fresh.length === 0) return
    let stored = fresh.length
    if (!(await store.insert(fresh.map(({ person }) => person))))
      stored = await oneByOne(fresh, store, refuse)
    report.imported += stored
    done(stored)
  }

  for await (const { line, fields, problem } of rows) {
    report.rows++
    const parsed =
      fields === undefined
        ? { problems: [problem ?? 'cannot be read'] }
        : parsePerson(fields, now(), attributes)
    if ('problems' in parsed) {
      refuse(line, 'refused', parsed.problems)
      continue
    }
    const repeated = isRepeated(line, parsed.person)
    if (repeated.length > 0) refuse(line, 'refused', repeated)
    else batch.push({ line, person: parsed.person })
    if (batch.length >= BATCH) await flush()
  }
  if (batch.length > 0) await flush()
  return report
}

/** Names and addresses are once in a file. All of them are remembered: some 200 bytes a row. */
function findRepeated() {
  const seen = { username: new Map<string, number>(), email: new Map<string, number>() }
  return (line: number, { username, address, usernameAddress }: ImportedPerson): string[] => {
    const problems: string[] = []
    const first = { username: seen.username.get(username), email: seen.email.get(address) }
    // An address has to sign in one person.
    const owner = usernameAddress === null ? undefined : seen.email.get(usernameAddress)
    const named = seen.username.get(address)
    if (first.username !== undefined) problems.push(`username: is that of line ${first.username} too`)
    else if (owner !== undefined) problems.push(`username: is the address of line ${owner}`)
    if (first.email !== undefined) problems.push(`email: is that of line ${first.email} too`)
    else if (named !== undefined) problems.push(`email: is the username of line ${named}`)
    if (problems.length > 0) return problems
    seen.username.set(username, line)
    seen.email.set(address, line)
    return []
  }
}

type Refuse = (line: number, kind: ImportProblem['kind'], messages: string[]) => void

async function withoutKnown(batch: Row[], store: ImportStore, refuse: Refuse): Promise<Row[]> {
  const known = await store.known(batch.map(({ person }) => person))
  return batch.filter(({ line, person }) => {
    const messages: string[] = []
    if (known.usernames.has(person.username))
      messages.push(`username: ${person.displayUsername} exists already`)
    else if (person.usernameAddress !== null && known.emails.has(person.usernameAddress))
      messages.push(`username: ${person.displayUsername} is the address of an account`)
    if (known.emails.has(person.address))
      messages.push(`email: ${person.address} belongs to an account already`)
    if (messages.length > 0) refuse(line, 'existing', messages)
    return messages.length === 0
  })
}

/** One of the names was taken between look-up and insert. */
async function oneByOne(rows: Row[], store: ImportStore, refuse: Refuse): Promise<number> {
  let stored = 0
  for (const { line, person } of rows) {
    if (await store.insert([person])) stored++
    else refuse(line, 'existing', ['username or email: was taken just now'])
  }
  return stored
}
