import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash as argon2, argon2id, verify } from 'argon2'
import { afterAll, beforeAll, describe } from 'vitest'
import type { Accounts } from '../../src/accounts/accounts.ts'
import { createAccounts } from '../../src/accounts/create-accounts.ts'
import type { AccountEvent } from '../../src/accounts/events.ts'
import type { Hasher } from '../../src/accounts/passwords/hashing.ts'
import { createMailer, type Mailer } from '../../src/mail/mailer.ts'
import { createSecrets } from '../../src/shared/secrets.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { type ReceivedMail, readOutbox } from '../support/mailbox.ts'
import { openQueue } from '../support/queue.ts'
import { migratedDatabase } from '../support/template.ts'

export const password = 'glass-otter-72-harbour'
export const otherPassword = 'velvet piano under 9 moons'
export const codeKey = randomBytes(32)

/** Accounts on a database of their own, with a clock that stands still until it is moved. */
export interface AccountsFixture {
  accounts: Accounts
  db: Database
  mailer: Mailer
  events: AccountEvent[]
  /** Every `endAll` and `forgetConsents`, in order. */
  ended: {
    accountId: string
    except?: { sessionUid: string; generation: number } | undefined
    forgotten?: true
  }[]
  /** argon2 operations since the last `clear`. */
  hashing: {
    verify: number
    hash: number
    nothing: number
    clear(): void
    /** Runs once, in the middle of the next `verify`. */
    during: (() => Promise<void>) | undefined
  }
  /** Milliseconds since the epoch. */
  readonly now: number
  later(seconds: number): void
  /** What was sent to an address so far, oldest first, once everything has been sent. */
  mailsTo(email: string): Promise<ReceivedMail[]>
  lastMailTo(email: string): Promise<ReceivedMail>
  register(username: string, email?: string): Promise<string>
  /** An account that has proven `<username>@example.org`. */
  verified(username: string): Promise<string>
  /** Stores a request of a mail (`Mailer.deferred`) as another version of the server has written it. */
  storeDeferred(name: string, data: object): Promise<void>
  /** A second program on the same database, as another process would be. */
  neighbour(): Accounts
}

const cheap = { type: argon2id, memoryCost: 1024, timeCost: 1, parallelism: 1 } as const

/** argon2 at a hundredth of its price, for suites that are about something else. */
const quickHasher: Hasher = {
  hash: (typed) => argon2(typed, cheap),
  verify,
  verifyNothing: async () => false,
  needsRehash: () => false,
  assertCapacity: () => undefined,
  load: { running: 0, waiting: 0 },
}

/** Runs a suite on SQLite and on PostgreSQL. `fixture()` is filled in before the first test. */
export function forEachDatabase(
  name: string,
  suite: (fixture: () => AccountsFixture) => void,
  options: { settings?: object; hasher?: Hasher } = {},
): void {
  describe.each(['sqlite', 'postgresql'] as const)(`${name} on %s`, (engine) => {
    let fixture: AccountsFixture | undefined
    let close: (() => Promise<void>) | undefined
    beforeAll(async () => {
      const opened = await openFixture(engine, options)
      fixture = opened.fixture
      close = opened.close
    })
    afterAll(() => close?.())
    suite(() => {
      if (!fixture) throw new Error('the fixture is not open yet')
      return fixture
    })
  })
}

async function openFixture(engine: 'sqlite' | 'postgresql', options: { settings?: object; hasher?: Hasher }) {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-accounts-'))
  const outboxDir = join(dataDir, 'outbox')
  const databaseUrl = await migratedDatabase(engine, dataDir)
  const issuer = 'https://id.example.com'
  let now = Date.UTC(2026, 10, 22, 12)
  const clock = (): number => now
  const db = await openDatabase({ databaseUrl, dataDir, clock })
  const errors: object[] = []
  const queue = openQueue(db, { clock })
  let mails: ReturnType<typeof queue.open> | undefined
  const mailer = createMailer({
    queue: {
      open(courier) {
        mails = queue.open(courier)
        return mails
      },
    },
    outboxDir,
    issuer,
    clock,
    logger: { info: () => undefined, error: (facts) => errors.push(facts) },
  })
  const real = options.hasher ?? quickHasher
  const hashing: AccountsFixture['hashing'] = {
    verify: 0,
    hash: 0,
    nothing: 0,
    clear: () => void Object.assign(hashing, { verify: 0, hash: 0, nothing: 0 }),
    during: undefined,
  }
  const counted = <T>(operation: 'hash' | 'verify' | 'nothing', result: T): T => {
    hashing[operation]++
    return result
  }
  const hasher: Hasher = {
    hash: (text) => counted('hash', real.hash(text)),
    async verify(hash, text) {
      const right = await counted('verify', real.verify(hash, text))
      const { during } = hashing
      hashing.during = undefined
      await during?.()
      return right
    },
    verifyNothing: (text) => counted('nothing', real.verifyNothing(text)),
    needsRehash: real.needsRehash,
    assertCapacity: real.assertCapacity,
    get load() {
      return real.load
    },
  }
  const build = (): Accounts =>
    createAccounts({
      db,
      clock,
      mailer,
      hasher,
      issuer,
      codeKey: createSecretKey(codeKey),
      secrets: createSecrets('k'.repeat(32)),
      events: { emit: (event) => fixture.events.push(event) },
      sessions: {
        endAll: async (accountId, { except } = {}) => {
          fixture.ended.push({ accountId, except })
        },
        forgetConsents: async (accountId) => {
          fixture.ended.push({ accountId, forgotten: true })
        },
      },
      settings: {
        passwordMinLength: 15,
        passwordMinLengthWithSecondFactor: 8,
        passwordWords: [],
        lockoutFailures: 5,
        lockoutSeconds: 900,
        verificationTtl: 86_400,
        resetTtl: 3600,
        ...options.settings,
      },
    })

  const fixture: AccountsFixture = {
    accounts: build(),
    db,
    mailer,
    events: [],
    ended: [],
    hashing,
    get now() {
      return now
    },
    later(seconds) {
      now += seconds * 1000
    },
    async mailsTo(email) {
      await mailer.idle()
      if (errors.length > 0) throw new Error(`mail failed: ${JSON.stringify(errors)}`)
      return (await readOutbox(outboxDir)).filter((mail) => mail.to === email)
    },
    async lastMailTo(email) {
      const mail = (await fixture.mailsTo(email)).at(-1)
      if (!mail) throw new Error(`no mail to ${email}`)
      return mail
    },
    async register(username, email = `${username}@example.org`) {
      return (await fixture.accounts.register({ username, email, password })).accountId
    },
    async verified(username) {
      const account = await fixture.accounts.createByAdmin({
        username,
        email: `${username}@example.org`,
        password,
        verified: true,
      })
      return account.id
    },
    async storeDeferred(name, data) {
      const context = { actor: { kind: 'server' } }
      await mails?.add([{ payload: JSON.stringify({ deferred: name, data, context, locale: 'en' }) }])
    },
    neighbour: build,
  }
  const close = async (): Promise<void> => {
    await mailer.close()
    await db.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  return { fixture, close }
}
