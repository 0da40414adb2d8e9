import { AppError } from '../../shared/errors.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import type { Account } from '../account.ts'
import type { NewGeneration } from '../accounts.ts'
import { emailAddress } from '../email/address.ts'
import { madeOf, type SecurityEvents } from '../events.ts'
import type { AdminAccountInput } from '../schemas.ts'
import type { AccountStore } from '../store/store.ts'
import type { OneTimeTokens } from '../tokens/one-time-tokens.ts'
import type { TokenStore } from '../tokens/store.ts'
import { administratorName, inVariables } from './environment-administrator.ts'
import { type PrepareAccount, takenError } from './new-account.ts'

/** Seconds that the set-up link works. */
const ttl = 86_400

/** Making the first administrator. */
export interface Setup {
  /** A new set-up token that replaces any older one; undefined when there is an administrator. */
  open(): Promise<string | undefined>
  isOpen(token: string): Promise<boolean>
  /** Whether there has been an administrator: the last one is never removed. */
  isDone(): Promise<boolean>
  /**
   * Makes the first administrator, with the address taken as proven. Undefined: the link works no more.
   * @throws ValidationError; the link goes on working then
   */
  createFirstAdministrator(
    token: string,
    fields: Pick<AdminAccountInput, 'username' | 'email' | 'password'>,
  ): Promise<NewGeneration | undefined>
  /**
   * Makes the first administrator from the operator's settings when there is none. Overwrites nothing; several
   * processes may start at once.
   * @throws AppError `first_administrator_refused` when address or password will not do
   */
  ensureFromEnvironment(settings: { email: string; password: string }): Promise<Account | undefined>
}

/**
 * The first administrator: by a one-time link that only the reader of the server's output has, or from the
 * environment. Never a default account, never a second “first” one.
 */
export function createSetup(deps: {
  store: AccountStore
  tokens: OneTimeTokens
  tokenStore: TokenStore
  prepare: PrepareAccount
  createByAdmin: (input: AdminAccountInput) => Promise<Account>
  events: SecurityEvents
}): Setup {
  const { store, tokens, tokenStore, prepare, createByAdmin, events } = deps

  const expireLinks = async (): Promise<void> => {
    const live = await tokenStore.liveOf('setup', null)
    if (live.length > 0) await tokenStore.expire(live.map(({ id }) => id))
  }

  const find = async (token: string) => {
    if ((await store.countAdministrators()) > 0) return undefined
    return tokens.find(['setup'], token)
  }

  let done = false

  return {
    async isDone() {
      done ||= (await store.countAdministrators()) > 0
      return done
    },

    async open() {
      await expireLinks()
      if ((await store.countAdministrators()) > 0) return undefined
      return (await tokens.issue({ purpose: 'setup', accountId: null, email: null, ttl, code: false }))?.token
    },

    async isOpen(token) {
      return (await find(token)) !== undefined
    },

    async createFirstAdministrator(token, fields) {
      const row = await find(token)
      if (!row) return undefined
      const prepared = await prepare({ ...fields, verified: true, role: 'admin' }, { withPassword: true })
      const account = await store.insertByToken(prepared, row.id)
      if (account === 'spent') return undefined
      if (typeof account === 'string') throw takenError(account)
      events.emit({ type: 'account.created', ...madeOf(account), reason: 'setup' })
      await expireLinks()
      return { accountId: account.id, generation: account.generation }
    },

    async ensureFromEnvironment(settings) {
      if ((await store.countAdministrators()) > 0) return undefined
      const email = emailAddress.safeParse(settings.email)
      const base = administratorName(email.data ?? '')
      for (let suffix = 1; ; suffix++) {
        const username = suffix === 1 ? base : `${base}${suffix}`
        try {
          return await createByAdmin({ ...settings, username, verified: true, role: 'admin' })
        } catch (error) {
          if (!(error instanceof ValidationError)) throw error
          // Another process was faster, or the address is an ordinary account's.
          if ((await store.countAdministrators()) > 0) return undefined
          if (error.errors.username && suffix < 1000) continue
          throw new AppError('first_administrator_refused', 500, inVariables(error.sentences).join(' '))
        }
      }
    },
  }
}
