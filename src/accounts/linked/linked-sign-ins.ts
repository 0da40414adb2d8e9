import { randomUUID } from 'node:crypto'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { ProviderValues } from '../../shared/profile/fields.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Account } from '../account.ts'
import type { Origin as FullOrigin } from '../accounts.ts'
import { isLeaving } from '../deletion/leaving.ts'
import { canonicalEmail, emailAddress } from '../email/address.ts'
import type { Links } from '../email/links.ts'
import type { MailOut } from '../email/mail-out.ts'
import type { SendingVerification } from '../email/verification.ts'
import { firstStep, madeOf, ofAccount, type SecurityEvents } from '../events.ts'
import { parseFields, upstreamRegistrationSchema } from '../schemas.ts'
import type { AccountSessions } from '../sessions.ts'
import type { AccountSettings } from '../settings.ts'
import type { AdmitRegistration } from '../sign-up/admit.ts'
import { takenError } from '../sign-up/new-account.ts'
import { canonicalUsername, suggestUsername, username as usernameSchema } from '../sign-up/username.ts'
import type { AccountStore } from '../store/store.ts'
import { type LinkedIdentity, presentable, type SealedTokens, type StoredIdentity } from './identity.ts'
import type { LinkedStore } from './store.ts'

const canonical = (email: string | undefined) => (email === undefined ? undefined : canonicalEmail(email))

/** `unverified`: the account has still to prove its address. */
export type LinkedSignIn =
  | { kind: 'ok' | 'unverified'; account: Account }
  | { kind: 'disabled' }
  /** It waits to be deleted, and its owner may change their mind. */
  | { kind: 'leaving'; leaving: Account }
  /** No account has this identity. */
  | { kind: 'unknown' }

type Origin = Pick<FullOrigin, 'address' | 'interaction'>

/** Signing in by an account at a provider, under the identities that providers vouch for. */
export interface LinkedSignIns {
  signIn(identity: StoredIdentity, origin?: Origin): Promise<LinkedSignIn>
  /** The account that has proven an address, in whatever form it is written. */
  ownerOf(email: string): Promise<Account | undefined>
  /**
   * A username for a newcomer, out of what is known of them.
   * @param email the address that they have proven, if so
   */
  suggestUsername(hints: readonly string[], email: string | undefined): Promise<string>
  /** Whether a name that the provider gave can be taken as it is. */
  isUsable(name: string, email: string | undefined): Promise<boolean>
  /** Whether a new account may have an address; `refused`: of no domain that accounts may be of. */
  judgeEmail(email: string): 'good' | 'malformed' | 'refused'
  /**
   * Makes an account for an identity that none has. `email.verified`: the provider vouches for the address, and it
   * counts as proven; else a message is sent there, and the account waits for its proof. `invited`: an account is, by that
   * address, and nothing was made.
   * @throws ValidationError (422; 409 for a username that is taken), AppError `registration_closed` (403)
   */
  register(
    input: { username: string; email: { address: string; verified: boolean } },
    profile: ProviderValues,
    identity: StoredIdentity,
    origin?: Origin,
  ): Promise<LinkedSignIn | { kind: 'email_taken' | 'invited' }>
  /**
   * Adds an identity to the account that a person has just proven. The owner is told by mail. `no_account`: it is
   * gone, disabled, or the sign-in that proved it has ended since.
   * @param name of the provider, for the mail
   */
  link(
    proven: { accountId: string; generation: number },
    identity: StoredIdentity,
    profile: ProviderValues,
    name: string,
  ): Promise<'linked' | 'already' | 'identity_taken' | 'no_account'>
  /**
   * Takes an identity away from its account. Undefined: it was not there.
   * @param usable ids of the providers that are switched on
   * @throws AppError `last_way_in` (409)
   */
  unlink(
    accountId: string,
    id: string,
    usable: readonly string[],
    name: string,
  ): Promise<LinkedIdentity | undefined>
  /** What signs an account in: whether a password, and which identities; and whether it administers this server, or looks at how. */
  signInMethods(
    accountId: string,
  ): Promise<{ password: boolean; administers: boolean; identities: LinkedIdentity[] }>
  /** The id of the account of an identity. */
  accountOf(identity: Pick<StoredIdentity, 'issuer' | 'subject'>): Promise<string | undefined>
  /** What was kept of the provider's tokens, still sealed. */
  sealedTokens(accountId: string, provider: string): Promise<SealedTokens | undefined>
  /** Of some identities, those that were used first. */
  someSealedTokens(limit: number): Promise<SealedTokens[]>
}

/**
 * Signing in by an account at a provider. What decides is (issuer, subject); an address never joins anything to an account by
 * itself: `register` refuses one that an account has proven, and `link` is for a person who has proven the account otherwise.
 *
 *   identity ──signIn──> its account │ unknown ──register──> a new account
 *                                         ├── an account is invited by the address ──> their invitation (sign-up/invitations.ts)
 *                                         └── the address is an account's ──(its owner proves that account)──link──> it
 */
export function createLinkedSignIns(deps: {
  store: AccountStore
  linkedStore: LinkedStore
  verification: Pick<SendingVerification, 'queue'>
  sessions: AccountSessions
  mail: MailOut
  links: Links
  events: SecurityEvents
  settings: Pick<AccountSettings, 'registration'>
  refusedDomain: (email: string) => string | undefined
  admit: AdmitRegistration
}): LinkedSignIns {
  const { store, linkedStore, verification, sessions, mail, links, events } = deps
  const from = ({ address }: Origin) => (address === undefined ? {} : { address })

  const tell = (
    account: Account,
    template: 'sign-in-linked' | 'sign-in-unlinked',
    provider: string,
  ): void => {
    if (account.email === null) return
    const data = { username: account.displayUsername, provider, accountLink: links.account() }
    mail.send({ to: account.email, template, data })
  }

  const signIn = async (identity: StoredIdentity, origin: Origin = {}): Promise<LinkedSignIn> => {
    const found = await linkedStore.find(identity)
    const account = found && (await store.byId(found.accountId))
    if (!found || !account) return { kind: 'unknown' }
    const details = { ...ofAccount(account), provider: identity.provider, ...from(origin) }
    if (account.disabledAt !== null) {
      const leaving = isLeaving(account)
      events.emit({ type: 'account.sign_in_failed', reason: leaving ? 'leaving' : 'disabled', ...details })
      return leaving ? { kind: 'leaving', leaving: account } : { kind: 'disabled' }
    }
    if (!(await linkedStore.used(found.id, account.id, identity))) return { kind: 'unknown' }
    if (account.email === null) return { kind: 'unverified', account }
    events.emit({ type: firstStep(account), ...details })
    return { kind: 'ok', account }
  }

  return {
    signIn,

    async ownerOf(email) {
      const canonical = canonicalEmail(email)
      return canonical === undefined ? undefined : store.byProvenEmail(canonical)
    },

    suggestUsername: (hints, email) =>
      suggestUsername(hints, (candidate) => linkedStore.isFree(candidate, canonical(email))),

    async isUsable(name, email) {
      return (
        usernameSchema.safeParse(name).success &&
        linkedStore.isFree(canonicalUsername(name), canonical(email))
      )
    },

    judgeEmail(email) {
      const address = emailAddress.safeParse(email).data
      if (address === undefined) return 'malformed'
      return deps.refusedDomain(address) === undefined ? 'good' : 'refused'
    },

    async register(input, profile, identity, origin = {}) {
      if (deps.settings.registration === 'closed') {
        throw new AppError('registration_closed', 403, message('register.closed'))
      }
      const fields = parseFields(upstreamRegistrationSchema, {
        username: input.username,
        email: input.email.address,
      })
      const refused = deps.refusedDomain(fields.email)
      if (refused !== undefined) throw refusedFields({ email: refused })
      await deps.admit({ username: fields.username, email: fields.email }, origin.address)
      const { verified } = input.email
      const inserted = await linkedStore.insert(
        {
          id: randomUUID(),
          username: canonicalUsername(fields.username),
          displayUsername: fields.username,
          email: verified ? fields.email : null,
          pendingEmail: verified ? null : fields.email,
          passwordHash: null,
          role: 'user',
          ...presentable(profile),
        },
        identity,
      )
      if (inserted === 'username_taken') throw takenError('username_taken')
      if (inserted === 'email_taken' || inserted === 'invited') return { kind: inserted }
      if (inserted === 'identity_taken') return signIn(identity, origin)
      const { account, voided } = inserted
      for (const id of voided) {
        await sessions.endAll(id)
        events.emit({ type: 'account.voided', accountId: id, reason: 'address_proven_by_its_owner' })
      }
      const details = { ...ofAccount(account), provider: identity.provider, ...from(origin) }
      events.emit({ type: 'account.registered', ...details, ...madeOf(account) })
      if (!verified) {
        verification.queue(account, fields.email, origin.interaction)
        return { kind: 'unverified', account }
      }
      events.emit({ type: 'account.signed_in', ...details })
      return { kind: 'ok', account }
    },

    async link(proven, identity, profile, name) {
      const outcome = await linkedStore.link(proven, identity, profile)
      const { accountId } = proven
      if (outcome === 'identity_taken')
        return (await linkedStore.find(identity))?.accountId === accountId ? 'already' : 'identity_taken'
      const account = outcome === 'linked' ? await store.byId(accountId) : undefined
      if (!account) return 'no_account'
      events.emit({ type: 'account.linked', ...ofAccount(account), provider: identity.provider })
      tell(account, 'sign-in-linked', name)
      return 'linked'
    },

    async unlink(accountId, id, usable, name) {
      const removed = await linkedStore.removeUnlessLast(accountId, id, usable)
      if (removed === 'last') {
        throw new AppError('last_way_in', 409, message('security.lastWayIn'))
      }
      const account = removed && (await store.byId(accountId))
      if (!account) return undefined
      events.emit({ type: 'account.unlinked', ...ofAccount(account), provider: removed.provider })
      tell(account, 'sign-in-unlinked', name)
      return removed
    },

    async signInMethods(accountId) {
      const [stored, identities] = await Promise.all([
        store.withPassword(accountId),
        linkedStore.list(accountId),
      ])
      return {
        password: stored !== undefined && stored.passwordHash !== null,
        administers: stored !== undefined && stored.role !== 'user',
        identities,
      }
    },

    accountOf: async (identity) => (await linkedStore.find(identity))?.accountId,

    sealedTokens: linkedStore.tokens,
    someSealedTokens: linkedStore.someTokens,
  }
}
