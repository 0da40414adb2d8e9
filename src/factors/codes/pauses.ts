import type { FailureStore } from '../store/failures.ts'

/** What is sent again by a button: codes of a second factor, and the message that proves an address. */
export type Sending = 'email' | 'sms' | 'verification'

/** Milliseconds between two messages that a person has sent to themselves by a page. */
const PAUSE = 60_000

/**
 * The moment between two messages: people press again before the first one has arrived, and only the code of the last one works. It is for
 * their comfort; what bounds the messages is with what sends them.
 */
export interface Pauses {
  /** Begins one, unless one runs: of several at once, one begins it. @returns seconds that are left of the one that runs; undefined: it has begun */
  begin(accountId: string, sending: Sending): Promise<number | undefined>
  /** Seconds until a message may be sent again; undefined: now. */
  left(accountId: string, sending: Sending): Promise<number | undefined>
  /** Nothing was sent. */
  cancel(accountId: string, sending: Sending): Promise<void>
}

export function createPauses({
  failures,
  clock,
}: {
  failures: Pick<FailureStore, 'reserve' | 'running' | 'clear'>
  clock: () => number
}): Pauses {
  const kindOf = (sending: Sending) => `pause_${sending}`
  const until = (end: Date | undefined): number | undefined => {
    const left = end === undefined ? 0 : Math.ceil((end.getTime() - clock()) / 1000)
    return left > 0 ? left : undefined
  }
  return {
    async begin(accountId, sending) {
      const now = clock()
      const reserved = await failures.reserve({
        ...{ accountId, kind: kindOf(sending), most: 1 },
        now: new Date(now),
        windowEndsAt: new Date(now + PAUSE),
      })
      return reserved === undefined || reserved.failures !== undefined
        ? undefined
        : until(reserved.windowEndsAt)
    },
    async left(accountId, sending) {
      const [running] = await failures.running(accountId, [kindOf(sending)], new Date(clock()))
      return until(running?.windowEndsAt)
    },
    cancel: (accountId, sending) => failures.clear(accountId, kindOf(sending)),
  }
}
