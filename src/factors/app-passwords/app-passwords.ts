import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message, saying } from '../../shared/locales/texts.ts'
import { line } from '../../shared/text.ts'
import { refusedFields, schemaProblems } from '../../shared/validation-error.ts'
import { fromTyped, inGroups, toBase32 } from '../base32.ts'
import type { Notices } from '../notices.ts'
import { type FactorChanger, type FindOwner, signInEnded } from '../owner.ts'
import type { AppPasswordStore } from './store.ts'

/** 160 bits: 32 characters. */
const BYTES = 20
/** Of one account. */
export const MAX_APP_PASSWORDS = 25
const HOUR = 3_600_000

/** An app password without the password. Times are milliseconds since the epoch. */
export interface AppPasswordView {
  id: string
  name: string
  createdAt: number
  /** To the hour. */
  lastUsedAt: number | null
}

/**
 * What scripts send as the password of HTTP Basic (RFC 7617) for an account with a second factor, whose own password alone does nothing.
 * It signs in to no page and changes no factor. Whatever ends the sign-ins of the account ends it.
 */
export interface AppPasswords {
  /** The newest first. */
  list(accountId: string): Promise<AppPasswordView[]>
  /**
   * Makes one. It is shown once; a hash of it is stored. Owner told by mail, `factor.app_password_added`. Ask for a fresh sign-in first.
   * @throws ValidationError on `name` (422), AppError no_second_factor, too_many_app_passwords (409), sign_in_ended (401)
   */
  create(by: FactorChanger, name: string): Promise<{ id: string; password: string }>
  /** False: the account has none of this id, or the sign-in has ended. Owner told by mail, `factor.app_password_removed`. */
  remove(by: FactorChanger, id: string): Promise<boolean>
  /**
   * Whose app password a text is, in whatever case and grouping; its use is noted. Undefined: nobody's that counts. A text of
   * another form is not looked up.
   */
  find(password: string): Promise<{ accountId: string; id: string } | undefined>
  /** Whether one still counts: what was made by it ends with it. */
  counts(id: string): Promise<boolean>
  /** Whether a text may be an app password, one that has ended too. */
  hasForm(password: string): boolean
}

const nameSchema = line(64).pipe(z.string().min(1, saying('appPasswords.name.enter')))

export function createAppPasswords(deps: {
  store: AppPasswordStore
  clock: Clock
  notices: Notices
  findOwner: FindOwner
}): AppPasswords {
  const { store, clock, notices } = deps

  return {
    async list(accountId) {
      return (await store.list(accountId)).map(({ id, name, createdAt, lastUsedAt }) => ({
        ...{ id, name, createdAt: createdAt.getTime() },
        lastUsedAt: lastUsedAt === null ? null : lastUsedAt.getTime(),
      }))
    },

    async create({ accountId, generation }, typed) {
      const named = nameSchema.safeParse(typed)
      if (!named.success)
        throw refusedFields(schemaProblems(named.error).map(({ message }) => ({ field: 'name', message })))
      const password = toBase32(randomBytes(BYTES))
      const row = { id: randomUUID(), accountId, generation, name: named.data, hash: hashOf(password) }
      const outcome = await store.insert(row, MAX_APP_PASSWORDS)
      if (outcome !== 'stored') throw REFUSALS[outcome]()
      const owner = await deps.findOwner(accountId)
      if (owner) notices.appPasswordAdded(owner, row.name)
      return { id: row.id, password: inGroups(password) }
    },

    async remove(by, id) {
      const removed = await store.delete(by, id)
      const owner = removed && (await deps.findOwner(by.accountId))
      if (owner) notices.appPasswordRemoved(owner, removed.name)
      return removed !== undefined
    },

    hasForm,
    counts: store.counts,

    async find(password) {
      if (!hasForm(password)) return undefined
      const row = await store.byHash(hashOf(fromTyped(password)))
      if (!row) return undefined
      const hour = new Date(Math.floor(clock() / HOUR) * HOUR)
      if (row.lastUsedAt === null || row.lastUsedAt < hour) await store.used(row.id, hour)
      return { accountId: row.accountId, id: row.id }
    },
  }
}

const hasForm = (password: string): boolean => /^([a-z2-7]{4}[ -]?){7}[a-z2-7]{4}$/i.test(password)

/** Of so many random bits a plain hash is enough (ASVS 6.5.2). */
const hashOf = (password: string): string => createHash('sha256').update(password).digest('base64url')

const noSecondFactor = (): AppError => new AppError('no_second_factor', 409, message('appPasswords.noFactor'))

const tooMany = (): AppError =>
  new AppError('too_many_app_passwords', 409, message('appPasswords.tooMany', { max: MAX_APP_PASSWORDS }))

const REFUSALS = { ended: signInEnded, none: noSecondFactor, many: tooMany } as const
