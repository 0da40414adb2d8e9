import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { AppError, VersionConflict } from '../../shared/errors.ts'
import { message, t } from '../../shared/locales/texts.ts'
import type { ProviderValues } from '../../shared/profile/fields.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Account, Role } from '../account.ts'
import { notFound } from '../account.ts'
import type { Accounts, NewGeneration } from '../accounts.ts'
import type { RoleRules } from '../administration.ts'
import { canonicalEmail } from '../email/address.ts'
import type { Links } from '../email/links.ts'
import type { MailOut } from '../email/mail-out.ts'
import { ofAccount, type SecurityEvents } from '../events.ts'
import { fillings, type StoredIdentity } from '../linked/identity.ts'
import type { LinkedStore } from '../linked/store.ts'
import type { Hasher } from '../passwords/hashing.ts'
import type { PasswordPolicy } from '../passwords/policy.ts'
import type { AccountSessions } from '../sessions.ts'
import type { AccountStore } from '../store/store.ts'
import type { OneTimeTokens } from '../tokens/one-time-tokens.ts'
import type { Redemption, TokenStore } from '../tokens/store.ts'
import { inviterName } from './inviter.ts'
import { suggestUsername } from './username.ts'

/** Seconds that an invitation can be accepted. */
const ttl = 7 * 86_400

const details = z.object({ invitedBy: z.string() })

/** What an invitation offers, for the page behind its link. */
export interface Invitation {
  /** Of the token; worth nothing by itself. */
  id: string
  account: Account
  email: string
  /** A name, for people. */
  invitedBy: string
}

/** `expired`: the invitation works no more. `not_allowed`: it does, but not by this provider. */
type AcceptedByProvider =
  | { kind: 'ok'; account: Account }
  | { kind: 'expired' | 'identity_taken' | 'not_allowed' }

/** What the person behind the link of an invitation does. */
export interface AcceptInvitation {
  /** What a link offers, and what the role that comes with it is called; uses nothing up. Undefined: it works no more. */
  peek(token: string): Promise<(Invitation & { role: string | undefined }) | undefined>
  /**
   * Sets the password that the person chose; gives the generation of sign-ins that begins. Undefined: the link works no
   * more.
   * @throws ValidationError on `password`; the link goes on working then. AppError `overloaded` (503), `email_taken` (409)
   */
  accept(token: string, password: string): Promise<NewGeneration | undefined>
  /**
   * Makes a sign-in at a provider the one of the account.
   * @param id of the invitation @param by.anyRole whether who has a role in the console may sign in there
   */
  acceptBy(
    id: string,
    identity: StoredIdentity,
    profile: ProviderValues,
    by: { anyRole: boolean },
  ): Promise<AcceptedByProvider>
  /**
   * As `acceptBy`, for a person who comes without the link, while a provider vouches for the very address that was invited:
   * that proves it like the link does. `by_link`: it hands out no role by itself, and settles nothing where
   * several accounts are invited; the link does. Undefined: no account is invited by this address.
   * @param email that the provider vouches for
   */
  acceptVouched(
    email: string,
    identity: StoredIdentity,
    profile: ProviderValues,
  ): Promise<AcceptedByProvider | { kind: 'by_link' } | undefined>
}

/** With what administrators do, and what only this feature does. */
export interface Invitations
  extends AcceptInvitation,
    Pick<Accounts, 'sendInvitation' | 'withdrawInvitation'> {
  /**
   * Whether a person may be invited by an address now, before anything is written.
   * @param accountId of the account, made already or not
   * @throws ValidationError (409) on `email`; AppError `too_many_mails` (429)
   */
  requireInvitable(accountId: string, email: string): Promise<void>
  /** A username that is free, out of an address. */
  suggestUsername(email: string): Promise<string>
}

/**
 * An account that waits for the person it was made for:
 *
 *   made ──mail──> invited ──(the link: a password, or a provider's sign-in)──> active, address proven
 *                     │ ──(sent again)──> invited; the link before works no more
 *                     └ ──(withdrawn, 7 days)──> the link works no more; an account that was never used is deleted
 *
 * Being invited needs neither open registration nor an address of `email_domains`: an administrator has decided.
 */
export function createInvitations(deps: {
  store: AccountStore
  tokens: OneTimeTokens
  tokenStore: TokenStore
  linkedStore: LinkedStore
  hasher: Hasher
  policy: PasswordPolicy
  sessions: AccountSessions
  mail: MailOut
  links: Links
  events: SecurityEvents
  clock: Clock
  roles: Pick<RoleRules, 'offered'>
}): Invitations {
  const { store, tokens, tokenStore, linkedStore, hasher, policy, sessions, mail, links, events, clock } =
    deps
  const { roles } = deps

  const tooMany = (retryAfter: number) =>
    new AppError('too_many_mails', 429, message('admin.users.refused.many_mails'), { retryAfter })

  /** The address that an account can be invited by. @throws AppError (409) */
  function addressOf(account: Account): string {
    if (account.disabledAt !== null)
      throw new AppError('account_disabled', 409, message('admin.users.refused.disabled'))
    if (account.email !== null)
      throw new AppError('address_proven', 409, message('admin.users.refused.address_proven'))
    if (account.pendingEmail === null)
      throw new AppError('no_address', 409, message('admin.users.refused.no_address'))
    return account.pendingEmail
  }

  const find = async (token: string): Promise<Invitation | undefined> => {
    const row = await tokens.find(['invitation'], token)
    return row && invitationOf(row)
  }

  async function invitationOf(row: {
    id: string
    accountId: string | null
    email: string | null
    details?: string | null
  }) {
    const account = row.accountId === null ? undefined : await store.byId(row.accountId)
    // Disabled, accepted, or meant for another address by now.
    if (!account || account.disabledAt !== null || row.email === null) return undefined
    if (account.email !== null || account.pendingEmail !== row.email) return undefined
    const { invitedBy } = details.parse(JSON.parse(row.details ?? '{}'))
    return { id: row.id, account, email: row.email, invitedBy }
  }

  /** `taken`: another account has proven the address since. */
  async function redeem(
    { id: tokenId, account, email }: Invitation,
    by: Pick<Redemption, 'passwordHash' | 'identity' | 'role' | 'claims'>,
  ): Promise<{ generation: number } | 'spent' | 'taken'> {
    const done = await tokenStore.redeem({ tokenId, accountId: account.id, provenEmail: email, ...by })
    if (typeof done === 'string') return done
    await sessions.endAll(account.id)
    // Who accepts it is signed in by it.
    const recorded = await store.recordSignIn({ id: account.id, ...done })
    const eventDetails = { ...ofAccount(account), ...(by.identity && { provider: by.identity.provider }) }
    events.emit({ type: 'account.invitation_accepted', ...eventDetails })
    events.emit({ type: 'account.email_verified', ...ofAccount(account), after: { email } })
    // Disabled at this very moment: nobody is signed in.
    return recorded ? done : 'spent'
  }

  async function acceptByProvider(
    invitation: Invitation,
    identity: StoredIdentity,
    profile: ProviderValues,
    role?: Role,
  ): Promise<AcceptedByProvider> {
    const { account } = invitation
    const filled = fillings(profile).filter(({ properties }) =>
      properties.every((property) => account[property] === null),
    )
    const claims = Object.assign({}, ...filled.map(({ values }) => values))
    const done = await redeem(invitation, { passwordHash: null, identity, claims, ...(role && { role }) })
    if (done === 'taken' && (await linkedStore.find(identity))) return { kind: 'identity_taken' }
    const accepted = typeof done === 'string' ? undefined : await store.byId(account.id)
    if (!accepted || typeof done === 'string') return { kind: 'expired' }
    events.emit({ type: 'account.signed_in', ...ofAccount(accepted), provider: identity.provider })
    return { kind: 'ok', account: { ...accepted, ...done } }
  }

  return {
    async requireInvitable(accountId, email) {
      const owner = await store.byProvenEmail(email)
      if (owner)
        throw refusedFields(
          { email: t('admin.users.refused.address_of', { username: owner.displayUsername }) },
          409,
        )
      const [waiting] = await store.invitedAt(email, new Date(clock()))
      if (waiting)
        throw refusedFields(
          {
            email: t('admin.users.refused.invited_at', { username: waiting.displayUsername }),
          },
          409,
        )
      const retryAfter = await tokens.secondsToWait('invitation', accountId, email)
      if (retryAfter > 0) throw tooMany(retryAfter)
    },

    suggestUsername: (email) =>
      suggestUsername([email.split('@')[0] ?? ''], async (name) => !(await store.byUsername(name))),

    async sendInvitation(accountId) {
      const account = await store.byId(accountId)
      if (!account) throw notFound()
      const email = addressOf(account)
      const invitedBy = await inviterName(store.byId)
      const to = { purpose: 'invitation', accountId, email, ttl, code: false } as const
      const issued = await tokens.issue({ ...to, details: JSON.stringify({ invitedBy }) })
      if (!issued) throw tooMany(await tokens.secondsToWait('invitation', accountId, email))
      const invited = await store.invite(accountId, email, new Date(clock() + ttl * 1000))
      if (!invited) {
        // Accepted, disabled or changed at this very moment: nothing is sent, and no link of ours lives on.
        await tokenStore.expireAllOf(accountId, 'invitation')
        const current = await store.byId(accountId)
        if (!current) throw notFound()
        addressOf(current)
        throw new VersionConflict('account')
      }
      events.emit({
        type: 'account.invited',
        ...ofAccount(account),
        after: { email, role: account.role },
      })
      const data = {
        username: account.displayUsername,
        invitedBy,
        role: await roles.offered(account.role),
        link: links.invitation(issued.token),
        validFor: ttl,
      }
      mail.send({ to: email, template: 'invitation', data })
      return invited
    },

    async withdrawInvitation(accountId) {
      const account = await store.byId(accountId)
      if (!account) throw notFound()
      if (account.invitedUntil === null || !(await store.endInvitation(accountId)))
        throw new AppError('not_invited', 409, message('admin.users.refused.not_invited'))
      events.emit({ type: 'account.invitation_withdrawn', ...ofAccount(account) })
      if (!(await store.deleteUnused(accountId))) return store.byId(accountId)
      events.emit({ type: 'account.deleted', ...ofAccount(account) })
      return undefined
    },

    async peek(token) {
      const invitation = await find(token)
      return invitation && { ...invitation, role: await roles.offered(invitation.account.role) }
    },

    async accept(token, password) {
      const invitation = await find(token)
      if (!invitation) return undefined
      const { account, email } = invitation
      const weakness = await policy(password, { ...account, email }, account)
      if (weakness) throw refusedFields({ password: weakness })
      const done = await redeem(invitation, { passwordHash: await hasher.hash(password) })
      if (done === 'taken') throw new AppError('email_taken', 409, message('invitation.taken'))
      return done === 'spent' ? undefined : { accountId: account.id, ...done }
    },

    async acceptBy(id, identity, profile, { anyRole }) {
      const row = await tokenStore.byId('invitation', id)
      const invitation = row && (await invitationOf(row))
      if (!invitation) return { kind: 'expired' }
      if (anyRole) return acceptByProvider(invitation, identity, profile)
      if (invitation.account.role !== 'user') return { kind: 'not_allowed' }
      return acceptByProvider(invitation, identity, profile, 'user')
    },

    async acceptVouched(email, identity, profile) {
      const address = canonicalEmail(email)
      const waiting = address === undefined ? [] : await store.invitedAt(address, new Date(clock()))
      const [account] = waiting
      if (!account) return undefined
      if (waiting.length > 1 || account.role !== 'user') return { kind: 'by_link' }
      const [row] = await tokenStore.liveOf('invitation', account.id)
      const invitation = row && (await invitationOf(row))
      return invitation ? acceptByProvider(invitation, identity, profile, 'user') : { kind: 'by_link' }
    },
  }
}
