/** What a directory of the administrators', Entra or Okta, does to accounts: it vouches for addresses, and touches nobody who administers. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { AppError, VersionConflict } from '../../shared/errors.ts'
import { type Account, notFound } from '../account.ts'
import { claimChanges } from '../claims.ts'
import { deletionAfterDismissal, isDismissed } from '../deletion/leaving.ts'
import { emailAddress } from '../email/address.ts'
import type { Links } from '../email/links.ts'
import type { MailOut } from '../email/mail-out.ts'
import { changeOf, isChanged, madeOf, ofAccount, type SecurityEvents } from '../events.ts'
import { adminChangesSchema, parseFields } from '../schemas.ts'
import type { AccountSessions } from '../sessions.ts'
import { takenError } from '../sign-up/new-account.ts'
import { canonicalUsername, importedUsername } from '../sign-up/username.ts'
import type { AccountStore } from '../store/store.ts'
import { differing, type ProvisionedChanges, type Taken } from '../store/values.ts'
import type { TokenStore } from '../tokens/store.ts'
import { tellOfLostPhone } from '../verified-phone.ts'

const changesSchema = adminChangesSchema
  .omit({ attributes: true, role: true, secondFactorRequired: true })
  .extend({
    // A directory’s names may be addresses.
    username: importedUsername.optional(),
    active: z.boolean('Say true or false.').optional(),
  })
const newSchema = changesSchema.required({ username: true, email: true }).extend({ email: emailAddress })

/** As they come: the schemas judge the values. */
export type ProvisionedInput = { [Field in keyof z.input<typeof changesSchema>]?: unknown }

export interface Provisioning {
  /**
   * Creates an account without a password, whose address counts as verified. An account with this name or address that a
   * directory has deleted is deleted for good at that moment: the new one inherits nothing.
   * @param given.replaces whether one that was deleted may be; each unless given
   * @throws ValidationError (422; 409 where the name or address is another account’s)
   */
  create(
    input: ProvisionedInput,
    given?: { replaces?: ((deleted: Account) => Promise<boolean>) | undefined },
  ): Promise<Account>
  /**
   * Fields that are left out stay; null empties one. An address counts as verified. `active: false` disables and ends every
   * sign-in, session and token.
   * @param given.ifVersion `updatedAt` that the change is meant for
   * @throws ValidationError (422, 409) · AppError account_not_found (404), administration_not_granted (403), version_conflict (409)
   */
  change(id: string, input: ProvisionedInput, given: { ifVersion: number }): Promise<Account>
  /**
   * Disables, and deletes for good after 14 days unless an administrator enables it again; its owner cannot.
   * @throws AppError account_not_found (404), administration_not_granted (403), version_conflict (409)
   */
  dismiss(id: string, given: { ifVersion: number }): Promise<void>
}

const MAX_REPLACED = 2

export function createProvisioning(deps: {
  store: AccountStore
  tokenStore: TokenStore
  sessions: AccountSessions
  events: SecurityEvents
  mail: MailOut
  links: Links
  clock: Clock
  delete(id: string): Promise<void>
}): Provisioning {
  const { store, tokenStore, sessions, events, mail, links, clock } = deps

  /** @throws AppError account_not_found (404), administration_not_granted (403), version_conflict (409) */
  async function changeable(id: string, ifVersion: number): Promise<Account> {
    const account = await store.byId(id)
    if (!account || account.deletionAt !== null) throw notFound()
    if (account.role !== 'user')
      throw new AppError(
        'administration_not_granted',
        403,
        'A directory cannot change the accounts of administrators and auditors. An administrator can, in the console.',
      )
    if (account.updatedAt !== ifVersion) throw new VersionConflict('account')
    return account
  }

  async function write(before: Account, changes: ProvisionedChanges): Promise<Account> {
    const account = await store.changeProvisioned(before.id, changes, before.updatedAt)
    if (account === 'username_taken' || account === 'email_taken') throw takenError(account)
    if (account === 'version_conflict') throw new VersionConflict('account')
    if (!account) throw notFound()
    return account
  }

  async function shutOut(id: string): Promise<void> {
    await tokenStore.expireAllBut(id, 'invitation')
    await sessions.endAll(id)
  }

  /** True: the account that had the name or address was deleted by a directory, and is gone now. */
  async function replaced(
    taken: Taken,
    { username, email }: { username: string; email: string },
    replaces: (deleted: Account) => Promise<boolean>,
  ): Promise<boolean> {
    const owner =
      taken === 'username_taken' ? await store.byUsername(username) : await store.byProvenEmail(email)
    if (!owner || !isDismissed(owner) || owner.role !== 'user' || !(await replaces(owner))) return false
    await deps.delete(owner.id)
    return true
  }

  return {
    async create(input, { replaces = async () => true } = {}) {
      const { username: displayUsername, email, active = true, ...claims } = parseFields(newSchema, input)
      const username = canonicalUsername(displayUsername)
      const account = {
        id: randomUUID(),
        ...{ username, displayUsername, email, pendingEmail: null, passwordHash: null },
        ...claimChanges(claims),
        role: 'user' as const,
        ...(!active && { disabledAt: new Date(clock()) }),
      }
      for (let tries = 0; ; tries++) {
        const made = await store.insert(account)
        if (typeof made !== 'string') {
          events.emit({ type: 'account.created', ...madeOf(made) })
          return made
        }
        if (tries === MAX_REPLACED || !(await replaced(made, { username, email }, replaces)))
          throw takenError(made)
      }
    },

    async change(id, input, { ifVersion }) {
      const { username, email, active, ...claims } = parseFields(changesSchema, input)
      const before = await changeable(id, ifVersion)
      const now = new Date(clock())
      const ends = active === false && before.disabledAt === null
      const changes: ProvisionedChanges = {
        ...differing(before, claimChanges(claims, before)),
        ...(username !== undefined &&
          username !== before.displayUsername && {
            username: canonicalUsername(username),
            displayUsername: username,
          }),
        ...(email !== undefined &&
          email !== before.email && { email, pendingEmail: null, invitedUntil: null }),
        ...(ends && { disabledAt: now, endsSignIns: true as const, pendingEmail: null }),
        ...(active === true && before.disabledAt !== null && { disabledAt: null }),
      }
      if (Object.keys(changes).length === 0) return before
      // An address that its owner has not proven yet goes on waiting.
      if (ends && email === undefined && before.email === null) delete changes.pendingEmail
      const account = await write(before, changes)
      if (account.email !== before.email)
        await tokenStore.expireAllOf(id, 'verify_email', 'reset_password', 'let_in', 'invitation', 'not_me')
      if (ends) await shutOut(id)
      if (isChanged({ ...before, disabledAt: account.disabledAt }, account))
        events.emit({ type: 'account.profile_changed', ...changeOf(before, account) })
      if (ends) events.emit({ type: 'account.disabled', ...changeOf(before, account) })
      else if (account.disabledAt === null && before.disabledAt !== null)
        events.emit({ type: 'account.enabled', ...changeOf(before, account) })
      tellOfLostPhone(deps, before, account)
      if (before.email !== null && account.email !== null && account.email !== before.email) {
        const data = {
          username: account.displayUsername,
          newEmail: account.email,
          accountLink: links.account(),
        }
        mail.send({ to: before.email, template: 'email-changed', data })
      }
      return account
    },

    async dismiss(id, { ifVersion }) {
      const before = await changeable(id, ifVersion)
      const now = clock()
      const account = await write(before, {
        disabledAt: new Date(now),
        deletionAt: new Date(deletionAfterDismissal(now)),
        endsSignIns: true,
        ...(before.email !== null && { pendingEmail: null }),
      })
      await shutOut(id)
      if (before.disabledAt === null) events.emit({ type: 'account.disabled', ...changeOf(before, account) })
      events.emit({ type: 'account.deletion_requested', ...ofAccount(account) })
    },
  }
}
