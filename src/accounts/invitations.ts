import { z } from 'zod'
import { currentAct } from '../acting.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Account } from './account.ts'
import { ofAccount, type SecurityEvents } from './events.ts'
import { FieldErrors } from './field-errors.ts'
import type { Hasher } from './hashing.ts'
import { presentable, type UpstreamIdentity, type UpstreamProfile } from './linked/identity.ts'
import type { LinkedStore } from './linked/store.ts'
import { inWords, type Links } from './links.ts'
import type { MailOut } from './mail-out.ts'
import { notFound } from './not-found.ts'
import type { PasswordPolicy } from './password-policy.ts'
import type { AccountSessions } from './sessions.ts'
import type { AccountStore } from './store.ts'
import type { OneTimeTokens } from './tokens/one-time-tokens.ts'
import type { Redemption, TokenStore } from './tokens/store.ts'
import { usernameFrom } from './username.ts'

/** Seconds that an invitation can be accepted. */
const ttl = 7 * 86_400

/** Who invites where no person with an account does: the command line, a program. */
const NOBODY_BY_NAME = 'The administrator'

/** Code points of an inviter's name in mails and pages. */
const LONGEST_NAME = 80

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

/**
 * An account that waits for the person it was made for:
 *
 *   made ──mail──> invited ──(the link: a password, or a sign-in elsewhere)──> active, address proven
 *                     │ ──(sent again)──> invited; the link before works no more
 *                     └ ──(withdrawn, 7 days)──> nobody gets in; what was never used is deleted
 *
 * Being invited needs neither open registration nor an address of `EMAIL_DOMAINS`: an administrator has decided.
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
}) {
  const { store, tokens, tokenStore, linkedStore, hasher, policy, sessions, mail, links, events, clock } =
    deps

  async function inviter(): Promise<string> {
    const actor = currentAct()?.actor
    const account = actor?.kind === 'account' && actor.id ? await store.byId(actor.id) : undefined
    if (!account) return NOBODY_BY_NAME
    const name = [account.givenName, account.familyName].filter(Boolean).join(' ') || account.displayUsername
    return [...name].slice(0, LONGEST_NAME).join('')
  }

  const tooMany = async (accountId: string, email: string) =>
    new AppError('too_many_mails', 429, 'Enough messages to this address for now.', {
      retryAfter: await tokens.secondsToWait('invitation', accountId, email),
    })

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

  /** `taken`: another account has proven the address meanwhile. */
  async function redeem(
    { id: tokenId, account, email }: Invitation,
    by: Pick<Redemption, 'passwordHash' | 'identity' | 'names'>,
  ): Promise<{ generation: number } | 'spent' | 'taken'> {
    const done = await tokenStore.redeem({ tokenId, accountId: account.id, provenEmail: email, ...by })
    if (typeof done === 'string') return done
    await sessions.endAll(account.id)
    const facts = { ...ofAccount(account), ...(by.identity && { provider: by.identity.provider }) }
    events.emit({ type: 'account.invitation_accepted', ...facts })
    events.emit({ type: 'account.email_verified', ...ofAccount(account), after: { email } })
    return done
  }

  return {
    /**
     * Whether somebody may be invited by an address, before their account is made.
     * @throws FieldErrors (409) on `email`
     */
    async requireInvitable(email: string): Promise<void> {
      const owner = await store.byProvenEmail(email)
      if (owner)
        throw new FieldErrors(
          { email: `The account ${owner.displayUsername} has proven this address already.` },
          409,
        )
      const waiting = await store.invitedAt(email, new Date(clock()))
      if (waiting)
        throw new FieldErrors(
          {
            email: `The account ${waiting.displayUsername} has been invited by this address. Send it again.`,
          },
          409,
        )
    },

    /** A username that is free, out of an address. */
    async suggestUsername(email: string): Promise<string> {
      const base = usernameFrom(email.split('@')[0] ?? '')
      for (let suffix = 1; ; suffix++) {
        const candidate = suffix === 1 ? base : `${base}${suffix}`
        if (!(await store.byUsername(candidate))) return candidate
      }
    },

    /**
     * Sends an invitation to the address that an account waits for; one that was sent before works no more.
     * @throws AppError `account_not_found` (404), `account_disabled`, `address_proven`, `no_address` (409),
     *   `too_many_mails` (429)
     */
    async sendInvitation(accountId: string): Promise<Account> {
      const account = await store.byId(accountId)
      if (!account) throw notFound()
      if (account.disabledAt !== null)
        throw new AppError('account_disabled', 409, 'This account is disabled. Enable it first.')
      if (account.email !== null)
        throw new AppError(
          'address_proven',
          409,
          'This person has confirmed their address already. Send a link to set a password instead.',
        )
      const email = account.pendingEmail
      if (email === null) throw new AppError('no_address', 409, 'This account has no e-mail address.')
      const invitedBy = await inviter()
      const to = { purpose: 'invitation', accountId, email, ttl, code: false } as const
      const issued = await tokens.issue({ ...to, details: JSON.stringify({ invitedBy }) })
      if (!issued) throw await tooMany(accountId, email)
      const invited = await store.change(accountId, { invitedUntil: new Date(clock() + ttl * 1000) })
      if (!invited) throw notFound()
      events.emit({
        type: 'account.invited',
        ...ofAccount(account),
        after: { email, role: account.role },
      })
      const data = {
        username: account.displayUsername,
        invitedBy,
        link: links.invitation(issued.token),
        validFor: inWords(ttl),
      }
      mail.send({ to: email, template: 'invitation', data })
      return invited
    },

    /**
     * Ends an invitation. An account that nobody has ever used goes with it, and its username is free again.
     * @returns the account as it is; undefined: it is deleted
     * @throws AppError `account_not_found` (404), `not_invited` (409) also when it was accepted just now
     */
    async withdrawInvitation(accountId: string): Promise<Account | undefined> {
      const account = await store.byId(accountId)
      if (!account) throw notFound()
      if (account.invitedUntil === null || !(await store.endInvitation(accountId)))
        throw new AppError('not_invited', 409, 'There is no invitation that could be withdrawn.')
      await tokenStore.expireAllOf(accountId, 'invitation')
      events.emit({ type: 'account.invitation_withdrawn', ...ofAccount(account) })
      if (!(await store.deleteUnused(accountId))) return store.byId(accountId)
      events.emit({ type: 'account.deleted', ...ofAccount(account) })
      return undefined
    },

    invitations: {
      /** What a link offers; uses nothing up. undefined: it works no more. */
      peek: find,

      /**
       * Sets the password that the person chose; gives the generation of sign-ins that begins. undefined: the link works no
       * more.
       * @throws FieldErrors on `password`; the link goes on working then. AppError `overloaded` (503), `email_taken` (409)
       */
      async accept(
        token: string,
        password: string,
      ): Promise<{ accountId: string; generation: number } | undefined> {
        const invitation = await find(token)
        if (!invitation) return undefined
        const { account, email } = invitation
        const weakness = await policy(password, { ...account, email })
        if (weakness) throw new FieldErrors({ password: weakness })
        const done = await redeem(invitation, { passwordHash: await hasher.hash(password) })
        if (done === 'taken')
          throw new AppError('email_taken', 409, 'This address belongs to another account by now.')
        return done === 'spent' ? undefined : { accountId: account.id, ...done }
      },

      /** Makes a sign-in elsewhere the way into the account. @param id of the invitation */
      async acceptBy(
        id: string,
        identity: UpstreamIdentity,
        profile: UpstreamProfile,
      ): Promise<{ kind: 'ok'; account: Account } | { kind: 'expired' | 'identity_taken' }> {
        const row = await tokenStore.byId('invitation', id)
        const invitation = row && (await invitationOf(row))
        if (!invitation) return { kind: 'expired' }
        const { account } = invitation
        const { givenName, familyName, picture } = presentable(profile)
        const unnamed = account.givenName === null && account.familyName === null
        const names = {
          ...(unnamed && { givenName, familyName }),
          ...(account.picture === null && { picture }),
        }
        const done = await redeem(invitation, { passwordHash: null, identity, names })
        if (done === 'taken' && (await linkedStore.find(identity))) return { kind: 'identity_taken' }
        const accepted = typeof done === 'string' ? undefined : await store.byId(account.id)
        if (!accepted || typeof done === 'string') return { kind: 'expired' }
        events.emit({ type: 'account.signed_in', ...ofAccount(accepted), provider: identity.provider })
        return { kind: 'ok', account: { ...accepted, ...done } }
      },
    },
  }
}

export type Invitations = ReturnType<typeof createInvitations>
