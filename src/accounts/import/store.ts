import { randomUUID } from 'node:crypto'
import { attributesText } from '../../shared/attribute-values.ts'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { profileFields } from '../../shared/profile/fields.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/driver-errors.ts'
import type { Prisma } from '../../storage/generated/sqlite/client.ts'
import { sqlTime } from '../../storage/sql.ts'
import { wholeSecond } from '../store/generation.ts'
import type { ImportedPerson } from './schema.ts'

/** How long one transaction over a whole file may take, in milliseconds. */
const WHOLE_FILE = 3_600_000

/** What is known of the names of a batch. */
export interface Known {
  usernames: ReadonlySet<string>
  /** Proven addresses. */
  emails: ReadonlySet<string>
}

/** Imported people in the database, a batch at a time. */
export interface ImportStore {
  known(people: readonly ImportedPerson[]): Promise<Known>
  /** All of them or none. False: one has a username or a proven address that was taken since. */
  insert(people: readonly ImportedPerson[]): Promise<boolean>
}

/** Imported people in the database, and all of a file in one transaction. */
export interface WholeImportStore extends ImportStore {
  /**
   * Runs work in one transaction, for up to an hour. What it throws takes everything back.
   * @throws AppError import_conflict (409) when a name was taken since it was looked for
   */
  atOnce<Result>(work: (store: ImportStore) => Promise<Result>): Promise<Result>
}

type Connection = Pick<Prisma.TransactionClient, 'account' | '$executeRawUnsafe'>

export function createImportStore({
  db,
  clock,
}: {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
}): WholeImportStore {
  const { prisma } = db
  const statement = insertStatement(db.reads.dialect)

  const known = async (connection: Connection, people: readonly ImportedPerson[]): Promise<Known> => {
    const rows = await connection.account.findMany({
      where: {
        OR: [
          { username: { in: people.map(({ username }) => username) } },
          {
            email: {
              in: people.flatMap(({ address, usernameAddress: name }) => (name ? [address, name] : address)),
            },
          },
        ],
      },
      select: { username: true, email: true },
    })
    return {
      usernames: new Set(rows.map(({ username }) => username)),
      emails: new Set(rows.flatMap(({ email }) => email ?? [])),
    }
  }

  const insert = async (connection: Connection, people: readonly ImportedPerson[]): Promise<void> => {
    const now = new Date(clock())
    await connection.$executeRawUnsafe(statement, JSON.stringify(people.map((person) => stored(person, now))))
  }

  return {
    known: (people) => known(prisma, people),

    async insert(people) {
      try {
        await prisma.$transaction((tx) => insert(tx, people))
        return true
      } catch (error) {
        if (isUniqueViolation(error)) return false
        throw error
      }
    },

    atOnce: (work) =>
      prisma.$transaction(
        (tx) =>
          work({
            known: (people) => known(tx, people),
            insert: (people) =>
              insert(tx, people).then(
                () => true,
                (error: unknown) => {
                  throw isUniqueViolation(error) ? conflict(error) : error
                },
              ),
          }),
        { timeout: WHOLE_FILE, maxWait: 30_000 },
      ),
  }
}

const TEXT = [
  'id',
  'username',
  'display_username',
  'email',
  'pending_email',
  'password_hash',
  'address',
  'attributes',
  'role',
  ...profileFields.map(({ claim }) => claim),
]
const TIMES = ['disabled_at', 'auth_valid_after', 'password_changed_at', 'created_at', 'updated_at'] as const

/** One parameter, a JSON array of rows: the ORM takes ten times as long for a value each. */
function insertStatement(dialect: 'sqlite' | 'postgresql'): string {
  const columns = [...TEXT, ...TIMES, 'phone_verified']
  const into = `INSERT INTO accounts (${columns.join(', ')})`
  if (dialect === 'sqlite')
    return `${into} SELECT ${columns.map((name) => `value ->> '${name}'`).join(', ')} FROM json_each(?)`
  const types = [
    ...TEXT.map((name) => `${name} text`),
    ...TIMES.map((name) => `${name} timestamp(3)`),
    'phone_verified boolean',
  ]
  return `${into} SELECT ${columns.join(', ')} FROM jsonb_to_recordset($1::jsonb) AS row (${types.join(', ')})`
}

/**
 * `password_changed_at` is set, to now: it tells these accounts from those that people made here and never proved an
 * address for, which the clean-up deletes.
 */
function stored(person: ImportedPerson, now: Date): Record<string, string | boolean | null> {
  const { claims } = person
  const at = sqlTime(now)
  return {
    id: randomUUID(),
    username: person.username,
    display_username: person.displayUsername,
    email: person.verified ? person.address : null,
    pending_email: person.verified ? null : person.address,
    password_hash: person.passwordHash,
    ...Object.fromEntries(profileFields.map(({ claim, property }) => [claim, claims[property] ?? null])),
    address: claims.address ?? null,
    attributes: attributesText(person.attributes),
    phone_verified: claims.phoneVerified ?? false,
    role: 'user',
    disabled_at: person.disabled ? at : null,
    auth_valid_after: sqlTime(wholeSecond(now)),
    password_changed_at: at,
    created_at: person.createdAt === undefined ? at : sqlTime(person.createdAt),
    updated_at: at,
  }
}

const conflict = (cause: unknown): AppError =>
  new AppError(
    'import_conflict',
    409,
    'Somebody took one of these names meanwhile. Nothing was imported; run it again.',
    { cause },
  )
