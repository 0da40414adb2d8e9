import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash as argon2, argon2id, verify } from 'argon2'
import { afterAll, beforeAll, describe } from 'vitest'
import { endSignIns } from '../../src/accounts/store/generation.ts'
import { keepVerifiedPhone } from '../../src/accounts/store/phone.ts'
import type { EmailCodeMail } from '../../src/factors/codes/email-codes.ts'
import type { FactorEvent } from '../../src/factors/events.ts'
import { createFactors, type Factors } from '../../src/factors/factors.ts'
import type { FactorMail } from '../../src/factors/notices.ts'
import type { PasskeySettings } from '../../src/factors/passkeys/passkeys.ts'
import type { SmsOutcome } from '../../src/factors/phone/phone.ts'
import type { RecoveryEvent, RecoveryMail } from '../../src/factors/recovery/notices.ts'
import { hotp, stepAt } from '../../src/factors/totp/algorithm.ts'
import { secondFactorsOf } from '../../src/shared/second-factor.ts'
import { createSecrets } from '../../src/shared/secrets.ts'
import { createArtifactStore } from '../../src/storage/artifacts/artifact-store.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { migratedDatabase } from '../support/template.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const cheap = { type: argon2id, memoryCost: 1024, timeCost: 1, parallelism: 1 } as const

/** The code that an authenticator app shows: of a base32 secret, at a time in milliseconds. */
export function codeOf(secret: string, time: number): string {
  const bits = [...secret].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const bytes = (bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2))
  return hotp(Buffer.from(bytes), stepAt(time))
}

/** A code of six digits that is right at no time near this one. */
export function wrongCodeOf(secret: string, time: number): string {
  const near = [-60, -30, 0, 30, 60].map((seconds) => codeOf(secret, time + seconds * 1000))
  return (
    ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code)) ?? ''
  )
}

/** Factors on a database of their own, with a clock that stands still until it is moved. */
export interface FactorsFixture {
  factors: Factors
  db: Database
  events: (FactorEvent | RecoveryEvent)[]
  mails: (FactorMail | RecoveryMail | EmailCodeMail)[]
  /** Accounts whose sessions were ended, in order. */
  endedSessions: string[]
  /** argon2 operations since the last `clear`; `fail` lets the next one throw. */
  hashing: { verify: number; nothing: number; fail: boolean; clear(): void }
  settings: PasskeySettings & {
    rememberedDevicesDays: number
    recoveryDelayHours: number
    emailCodes: 'off' | 'on'
    phoneSignIn: 'off' | 'on'
  }
  /** Messages to phones, and what becomes of the next one. */
  sms: {
    on: boolean
    sent: { number: string; code: string; text: string }[]
    outcome: SmsOutcome
    during?: ((code: string) => Promise<void>) | undefined
  }
  readonly now: number
  later(seconds: number): void
  /** An account that has proven `<username>@example.org`. */
  account(username: string): Promise<string>
  /** An account with an authenticator app. The code of this moment is used up: move the clock on. */
  withApp(
    username: string,
  ): Promise<{ id: string; factorId: string; secret: string; recoveryCodes: string[] }>
  stored(
    accountId: string,
  ): Promise<{ secondFactors: string; secondFactorSince: Date | null; updatedAt: Date }>
}

/** Runs a suite on SQLite and on PostgreSQL. `fixture()` is filled in before the first test. */
export function forEachDatabase(name: string, suite: (fixture: () => FactorsFixture) => void): void {
  describe.each(['sqlite', 'postgresql'] as const)(`${name} on %s`, (engine) => {
    let fixture: FactorsFixture | undefined
    let close: (() => Promise<void>) | undefined
    beforeAll(async () => {
      const opened = await openFixture(engine)
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

async function openFixture(engine: 'sqlite' | 'postgresql') {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-factors-'))
  const databaseUrl = await migratedDatabase(engine, dataDir)
  let now = Date.UTC(2026, 10, 22, 12)
  const clock = (): number => now
  const db = await openDatabase({ databaseUrl, dataDir, clock })
  const hashing: FactorsFixture['hashing'] = {
    verify: 0,
    nothing: 0,
    fail: false,
    clear: () => void Object.assign(hashing, { verify: 0, nothing: 0, fail: false }),
  }
  const settings: FactorsFixture['settings'] = {
    passkeys: 'on',
    passkeyOrigins: [],
    rememberedDevicesDays: 30,
    recoveryDelayHours: 24,
    emailCodes: 'off',
    phoneSignIn: 'off',
  }
  const sms: FactorsFixture['sms'] = { on: true, sent: [], outcome: { kind: 'sent' } }
  const fixture: FactorsFixture = {
    db,
    settings,
    sms,
    events: [],
    mails: [],
    endedSessions: [],
    hashing,
    factors: createFactors({
      db,
      clock,
      artifacts: createArtifactStore(db.artifacts, { clock }),
      settings,
      endSignIns,
      keepVerifiedPhone,
      sms: {
        get on() {
          return sms.on
        },
        async send({ to, code, text, keep }) {
          if (sms.outcome.kind === 'refused' || sms.outcome.kind === 'limited') return sms.outcome
          if (!(await keep())) return { kind: 'failed' }
          await sms.during?.(code)
          sms.sent.push({ number: to.number, code, text })
          return sms.outcome
        },
      },
      sessions: { endAll: async (id) => void fixture.endedSessions.push(id) },
      secrets: createSecrets(randomBytes(32).toString('base64url')),
      issuer: 'https://id.example.com',
      events: (event) => fixture.events.push(event),
      mail: { send: (mail) => void fixture.mails.push(mail) },
      hasher: {
        hash: (text) => argon2(text, cheap),
        async verify(hash, text) {
          hashing.verify++
          if (hashing.fail) throw new Error('overloaded')
          return verify(hash, text)
        },
        async verifyNothing() {
          hashing.nothing++
          return false
        },
      },
      async findOwner(id) {
        const row = await db.prisma.account.findUnique({ where: { id } })
        return row ? { ...row, secondFactors: secondFactorsOf(row.secondFactors) } : undefined
      },
    }),
    get now() {
      return now
    },
    later(seconds) {
      now += seconds * 1000
    },
    async account(username) {
      const id = randomUUID()
      const at = new Date(now)
      const email = `${username}@example.org`
      const times = { authValidAfter: at, createdAt: at, updatedAt: at }
      await db.prisma.account.create({ data: { id, username, displayUsername: username, email, ...times } })
      return id
    },
    async withApp(username) {
      const id = await fixture.account(username)
      const { id: factorId, secret } = await fixture.factors.totp.begin(id)
      const confirmed = await fixture.factors.totp.confirm(
        { accountId: id, generation: 0 },
        factorId,
        codeOf(secret, now),
      )
      if (confirmed.kind !== 'confirmed') throw new Error(`not confirmed: ${confirmed.kind}`)
      return { id, factorId, secret, recoveryCodes: confirmed.recoveryCodes ?? [] }
    },
    stored: (id) =>
      db.prisma.account.findUniqueOrThrow({
        where: { id },
        select: { secondFactors: true, secondFactorSince: true, updatedAt: true },
      }),
  }
  const close = async (): Promise<void> => {
    await db.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  return { fixture, close }
}
