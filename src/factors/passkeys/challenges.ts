import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'

/** Seconds in which a challenge has to be answered. */
export const CHALLENGE_TTL = 300

/** Rows of challenges that were answered. */
const USED = 'PasskeyChallenge'

const NONCE = 16
const EXPIRY = 4

/** What a challenge is for: it is good for nothing else. */
export interface ChallengeScope {
  act: 'register' | 'sign_in'
  /** Of the browser or session that asks. */
  binding: string
  /** Whose passkey has to answer. Undefined: a person who is not known yet signs in. */
  accountId: string | undefined
}

/**
 * Challenges (WebAuthn §13.4.3): 128 random bits, when they expire, and an HMAC over these and what the challenge is for. So a page
 * that asks for a passkey writes nothing, and a challenge that this server did not make, or made for another browser,
 * act or account, is none. An answer uses its challenge up by one conditional insert.
 */
export interface Challenges {
  /** base64url. */
  issue(scope: ChallengeScope): string
  /** Uses a challenge up. `good` for exactly one caller. `spent`: it was answered already, or too long ago. */
  take(challenge: string, scope: ChallengeScope): Promise<'good' | 'spent' | 'foreign'>
}

export function createChallenges({
  key,
  clock,
  artifacts,
}: {
  key: KeyObject
  clock: Clock
  artifacts: Pick<ArtifactStore, 'insert'>
}): Challenges {
  const mac = (head: Buffer, { act, binding, accountId }: ChallengeScope): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([act, binding, accountId ?? null]))
      .update(head)
      .digest()

  return {
    issue(scope) {
      const head = Buffer.alloc(NONCE + EXPIRY)
      randomBytes(NONCE).copy(head)
      head.writeUInt32BE(epochSeconds(clock) + CHALLENGE_TTL, NONCE)
      return Buffer.concat([head, mac(head, scope)]).toString('base64url')
    },

    async take(challenge, scope) {
      const bytes = Buffer.from(challenge, 'base64url')
      const head = bytes.subarray(0, NONCE + EXPIRY)
      const tag = bytes.subarray(NONCE + EXPIRY)
      const own = mac(head, scope)
      if (tag.length !== own.length || !timingSafeEqual(tag, own)) return 'foreign'
      const left = head.readUInt32BE(NONCE) - epochSeconds(clock)
      // By its bytes: base64url has several spellings of some.
      if (left <= 0 || !(await artifacts.insert(USED, bytes.toString('base64url'), {}, left))) return 'spent'
      return 'good'
    },
  }
}
