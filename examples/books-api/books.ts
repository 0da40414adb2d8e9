import { randomUUID } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import type { BookFields, ListQuery } from './schemas.ts'

/** A row. `owner` is the `sub` of the token that made it. */
export interface Book {
  number: number
  id: string
  owner: string
  title: string
  author: string
  description: string | null
  year: number | null
  /** The random name of its cover's files (covers.ts). */
  cover: string | null
}

const TABLE = `
  CREATE TABLE IF NOT EXISTS books (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    owner       TEXT NOT NULL,
    title       TEXT NOT NULL,
    title_key   TEXT NOT NULL,
    search_key  TEXT NOT NULL,
    author      TEXT NOT NULL,
    description TEXT,
    year        INTEGER,
    cover       TEXT,
    UNIQUE (owner, title_key)
  ) STRICT`

/** For comparing, however it is written. SQLite itself folds ASCII only. */
const keyOf = (title: string) => title.normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, ' ')

const isDuplicate = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'SQLITE_CONSTRAINT_UNIQUE'

/** Every statement names the owner: nothing here can reach another person's book. */
export function createBooks(db: Database) {
  db.exec(TABLE)
  const statements = {
    list: db.prepare<[string, string, number, number], Book>(
      `SELECT * FROM books
       WHERE owner = ? AND instr(search_key, ?) > 0 AND number < ?
       ORDER BY number DESC LIMIT ?`,
    ),
    find: db.prepare<[string, string], Book>('SELECT * FROM books WHERE owner = ? AND id = ?'),
    titled: db.prepare<[string, string], { id: string }>(
      'SELECT id FROM books WHERE owner = ? AND title_key = ?',
    ),
    insert: db.prepare(
      `INSERT INTO books (id, owner, title, title_key, search_key, author, description, year, cover)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    update: db.prepare(
      `UPDATE books SET title = ?, title_key = ?, search_key = ?, author = ?, description = ?, year = ?, cover = ?
       WHERE owner = ? AND id = ?`,
    ),
    remove: db.prepare('DELETE FROM books WHERE owner = ? AND id = ?'),
    empty: db.prepare<[string], { cover: string | null }>(
      'DELETE FROM books WHERE owner = ? RETURNING cover',
    ),
    counts: db.prepare<[], { owner: string; books: number }>(
      'SELECT owner, count(*) AS books FROM books GROUP BY owner ORDER BY books DESC, owner',
    ),
  }
  const values = ({ title, author, description, year }: BookFields, cover: string | null) =>
    [
      title,
      keyOf(title),
      keyOf(`${title} ${author}`),
      author,
      description ?? null,
      year ?? null,
      cover,
    ] as const

  return {
    /** Newest first. */
    list(owner: string, { search = '', limit, cursor = Number.MAX_SAFE_INTEGER }: ListQuery) {
      const rows = statements.list.all(owner, keyOf(search), cursor, limit + 1)
      const items = rows.slice(0, limit)
      return { items, next: rows.length > limit ? items.at(-1)?.number : undefined }
    },
    find: (owner: string, id: string) => statements.find.get(owner, id),
    /** Whether another book of this owner has the title. */
    isTaken: (owner: string, title: string, except?: string) =>
      ![undefined, except].includes(statements.titled.get(owner, keyOf(title))?.id),
    /** Undefined: the owner has this title already. */
    add(owner: string, fields: BookFields, cover: string | null): Book | undefined {
      const id = randomUUID()
      return unlessTaken(() => {
        statements.insert.run(id, owner, ...values(fields, cover))
        return statements.find.get(owner, id)
      })
    },
    /** Undefined: another book of the owner has this title. */
    update(owner: string, id: string, fields: BookFields, cover: string | null): Book | undefined {
      return unlessTaken(() => {
        statements.update.run(...values(fields, cover), owner, id)
        return statements.find.get(owner, id)
      })
    },
    remove: (owner: string, id: string) => statements.remove.run(owner, id).changes > 0,
    /** Removes all of them. @returns the names of their covers */
    empty: (owner: string) => statements.empty.all(owner).map(({ cover }) => cover),
    /** How many books each owner has; the only read across owners, and it names no book. */
    counts: () => statements.counts.all(),
  }

  function unlessTaken<T>(write: () => T): T | undefined {
    try {
      return write()
    } catch (error) {
      if (isDuplicate(error)) return undefined
      throw error
    }
  }
}

export type Books = ReturnType<typeof createBooks>
