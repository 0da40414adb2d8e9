import type { Notices } from '../notices.ts'
import type { FindOwner } from '../owner.ts'
import { verifyAssertion } from './ceremonies.ts'
import type { Challenges } from './challenges.ts'
import { readAssertion } from './credentials.ts'
import type { Passkeys, UnknownCredential } from './passkeys.ts'
import type { RelyingParty } from './relying-party.ts'
import type { PasskeyStore } from './store.ts'

/** Of a passkey that was shown (RFC 8176). */
export const methodsOf = ({ synced, userVerified }: { synced: boolean; userVerified: boolean }): string[] => [
  synced ? 'swk' : 'hwk',
  'user',
  ...(userVerified ? ['mfa'] : []),
]

/** `verifySignIn`, but for what the audit log is told of it. */
export function createCheck(deps: {
  store: PasskeyStore
  challenges: Challenges
  party: RelyingParty
  notices: Pick<Notices, 'passkeyRefused'>
  findOwner: FindOwner
  /** Whether a passkey signs in by itself; read at each use. */
  alone(): boolean
  /** What the browser is told of a passkey that no account has; undefined: nothing. */
  forget(credentialId: string): UnknownCredential | undefined
}): Passkeys['verifySignIn'] {
  const { store, challenges, party } = deps

  return async (given, binding, accountId) => {
    if (accountId === undefined && !deps.alone()) return { kind: 'wrong', reason: 'refused' }
    const read = readAssertion(given)
    if (read === undefined) return { kind: 'wrong', reason: 'malformed' }
    const { credential, challenge } = read
    const taken = await challenges.take(challenge, { act: 'sign_in', binding, accountId })
    if (taken !== 'good') return { kind: 'wrong', reason: taken }
    const found = await store.byCredentialId(credential.id)
    if (found === undefined) return { kind: 'wrong', reason: 'unknown', forget: deps.forget(credential.id) }
    const { passkey, userHandle } = found
    const wrong = (reason: 'unknown' | 'invalid' | 'refused' | 'unverified') =>
      ({ kind: 'wrong', reason, accountId: passkey.accountId }) as const
    if (accountId !== undefined && passkey.accountId !== accountId) return wrong('unknown')
    // Who signs in by it alone is named by the passkey too (WebAuthn §7.2, step 6).
    const named = credential.response.userHandle
    if (named === undefined ? accountId === undefined : named !== userHandle) return wrong('invalid')
    const verified = await verifyAssertion(credential, challenge, party, passkey)
    if (verified === undefined) return wrong('invalid')
    // A key without a PIN gets one from anybody who holds it: that verifies nobody until its owner has shown the password with it.
    const { userVerified } = verified
    if (accountId === undefined && !(userVerified && passkey.userVerified)) return wrong('unverified')
    if (!(await store.use(passkey.id, verified))) {
      const owner = (await store.refuse(passkey.id)) && (await deps.findOwner(passkey.accountId))
      if (owner) deps.notices.passkeyRefused(owner, passkey.name)
      return wrong('refused')
    }
    return {
      kind: 'verified',
      accountId: passkey.accountId,
      passkeyId: passkey.id,
      amr: methodsOf({ ...passkey, userVerified }),
      userVerified,
    }
  }
}
