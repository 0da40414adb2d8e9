import type { Envelope, MailTransport } from './transport.ts'

/**
 * Hands messages to a transport in the background, each up to three times. One that has to be tried again waits beside
 * the queue: a receiver whose server says “not now” holds no other message up.
 *
 * @param options.width deliveries at once; 1 keeps the order of what succeeds at the first try
 * @param options.backoff milliseconds before the second and the third try
 */
export function createDeliveryQueue(options: {
  transport: MailTransport
  width: number
  backoff: readonly number[]
  delivered: (envelope: Envelope, file: string | undefined) => void
  failed: (envelope: Envelope, error: unknown, tries: number) => void
}) {
  const { transport, width, backoff, delivered, failed } = options
  const waiting: (() => Promise<void>)[] = []
  const idleListeners: (() => void)[] = []
  const closing = new AbortController()
  let running = 0
  let resting = 0
  let dropped = false
  const isIdle = (): boolean => running + resting + waiting.length === 0

  const pump = (): void => {
    while (running < width) {
      const job = waiting.shift()
      if (!job) break
      running++
      void job().finally(() => {
        running--
        pump()
      })
    }
    if (isIdle()) for (const listener of idleListeners.splice(0)) listener()
  }

  const tryAgainIn = async (wait: number, job: () => Promise<void>): Promise<void> => {
    resting++
    await pause(wait, closing.signal)
    resting--
    if (!dropped) waiting.push(job)
    pump()
  }

  const deliver = async (envelope: Envelope, tries: number): Promise<void> => {
    try {
      delivered(envelope, await transport.deliver(envelope))
    } catch (error) {
      const wait = backoff[tries - 1]
      if (wait === undefined || isPermanent(error)) failed(envelope, error, tries)
      else void tryAgainIn(wait, () => deliver(envelope, tries + 1))
    }
  }

  return {
    /** @param prepare makes the message; undefined: there is nothing to send. Must not reject. */
    push(prepare: () => Promise<Envelope | undefined>): void {
      waiting.push(async () => {
        const envelope = await prepare()
        if (envelope) await deliver(envelope, 1)
      })
      pump()
    },
    /** What is under way. */
    get running(): number {
      return running
    },
    /** What is not under way: not started, or resting before another try. */
    get length(): number {
      return waiting.length + resting
    },
    /** Resolves when nothing is waiting, resting or under way. */
    idle(): Promise<void> {
      return isIdle() ? Promise.resolve() : new Promise((resolve) => idleListeners.push(resolve))
    },
    /** From now on a retry follows at once: the process is about to end. */
    hurry(): void {
      closing.abort()
    },
    /** Forgets what has not been started. */
    drop(): void {
      dropped = true
      waiting.length = 0
    },
  }
}

/** RFC 5321 §4.2.1: a 5yz answer stays the same however often one asks. */
const isPermanent = (error: unknown): boolean => {
  const code = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined
  return typeof code === 'number' && code >= 500
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
  })
