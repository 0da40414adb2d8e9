import type { FailureStore } from '../store/failures.ts'

/** What is sent again by a button: codes of a second factor, and the message that proves an address. */
export type Sending = 'email' | 'sms' | 'verification'

/** Milliseconds that a message may take. */
const PAUSE = 60_000

/**
 * The minute after a message: people press again before it has arrived, and only the code of the last one works. Pages say how much of it is left;
 * nothing is refused for it. What bounds the messages is with what sends them.
 */
export interface ResendCountdowns {
  /** A message was sent. */
  begin(accountId: string, sending: Sending): Promise<void>
  /** Seconds in which it may still be on its way; undefined: it has had its time. */
  left(accountId: string, sending: Sending): Promise<number | undefined>
}

export function createResendCountdowns({
  failures,
  clock,
}: {
  failures: Pick<FailureStore, 'reserve' | 'running' | 'clear'>
  clock: () => number
}): ResendCountdowns {
  const kindOf = (sending: Sending) => `pause_${sending}`
  return {
    async begin(accountId, sending) {
      const kind = kindOf(sending)
      const now = clock()
      await failures.clear(accountId, kind)
      const windowEndsAt = new Date(now + PAUSE)
      await failures.reserve({ accountId, kind, most: 1, now: new Date(now), windowEndsAt })
    },
    async left(accountId, sending) {
      const [running] = await failures.running(accountId, [kindOf(sending)], new Date(clock()))
      const left = running === undefined ? 0 : Math.ceil((running.windowEndsAt.getTime() - clock()) / 1000)
      return left > 0 ? left : undefined
    },
  }
}
