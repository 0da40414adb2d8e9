// This room owns: what second factors an account has, and verifying a sign-in by one. It does not own: when a second factor is
// asked for (the sessions and prompts of src/oidc, by acr), and what a password is (src/accounts).
//
//   a code ──> counted as wrong (failures.ts) ──> checked by its kind ──> right: used up, the count cleared
//   all of them lost ──> recovery/, which removes them after a delay in which their owner can stop it
//   a factor added or removed ──> store/kinds.ts: rows, and what the account says of them, in one transaction ──> notices.ts
import type { Clock } from '../shared/clock.ts'
import type { SecondFactor, Verification, VerificationMethod } from '../shared/second-factor.ts'
import type { Secrets } from '../shared/secrets.ts'
import type { ArtifactStore } from '../storage/artifacts/store.ts'
import type { Database } from '../storage/database.ts'
import { type AppPasswords, createAppPasswords } from './app-passwords/app-passwords.ts'
import { createAppPasswordStore } from './app-passwords/store.ts'
import {
  createEmailCodes,
  type EmailCodeMail,
  type EmailCodeSettings,
  type EmailCodes,
} from './codes/email-codes.ts'
import { createResendCountdowns, type ResendCountdowns } from './codes/resend-countdown.ts'
import type { FactorEvent } from './events.ts'
import { createLimit, createLockedUntil } from './failures.ts'
import { createNotices, type FactorMail } from './notices.ts'
import type { FactorChanger, FindOwner } from './owner.ts'
import { createPasskeys, type PasskeySettings, type Passkeys } from './passkeys/passkeys.ts'
import { createPhones, type Phones, type SmsOut } from './phone/phone.ts'
import { createPhoneStore, type KeepVerifiedPhone } from './phone/store.ts'
import { createRecoveryNotices, type RecoveryEvent, type RecoveryMail } from './recovery/notices.ts'
import { createRecovery, type Recovery, type RecoverySettings } from './recovery/recovery.ts'
import { createRecoveryStore, type EndSignIns } from './recovery/store.ts'
import { type CodeHasher, createRecoveryCodes, type RecoveryCodes } from './recovery-codes/recovery-codes.ts'
import { createRecoveryCodeStore } from './recovery-codes/store.ts'
import {
  createRememberedBrowsers,
  type RememberedBrowsers,
  type RememberedSettings,
} from './remembered-browsers/remembered-browsers.ts'
import { createRememberedBrowserStore } from './remembered-browsers/store.ts'
import { createFailureStore } from './store/failures.ts'
import { createTotpStore } from './totp/store.ts'
import { createTotp, type Totp } from './totp/totp.ts'

/** A factor as its owner sees it. Times are milliseconds since the epoch. */
export interface FactorView {
  id: string
  kind: SecondFactor
  /** Where its kind has names. */
  name?: string
  createdAt: number
  lastUsedAt: number | null
}

/** The front door of the room. Times are milliseconds since the epoch. */
export interface Factors {
  /** The factors that a sign-in can be verified by, and how many recovery codes are left. */
  list(accountId: string): Promise<{ factors: FactorView[]; recoveryCodesLeft: number }>
  /**
   * What a sign-in of this account can be verified by, the strongest first; none: nothing beside its password. One statement, and none
   * for an account without a factor.
   */
  methodsOf(account: {
    id: string
    secondFactors: readonly SecondFactor[]
    email?: string | null
    role?: string
  }): Promise<VerificationMethod[]>
  /**
   * Whether a code verifies a sign-in of the account. Of the wrong ones at most five in 15 minutes are checked, for each
   * account and kind; each right one works once, and stops a recovery. A method that the account does not have is `wrong`.
   * @throws AppError overloaded (503): nothing was counted
   */
  verify(attempt: { accountId: string; method: VerificationMethod; code: string }): Promise<Verification>
  /** One of any kind. Owner told by mail, `factor.removed`. False: the account has none of this id, or the sign-in has ended. */
  remove(by: FactorChanger, id: string): Promise<boolean>
  totp: Totp
  passkeys: Passkeys
  recoveryCodes: Omit<RecoveryCodes, 'prepare'>
  appPasswords: AppPasswords
  rememberedBrowsers: RememberedBrowsers
  recovery: Recovery
  emailCodes: EmailCodes
  resendCountdowns: ResendCountdowns
  phones: Phones
  /** Deletes a batch of what has expired. Returns how many rows went. */
  purge(limit?: number): Promise<number>
}

export interface FactorsDependencies {
  db: Database
  clock: Clock
  artifacts: Pick<ArtifactStore, 'insert' | 'upsert' | 'find' | 'destroy'>
  secrets: Pick<Secrets, 'seal' | 'open' | 'key'>
  hasher: CodeHasher
  events: (event: FactorEvent | RecoveryEvent) => void
  mail: { send(mail: FactorMail | RecoveryMail | EmailCodeMail): void }
  /** The base of every link; its host is what authenticator apps show. */
  issuer: string
  /** Read at each use. */
  settings: PasskeySettings &
    RememberedSettings &
    RecoverySettings &
    EmailCodeSettings & { readonly phoneSignIn: 'off' | 'on' }
  findOwner: FindOwner
  sms: SmsOut
  keepVerifiedPhone: KeepVerifiedPhone
  /** A user agent in words, for mails; undefined: it is none that people know. */
  describeDevice?: ((userAgent: string) => string | undefined) | undefined
  /** Raises the generation of an account's sign-ins, in the transaction that removes its factors. */
  endSignIns: EndSignIns
  sessions: { endAll(accountId: string): Promise<void> }
}

/** The method that shows a factor of a kind. */
const METHOD_OF: Readonly<Record<SecondFactor, VerificationMethod>> = {
  passkey: 'passkey',
  totp: 'totp',
  phone: 'sms',
}

export function createFactors(deps: FactorsDependencies): Factors {
  const { db, clock } = deps
  const notices = createNotices(deps)
  const failures = createFailureStore(db)
  const limit = createLimit({
    ...{ store: failures, clock, wrong: notices.codeWrong },
    key: deps.secrets.key('used-codes'),
  })
  const remembered = createRememberedBrowserStore(deps)
  const shared = { ...deps, limit, notices }
  const lockedUntil = createLockedUntil({ store: failures, clock })
  const codes = createRecoveryCodes({ ...shared, store: createRecoveryCodeStore(deps) })
  const totp = createTotp({ ...shared, codes, store: createTotpStore(deps) })
  const passkeys = createPasskeys({
    ...shared,
    codes,
    key: deps.secrets.key('passkeys'),
    issuer: new URL(deps.issuer),
  })
  const { prepare: _, ...recoveryCodes } = codes
  const recovery = createRecovery({
    ...deps,
    failures,
    store: createRecoveryStore(deps),
    notices: createRecoveryNotices(deps),
    endSessions: deps.sessions.endAll,
  })

  const phoneStore = createPhoneStore(deps)
  const phones = createPhones({
    ...shared,
    lockedUntil,
    codes,
    store: phoneStore,
    key: deps.secrets.key('sms-codes'),
  })
  const emailCodes = createEmailCodes({
    ...shared,
    failures,
    lockedUntil,
    key: deps.secrets.key('email-codes'),
  })

  /** A person who has shown a second factor has not lost them all. */
  async function shown(accountId: string): Promise<void> {
    await recovery.stop(accountId, 'second_factor')
  }

  /** Those that are shown by typing a code. */
  const checks: Partial<
    Record<VerificationMethod, (accountId: string, code: string) => Promise<Verification>>
  > = {
    totp: totp.verify,
    recovery_code: codes.use,
    email: (accountId, code) => emailCodes.verify(accountId, code),
    sms: phones.verify,
  }

  return {
    resendCountdowns: createResendCountdowns({ failures, clock }),
    totp,
    passkeys: {
      ...passkeys,
      async verifySignIn(...credential) {
        const outcome = await passkeys.verifySignIn(...credential)
        if (outcome.kind === 'verified') await shown(outcome.accountId)
        return outcome
      },
    },
    recoveryCodes,
    recovery,
    emailCodes,
    phones,
    appPasswords: createAppPasswords({ ...shared, store: createAppPasswordStore(deps) }),
    rememberedBrowsers: createRememberedBrowsers({ ...shared, store: remembered }),

    async list(accountId) {
      const app = await totp.find(accountId)
      const apps: FactorView[] = app
        ? [
            {
              id: app.id,
              kind: 'totp',
              createdAt: Number(app.confirmedAt),
              lastUsedAt: app.lastUsedAt && Number(app.lastUsedAt),
            },
          ]
        : []
      const keys = (await passkeys.list(accountId)).map(
        ({ id, name, createdAt, lastUsedAt }): FactorView => ({
          ...{ id, kind: 'passkey', name, createdAt, lastUsedAt },
        }),
      )
      const phone = await phones.find(accountId)
      const numbers: FactorView[] = phone
        ? [
            {
              id: phone.id,
              kind: 'phone',
              name: phone.number,
              createdAt: Number(phone.createdAt),
              lastUsedAt: phone.lastUsedAt && Number(phone.lastUsedAt),
            },
          ]
        : []
      const factors = [...keys, ...apps, ...numbers]
      return { factors, recoveryCodesLeft: await codes.left(accountId) }
    },

    async methodsOf(account) {
      const { id, secondFactors, role = 'user' } = account
      if (secondFactors.length === 0) return emailCodes.suit(account) ? ['email'] : []
      const bySms = phones.suit({ secondFactors, role })
      const own = secondFactors.map((kind) => METHOD_OF[kind]).filter((method) => method !== 'sms' || bySms)
      const all: VerificationMethod[] = (await codes.left(id)) > 0 ? [...own, 'recovery_code'] : own
      // Without a gateway there is another way, or the page says why there is none.
      return phones.on || all.length === 1 ? all : all.filter((method) => method !== 'sms')
    },

    async verify({ accountId, method, code }) {
      const outcome = (await checks[method]?.(accountId, code)) ?? { kind: 'wrong' }
      // A code by email shows the mailbox, which who has lost every factor has still.
      if (outcome.kind === 'verified' && method !== 'email') await shown(accountId)
      return outcome
    },

    async remove(by, id) {
      return (
        (await totp.remove(by, id)) ||
        (await passkeys.remove(by, id)) !== undefined ||
        (await phones.remove(by, id))
      )
    },

    async purge(rows = 1000) {
      const ended = await failures.deleteEnded({ before: new Date(clock()), limit: rows })
      return (
        ended +
        (await phoneStore.deleteExpired(rows)) +
        (await remembered.deleteExpired(rows)) +
        (await recovery.purge(rows))
      )
    },
  }
}
