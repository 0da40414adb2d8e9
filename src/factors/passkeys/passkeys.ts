// A passkey (WebAuthn Level 3) is a second factor beside a password and, where it verifies its user by a PIN, a fingerprint or
// a face, a sign-in by itself.
//
//   options (a challenge, bound to the browser) ─► browser, authenticator ─► credential ─► register │ verifySignIn
//
// A registered passkey belongs to the issuer's host. Its private key never comes here, and no page of another host gets an answer.
import type { KeyObject } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { Database } from '../../storage/database.ts'
import type { FactorEvent } from '../events.ts'
import type { Notices } from '../notices.ts'
import type { FactorChanger, FindOwner } from '../owner.ts'
import type { RecoveryCodes } from '../recovery-codes/recovery-codes.ts'
import { suggestName } from './authenticators.ts'
import { verifyRegistration } from './ceremonies.ts'
import { createChallenges } from './challenges.ts'
import { createCheck, methodsOf } from './check.ts'
import { readRegistration } from './credentials.ts'
import { passkeyName } from './name.ts'
import { type CreationOptions, creationOptions, type RequestOptions, requestOptions } from './options.ts'
import { obstacleOf, relyingPartyOf } from './relying-party.ts'
import { createPasskeyStore } from './store.ts'

/** How many an account has at most: all of them go into the options of its second factor. */
export const MAX_PASSKEYS = 20

/** A passkey, as its owner sees it. Times are milliseconds since the epoch. */
export interface Passkey {
  id: string
  name: string
  /** The model of what keeps it; nothing proves it. */
  aaguid: string
  /** Synced between the devices of its owner; else it stays on one. */
  synced: boolean
  createdAt: number
  lastUsedAt: number | null
  /** Since when it is refused, because its counter went back: there may be a copy. */
  refusedAt: number | null
}

export type PasskeyVerification =
  | {
      kind: 'verified'
      accountId: string
      passkeyId: string
      /** RFC 8176: `hwk`, or `swk` for a synced one; `user`; with `mfa` where it verified its user. */
      amr: string[]
      userVerified: boolean
    }
  /** `reason` is for logs; a page may say that a challenge is `spent`, which is no secret. */
  | {
      kind: 'wrong'
      reason: 'malformed' | 'foreign' | 'spent' | 'unknown' | 'invalid' | 'refused' | 'unverified'
      /** No account has this passkey: the browser may be told, so that it is not offered again. */
      forget?: UnknownCredential | undefined
      accountId?: string
    }

export type PasskeyRegistration =
  /** `recoveryCodes`: it is the first second factor of the account, and these are its codes, shown once. */
  | {
      kind: 'added'
      passkey: Passkey
      /** What making it has shown, as of a verification. */
      amr: string[]
      recoveryCodes: string[] | undefined
    }
  /** It is no answer to options of this browser and account, or came too late. */
  | { kind: 'wrong'; reason: 'malformed' | 'foreign' | 'spent' | 'invalid' }
  /** It is registered already. */
  | { kind: 'taken' }
  /** The account is gone, or the sign-in that adds it has ended. */
  | { kind: 'no_account' }

/**
 * The passkeys of accounts. A person who adds, renames or removes one has signed in lately: that is for the caller to see to.
 *
 * `binding` is what ties a challenge to the browser that it was made for: the hash of a cookie, the uid of a session.
 */
export interface Passkeys {
  /** Whether new ones are made, and whether one signs in by itself; read at each use. Those that exist verify a second factor always. */
  availability(): 'on' | 'off' | 'ip_address'
  /** Of `navigator.credentials.create`, in JSON. Undefined: the account is gone. */
  registrationOptions(
    account: { id: string; username: string; displayName: string },
    binding: string,
  ): Promise<CreationOptions | undefined>
  /**
   * Adds the passkey that a browser made. Its owner is told by mail.
   * @param by.generation of the sign-in that adds it: if it has passed, nothing is added
   * @param device the browser in words, a name where nothing better is known
   * @throws AppError `passkeys_off`, `too_many_passkeys` (409)
   */
  register(
    by: FactorChanger,
    credential: unknown,
    binding: string,
    device: string,
  ): Promise<PasskeyRegistration>
  /**
   * What `navigator.credentials.get` is called with, as JSON (WebAuthn §5.5). With an account it asks for one of its passkeys, as a second
   * factor; without one for any passkey, whose authenticator has to verify its user.
   */
  signInOptions(binding: string, accountId?: string): Promise<RequestOptions>
  /**
   * Checks what a browser answered to `signInOptions` of the same binding and account, once. Without an account the passkey signs in
   * by itself: it has verified its user now, and at its registration or beside a password. Says nothing of whether the account may sign in.
   */
  verifySignIn(credential: unknown, binding: string, accountId?: string): Promise<PasskeyVerification>
  /**
   * What `PublicKeyCredential.signalAllAcceptedCredentials` tells whatever keeps the passkeys of an account: which there still are. Undefined: it
   * never had one, or the issuer shares its host with others, as on localhost.
   */
  accepted(accountId: string): Promise<AcceptedCredentials | undefined>
  /** The oldest first. */
  list(accountId: string): Promise<Passkey[]>
  /** False: the account has none of this id. @throws ValidationError on `name` (422) */
  rename(accountId: string, id: string, name: string): Promise<boolean>
  /** Its owner is told by mail. Undefined: the account has none of this id, or the sign-in has ended. */
  remove(by: FactorChanger, id: string): Promise<Passkey | undefined>
}

/** UnknownCredentialOptions (WebAuthn L3 §5.1.10). */
export interface UnknownCredential {
  rpId: string
  credentialId: string
}

/** AllAcceptedCredentialsOptions (WebAuthn L3 §5.1.10). */
export interface AcceptedCredentials {
  rpId: string
  userId: string
  allAcceptedCredentialIds: string[]
}

export interface PasskeySettings {
  readonly passkeys: 'on' | 'off'
  /** Where else than at the issuer pages may ask for one. */
  readonly passkeyOrigins: readonly string[]
}

export interface PasskeyDependencies {
  db: Database
  clock: Clock
  artifacts: Pick<ArtifactStore, 'insert'>
  /** 32 bytes, of this purpose alone. */
  key: KeyObject
  issuer: URL
  /** Read at each use. */
  settings: PasskeySettings
  events: (event: FactorEvent) => void
  notices: Pick<Notices, 'added' | 'removed' | 'passkeyRefused'>
  codes: Pick<RecoveryCodes, 'prepare'>
  findOwner: FindOwner
}

export function createPasskeys(deps: PasskeyDependencies): Passkeys {
  const { settings, issuer } = deps
  const store = createPasskeyStore(deps)
  const challenges = createChallenges(deps)
  const party = relyingPartyOf(issuer, settings)
  const obstacle = obstacleOf(issuer)
  // On localhost every server of a machine has the same RP ID, and must not have the passkeys of another one deleted.
  const signals = issuer.protocol === 'https:'
  const availability = () => (settings.passkeys === 'off' ? 'off' : (obstacle ?? 'on'))

  const check = createCheck({
    ...deps,
    ...{ store, challenges, party },
    alone: () => availability() === 'on',
    forget: (credentialId) => (signals ? { rpId: party.id, credentialId } : undefined),
  })

  return {
    availability,

    async registrationOptions(account, binding) {
      const userHandle = await store.userHandle(account.id)
      if (userHandle === undefined) return undefined
      return creationOptions({
        party,
        service: issuer.host,
        user: { ...account, id: userHandle },
        challenge: challenges.issue({ act: 'register', binding, accountId: account.id }),
        existing: await store.list(account.id),
      })
    },

    async register(by, given, binding, device) {
      if (availability() !== 'on') throw new AppError('passkeys_off', 409, message('passkeys.off'))
      const read = readRegistration(given)
      if (read === undefined) return { kind: 'wrong', reason: 'malformed' }
      const { accountId } = by
      const taken = await challenges.take(read.challenge, { act: 'register', binding, accountId })
      if (taken !== 'good') return { kind: 'wrong', reason: taken }
      const record = await verifyRegistration(read.credential, read.challenge, party)
      if (record === undefined) return { kind: 'wrong', reason: 'invalid' }
      const owner = await deps.findOwner(accountId)
      if (owner === undefined) return { kind: 'no_account' }
      const names = (await store.list(accountId)).map(({ name }) => name)
      const name = suggestName({ ...record, device }, names)
      const codes = owner.secondFactors.length === 0 ? await deps.codes.prepare() : undefined
      const added = await store.insert({ ...by, most: MAX_PASSKEYS }, { ...record, name }, codes?.stored)
      if (added === 'full')
        throw new AppError('too_many_passkeys', 409, message('passkeys.tooMany', { max: MAX_PASSKEYS }))
      if (typeof added === 'string') return { kind: added }
      deps.notices.added(owner, 'passkey')
      return {
        kind: 'added',
        passkey: added.result,
        amr: methodsOf(record),
        recoveryCodes: added.codesStored ? codes?.codes : undefined,
      }
    },

    async signInOptions(binding, accountId) {
      return requestOptions({
        party,
        challenge: challenges.issue({ act: 'sign_in', binding, accountId }),
        allowed:
          accountId === undefined
            ? undefined
            : (await store.list(accountId)).filter(({ refusedAt }) => refusedAt === null),
      })
    },

    async verifySignIn(given, binding, accountId) {
      const outcome = await check(given, binding, accountId)
      // At a second factor a password was right: what follows it is worth an entry. A page that was open for too long is not.
      if (accountId !== undefined && outcome.kind === 'wrong' && outcome.reason !== 'spent')
        deps.events({ type: 'factor.code_wrong', accountId, kind: 'passkey' })
      return outcome
    },

    async accepted(accountId) {
      const userId = signals ? await store.knownUserHandle(accountId) : undefined
      if (userId === undefined) return undefined
      const allAcceptedCredentialIds = (await store.list(accountId)).map(({ credentialId }) => credentialId)
      return { rpId: party.id, userId, allAcceptedCredentialIds }
    },

    list: store.list,

    async rename(accountId, id, name) {
      const { data, error } = passkeyName.safeParse(name)
      if (data === undefined)
        throw refusedFields({ name: error.issues[0]?.message ?? t('passkeys.name.enter') })
      if (!(await store.rename(accountId, id, data))) return false
      deps.events({ type: 'factor.renamed', accountId, kind: 'passkey' })
      return true
    },

    async remove(by, id) {
      const removed = await store.remove(by, id)
      const owner = removed && (await deps.findOwner(by.accountId))
      if (owner) deps.notices.removed(owner, 'passkey')
      return removed
    },
  }
}
