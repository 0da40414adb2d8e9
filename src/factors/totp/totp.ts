import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { Verification } from '../../shared/second-factor.ts'
import type { Secrets } from '../../shared/secrets.ts'
import { toBase32 } from '../base32.ts'
import type { Refusal, WithinLimit } from '../failures.ts'
import type { Notices } from '../notices.ts'
import type { FactorChanger, FindOwner } from '../owner.ts'
import type { RecoveryCodes } from '../recovery-codes/recovery-codes.ts'
import { matchingStep } from './algorithm.ts'
import type { TotpRow, TotpStore } from './store.ts'

/** RFC 4226 §4, R6: 160 bits. */
const SECRET_BYTES = 20
/** How long an app can be set up before one begins anew, in milliseconds. */
const SETUP_TTL = 3_600_000

/** As many as are looked at to tell whether the SECRET_KEY is still that of before. */
const SAMPLE = 500

/** What an authenticator app is given to hold. It is a secret: show it to its owner, and never again once it is confirmed. */
export interface TotpSetup {
  id: string
  /** base32 (RFC 4648), without padding */
  secret: string
  /** `otpauth://totp/…`, for a QR code */
  uri: string
}

/** `recoveryCodes`: the person has a second factor for the first time, and these were made; they are never shown again. */
export type Confirmation = { kind: 'confirmed'; recoveryCodes?: string[] } | Refusal

/** Codes of an authenticator app (RFC 6238). */
export interface Totp {
  /**
   * Makes a secret for an app. It counts for nothing before a code of it was right; one that was begun earlier and not
   * finished is gone. Ask for a fresh sign-in first.
   * @throws AppError account_not_found (404)
   */
  begin(accountId: string): Promise<TotpSetup>
  /** What `begin` gave, to show it once more beside a wrong code. Undefined: confirmed, too old, another account's. */
  pending(accountId: string, id: string): Promise<TotpSetup | undefined>
  /**
   * Makes the app count, by a code of it; an app that did before counts no more. Owner told by mail, `factor.added`.
   * @throws AppError factor_not_found (404): it was confirmed already, is too old or another account's, or the sign-in has ended
   */
  confirm(by: FactorChanger, id: string, code: string): Promise<Confirmation>
  /**
   * Whether a code is of the account's app. Each time step counts once, and none before it afterwards.
   * @throws AppError authenticator_lost (409): its secret was sealed under another SECRET_KEY; nothing is counted
   */
  verify(accountId: string, code: string): Promise<Verification>
  /** Undefined: the account has none. */
  find(accountId: string): Promise<Pick<TotpRow, 'id' | 'confirmedAt' | 'lastUsedAt'> | undefined>
  /** Of a sample of the apps, those whose secret cannot be read with this SECRET_KEY. */
  lost(): Promise<number>
  /** False: the account has none of this id, or the sign-in has ended. Owner told by mail, `factor.removed`. */
  remove(by: FactorChanger, id: string): Promise<boolean>
}

export function createTotp(deps: {
  store: TotpStore
  clock: Clock
  secrets: Pick<Secrets, 'seal' | 'open'>
  limit: WithinLimit
  codes: Pick<RecoveryCodes, 'prepare'>
  notices: Notices
  findOwner: FindOwner
  /** Its host is what an app calls the account's server. */
  issuer: string
}): Totp {
  const { store, clock, secrets, limit, notices } = deps
  const service = new URL(deps.issuer).host
  const context = (accountId: string, id: string): string => `totp:${accountId}:${id}`
  /** Undefined: it was sealed under another SECRET_KEY. */
  function opened(accountId: string, row: TotpRow): Buffer | undefined {
    try {
      return Buffer.from(secrets.open(row.sealedSecret, context(accountId, row.id)), 'base64url')
    } catch (error) {
      if (error instanceof AppError && error.code === 'secret_key_mismatch') return undefined
      throw error
    }
  }

  const ownerOf = async (accountId: string) => {
    const owner = await deps.findOwner(accountId)
    if (!owner) throw new AppError('account_not_found', 404, message('error.noAccount'))
    return owner
  }

  const setupOf = (id: string, username: string, bytes: Buffer): TotpSetup => {
    const secret = toBase32(bytes)
    const [name, label] = [service, username].map(encodeURIComponent)
    const uri = `otpauth://totp/${name}:${label}?secret=${secret}&issuer=${name}&algorithm=SHA1&digits=6&period=30`
    return { id, secret, uri }
  }

  const findPending = async (accountId: string, id: string): Promise<Buffer | undefined> => {
    const row = await store.pending(accountId, id, new Date(clock() - SETUP_TTL))
    return row && opened(accountId, row)
  }

  return {
    async begin(accountId) {
      const owner = await ownerOf(accountId)
      const bytes = randomBytes(SECRET_BYTES)
      const id = randomUUID()
      const sealedSecret = secrets.seal(bytes.toString('base64url'), context(accountId, id))
      if (!(await store.begin(accountId, { id, sealedSecret }))) await ownerOf(accountId)
      return setupOf(id, owner.displayUsername, bytes)
    },

    async pending(accountId, id) {
      const secret = await findPending(accountId, id)
      if (!secret) return undefined
      const owner = await ownerOf(accountId)
      return setupOf(id, owner.displayUsername, secret)
    },

    async confirm({ accountId, generation }, id, code) {
      const secret = await findPending(accountId, id)
      if (!secret) throw setupGone()
      const checked = await limit(accountId, 'totp_setup', `${id} ${code}`, async (matches) => {
        const step = matchingStep(secret, withoutSpaces(code), clock())
        if (step !== undefined) await matches()
        return step
      })
      if (checked.kind !== 'right') return checked
      const owner = await ownerOf(accountId)
      const first = owner.secondFactors.length === 0 ? await deps.codes.prepare() : undefined
      const changed = await store.confirm({ accountId, generation, id, step: checked.found }, first?.stored)
      if (!changed) throw setupGone()
      notices.added(owner, 'totp')
      return {
        kind: 'confirmed',
        ...(first && changed.codesStored && { recoveryCodes: first.codes }),
      }
    },

    async verify(accountId, code) {
      const checked = await limit(accountId, 'totp', code, async (matches) => {
        const row = await store.confirmed(accountId)
        if (!row) return undefined
        const secret = opened(accountId, row)
        if (!secret) throw authenticatorLost()
        const step = matchingStep(secret, withoutSpaces(code), clock())
        if (step === undefined || step <= row.lastStep) return undefined
        await matches()
        return (await store.useStep(row.id, step)) ? true : undefined
      })
      return checked.kind === 'right' ? { kind: 'verified', amr: ['otp'] } : checked
    },

    find: (accountId) => store.confirmed(accountId),

    async lost() {
      const some = await store.some(SAMPLE)
      return some.filter((row) => opened(row.accountId, row) === undefined).length
    },

    async remove(by, id) {
      const owner = await deps.findOwner(by.accountId)
      const changed = owner && (await store.remove(by, id))
      if (!changed) return false
      if (changed.result.confirmed) notices.removed(owner, 'totp')
      return true
    },
  }
}

/** Apps show a code as two groups of three, and people type it so. */
const withoutSpaces = (code: string): string => code.replaceAll(/\s/g, '')

const setupGone = (): AppError => new AppError('factor_not_found', 404, message('totp.gone'))

const authenticatorLost = (): AppError => new AppError('authenticator_lost', 409, message('totp.lost'))
