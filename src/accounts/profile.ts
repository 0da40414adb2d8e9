import { z } from 'zod'
import { type AttributeRules, attributesText } from '../shared/attribute-values.ts'
import { VersionConflict } from '../shared/errors.ts'
import { refusedFields } from '../shared/validation-error.ts'
import { notFound } from './account.ts'
import type { Accounts } from './accounts.ts'
import { claimChanges } from './claims.ts'
import { emailAddress } from './email/address.ts'
import type { Links } from './email/links.ts'
import type { MailOut } from './email/mail-out.ts'
import type { SendingVerification } from './email/verification.ts'
import { changeOf, type SecurityEvents } from './events.ts'
import { parseFields, profileSchema } from './schemas.ts'
import type { AccountStore } from './store/store.ts'
import { differing } from './store/values.ts'
import type { TokenStore } from './tokens/store.ts'
import { freshSignInNeeded, losesVerifiedPhone, tellOfLostPhone } from './verified-phone.ts'

/** Changes of one account that come between, before the last one gives up. */
const MAX_TRIES = 20

/** What people change about themselves. */
export function createProfile(deps: {
  store: AccountStore
  tokenStore: TokenStore
  verification: Pick<SendingVerification, 'send' | 'requireSendable'>
  events: SecurityEvents
  mail: MailOut
  links: Links
  attributes: AttributeRules
  /** Why an address in canonical form may not be used. */
  refusedDomain: (email: string) => string | undefined
}): Pick<Accounts, 'updateProfile' | 'losesVerifiedPhone' | 'changeEmail' | 'dropAddressChange'> {
  const { store, tokenStore, verification, events } = deps

  return {
    losesVerifiedPhone(account, input) {
      const { data } = profileSchema.safeParse(input)
      return (
        data !== undefined && losesVerifiedPhone(account, claimChanges(data, { ...account, address: null }))
      )
    },

    async updateProfile(accountId, input, { fresh = false } = {}) {
      const given = parseFields(profileSchema, input)
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const before = await store.byId(accountId)
        if (!before) throw notFound()
        const changes = differing(before, {
          ...claimChanges(given, { ...before, address: null }),
          ...(given.attributes !== undefined && {
            attributes: attributesText(
              deps.attributes.changed(before.attributes, given.attributes, 'person'),
            ),
          }),
        })
        if (Object.keys(changes).length === 0) return before
        if (!fresh && losesVerifiedPhone(before, changes)) throw freshSignInNeeded()
        // The number may be verified at this moment.
        const account = await store.changeUnchanged(accountId, changes, before.updatedAt)
        if (!account) throw notFound()
        if (account === 'version_conflict') continue
        events.emit({ type: 'account.profile_changed', ...changeOf(before, account) })
        tellOfLostPhone(deps, before, account)
        return account
      }
      throw new VersionConflict('account')
    },

    async changeEmail(accountId, typed, { generation, interaction } = {}) {
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
      if (pendingEmail !== null) await verification.send(accountId, interaction)
      return pendingEmail !== null
    },

    async dropAddressChange(accountId) {
      const before = await store.byId(accountId)
      if (!before || !(await store.dropAddressChange(accountId))) return false
      const after = { ...before, pendingEmail: null }
      events.emit({ type: 'account.profile_changed', ...changeOf(before, after) })
      return true
    },
  }
}
