import { createHmac, type KeyObject } from 'node:crypto'
import type { Clock } from '../shared/clock.ts'
import type { FailureStore } from './store/failures.ts'

/** How many wrong codes of one kind an account may be sent within the window. */
export const MAX_WRONG_CODES = 5
/** In milliseconds. */
const WINDOW = 15 * 60_000
/** How many in a month, whatever the windows (NIST SP 800-63B-4 §3.2.2): who knows the password must not guess for ever. */
export const MAX_WRONG_IN_ALL = 100
const MONTH = 30 * 86_400_000

/** What is counted apart: a person who sets an app up must not lock their own sign-in. */
export type CodeKind = 'totp' | 'totp_setup' | 'recovery_code' | 'email' | 'sms' | 'sms_setup'

/** `until`: when codes are checked again, in milliseconds since the epoch. */
export type Refusal = { kind: 'wrong' } | { kind: 'limited'; until: number }

/**
 * Checks a code within the limit. The try is counted as a failure before the check, by one conditional statement: of any
 * number of guesses at once no more than MAX_WRONG_CODES are checked, in however many processes. A right one clears the
 * count, before it is used up; a check that throws (an overloaded server) gives its try back. The right code once more (a form that was sent twice) is wrong,
 * since it is used, and counts for nothing: who sends it guesses nothing.
 * @param code as it was typed @param check calls `matches` once the code is right, before it uses it up @returns what `check` found; it returns undefined for a wrong code
 */
export type WithinLimit = <Right>(
  accountId: string,
  kind: CodeKind,
  code: string,
  check: (matches: () => Promise<void>) => Promise<Right | undefined>,
) => Promise<{ kind: 'right'; found: Right } | Refusal>

/** Until when no codes of a kind are checked, in milliseconds since the epoch; undefined: they are. Counts nothing. */
export type LockedUntil = (accountId: string, kind: CodeKind) => Promise<number | undefined>

export function createLockedUntil({ store, clock }: { store: FailureStore; clock: Clock }): LockedUntil {
  return async (accountId, kind) => {
    const most = { [kind]: MAX_WRONG_CODES, [`${kind}_in_all`]: MAX_WRONG_IN_ALL }
    const counts = await store.running(accountId, Object.keys(most), new Date(clock()))
    const ends = counts
      .filter((count) => count.failures >= (most[count.kind] ?? Infinity))
      .map(({ windowEndsAt }) => windowEndsAt.getTime())
    return ends.length > 0 ? Math.max(...ends) : undefined
  }
}

/** @param deps.wrong told of each code that was checked and not right; `last`: no more are checked for a while */
export function createLimit(deps: {
  store: FailureStore
  clock: Clock
  /** At least 256 bits. */
  key: KeyObject
  wrong: (accountId: string, kind: CodeKind, last: boolean) => Promise<void>
}): WithinLimit {
  const { store, clock } = deps
  const macOf = (...of: [accountId: string, kind: CodeKind, code: string]): string =>
    createHmac('sha256', deps.key).update(of.join('\0')).digest('base64url')

  return async (accountId, kind, code, check) => {
    const now = clock()
    // As people type one code: in groups, in capitals.
    const mac = macOf(accountId, kind, code.replaceAll(/[\s-]/g, '').toLowerCase())
    const reserved = await store.reserve({
      accountId,
      kind,
      now: new Date(now),
      windowEndsAt: new Date(now + WINDOW),
      most: MAX_WRONG_CODES,
      mac,
    })
    if (!reserved) return { kind: 'wrong' }
    const { failures, windowEndsAt, counted } = reserved
    if (failures === undefined) return { kind: 'limited', until: windowEndsAt.getTime() }
    const inAll =
      counted &&
      (await store.reserve({
        accountId,
        kind: `${kind}_in_all`,
        now: new Date(now),
        windowEndsAt: new Date(now + MONTH),
        most: MAX_WRONG_IN_ALL,
      }))
    if (inAll !== false && inAll?.failures === undefined)
      return { kind: 'limited', until: (inAll?.windowEndsAt ?? windowEndsAt).getTime() }
    let found: Awaited<ReturnType<typeof check>>
    try {
      found = await check(() => store.used(accountId, kind, mac))
    } catch (error) {
      if (!counted) throw error
      await store.giveBack(accountId, kind)
      await store.giveBack(accountId, `${kind}_in_all`)
      throw error
    }
    if (found === undefined) {
      // What was counted of it before it was right has been cleared with the rest.
      if (!counted || (await store.wasUsed(accountId, kind, mac))) return { kind: 'wrong' }
      await deps.wrong(accountId, kind, failures === MAX_WRONG_CODES)
      return { kind: 'wrong' }
    }
    await store.clear(accountId, `${kind}_in_all`)
    return { kind: 'right', found }
  }
}
