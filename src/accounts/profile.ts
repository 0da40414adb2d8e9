import { z } from 'zod'
import { refusedFields } from '../shared/validation-error.ts'
import type { Account } from './account.ts'
import { claimChanges } from './claims.ts'
import { emailAddress } from './email/address.ts'
import type { Verification } from './email/verification.ts'
import { changeOf, type SecurityEvents } from './events.ts'
import { notFound } from './not-found.ts'
import { type ProfileInput, parseFields, profileSchema } from './schemas.ts'
import { type AccountStore, differing } from './store.ts'
import type { TokenStore } from './tokens/store.ts'

/** What people change about themselves. */
export function createProfile(deps: {
  store: AccountStore
  tokenStore: TokenStore
  verification: Pick<Verification, 'send' | 'requireSendable'>
  events: SecurityEvents
  /** Why an address in canonical form may not be used. */
  refusedDomain: (email: string) => string | undefined
}) {
  const { store, tokenStore, verification, events } = deps

  return {
    /**
     * Fields left out stay as they are; '' and null empty one. Another phone number is not verified. Values that are there
     * already are not written.
     * @throws ValidationError; AppError `account_not_found` (404)
     */
    async updateProfile(accountId: string, input: ProfileInput): Promise<Account> {
      const given = parseFields(profileSchema, input)
      const before = await store.byId(accountId)
      if (!before) throw notFound()
      const changes = differing(before, claimChanges(given, { ...before, address: null }))
      if (Object.keys(changes).length === 0) return before
      const account = await store.change(accountId, changes)
      if (!account) throw notFound()
      events.emit({ type: 'account.profile_changed', ...changeOf(before, account) })
      return account
    },

    /**
     * Asks the owner of a new address to prove it; until then the old one stays in use. False: it is the address in
     * use already, and nothing waits any more. Let people sign in again before (ASVS 7.5.1).
     * @param by.generation of the sign-in that asks: if it has passed, nothing is changed
     * @param by.flow the interaction to come back to
     * @throws ValidationError on `email`; AppError `too_many_mails` (429; nothing is changed), `account_not_found` (404)
     */
    async changeEmail(
      accountId: string,
      typed: string,
      { generation, flow }: { generation?: number; flow?: string | undefined } = {},
    ): Promise<boolean> {
      const { email } = parseFields(z.object({ email: emailAddress }), { email: typed })
      const account = await store.byId(accountId)
      if (!account) throw notFound()
      const pendingEmail = email === account.email ? null : email
      const refused = pendingEmail !== null && deps.refusedDomain(pendingEmail)
      if (refused) throw refusedFields({ email: refused })
      if (pendingEmail === account.pendingEmail && pendingEmail === null) return false
      // What was sent to another address must not prove this one.
      if (pendingEmail !== account.pendingEmail) {
        if (pendingEmail !== null) await verification.requireSendable(accountId, pendingEmail)
        const changed = await store.change(accountId, { pendingEmail }, generation)
        if (changed?.pendingEmail !== pendingEmail) throw notFound()
        events.emit({ type: 'account.profile_changed', ...changeOf(account, changed) })
        await tokenStore.expireAllOf(accountId, 'verify_email')
      }
      if (pendingEmail !== null) await verification.send(accountId, flow)
      return pendingEmail !== null
    },

    /**
     * For a person who ends a sign-in that may not have been theirs: another address that it may have asked for is not
     * waited for any more. One that waits for its first goes on waiting. False: there was none.
     */
    async dropAddressChange(accountId: string): Promise<boolean> {
      const before = await store.byId(accountId)
      if (!before || !(await store.dropAddressChange(accountId))) return false
      const after = { ...before, pendingEmail: null }
      events.emit({ type: 'account.profile_changed', ...changeOf(before, after) })
      return true
    },
  }
}
