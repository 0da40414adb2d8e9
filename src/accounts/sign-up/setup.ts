import { AppError } from '../../shared/errors.ts'
import { refusedFields, ValidationError } from '../../shared/validation-error.ts'
import type { Account } from '../account.ts'
import { emailAddress } from '../email/address.ts'
import { madeOf, type SecurityEvents } from '../events.ts'
import type { AdminAccountInput } from '../schemas.ts'
import type { AccountStore } from '../store.ts'
import type { OneTimeTokens } from '../tokens/one-time-tokens.ts'
import type { TokenStore } from '../tokens/store.ts'
import { type PrepareAccount, takenError } from './new-account.ts'
import { usernameFrom } from './username.ts'

/** Seconds that the set-up link works. */
const ttl = 86_400

/**
 * The first administrator: by a one-time link that only whoever sees the server's output has, or from the
 * environment. Never a default account, never a second “first” one.
 */
export function createSetup(deps: {
  store: AccountStore
  tokens: OneTimeTokens
  tokenStore: TokenStore
  prepare: PrepareAccount
  createByAdmin: (input: AdminAccountInput) => Promise<Account>
  events: SecurityEvents
}) {
  const { store, tokens, tokenStore, prepare, createByAdmin, events } = deps

  const expireLinks = async (): Promise<void> => {
    const live = await tokenStore.liveOf('setup', null)
    if (live.length > 0) await tokenStore.expire(live.map(({ id }) => id))
  }

  const find = async (token: string) => {
    if ((await store.countAdministrators()) > 0) return undefined
    return tokens.find(['setup'], token)
  }

  return {
    /** A new set-up token that replaces any older one; undefined when there is an administrator. */
    async open(): Promise<string | undefined> {
      await expireLinks()
      if ((await store.countAdministrators()) > 0) return undefined
      return (await tokens.issue({ purpose: 'setup', accountId: null, email: null, ttl, code: false }))?.token
    },

    async isOpen(token: string): Promise<boolean> {
      return (await find(token)) !== undefined
    },

    /**
     * Makes the first administrator, with the address taken as proven. undefined: the link works no more.
     * @throws ValidationError; the link goes on working then
     */
    async createFirstAdministrator(
      token: string,
      fields: Pick<AdminAccountInput, 'username' | 'email' | 'password'>,
    ): Promise<{ accountId: string; generation: number } | undefined> {
      const row = await find(token)
      if (!row) return undefined
      if (!fields.password) throw refusedFields({ password: 'Enter a password.' })
      const account = await store.insertByToken(
        await prepare({ ...fields, verified: true, role: 'admin' }),
        row.id,
      )
      if (account === 'spent') return undefined
      if (typeof account === 'string') throw takenError(account)
      events.emit({ type: 'account.created', ...madeOf(account), reason: 'setup' })
      await expireLinks()
      return { accountId: account.id, generation: account.generation }
    },

    /**
     * Makes the first administrator from the operator's settings when there is none. Overwrites nothing; several
     * processes may start at once.
     * @throws AppError `first_administrator_refused` when address or password will not do
     */
    async ensureFromEnvironment(settings: { email: string; password: string }): Promise<Account | undefined> {
      if ((await store.countAdministrators()) > 0) return undefined
      const email = emailAddress.safeParse(settings.email)
      const base = usernameFrom((email.data ?? '').split('@')[0] ?? '')
      for (let suffix = 1; ; suffix++) {
        const username = suffix === 1 ? base : `${base}${suffix}`
        try {
          return await createByAdmin({ ...settings, username, verified: true, role: 'admin' })
        } catch (error) {
          if (!(error instanceof ValidationError)) throw error
          // Another process was faster, or the address is an ordinary account's.
          if ((await store.countAdministrators()) > 0) return undefined
          if (error.errors.username && suffix < 1000) continue
          const reasons = Object.entries(error.sentences).map(
            ([field, why]) => `ADMIN_${field.toUpperCase()}: ${why}`,
          )
          throw new AppError('first_administrator_refused', 500, reasons.join(' '))
        }
      }
    },
  }
}
