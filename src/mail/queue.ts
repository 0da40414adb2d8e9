import type { Envelope, MailTransport } from './transport.ts'

/**
 * Hands messages to a transport in the background, each up to three times.
 *
 * @param options.width deliveries at once; 1 keeps the order
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
    if (running === 0) for (const listener of idleListeners.splice(0)) listener()
  }

  const deliver = async (envelope: Envelope): Promise<void> => {
    for (let tries = 1; ; tries++) {
      try {
        delivered(envelope, await transport.deliver(envelope))
        return
      } catch (error) {
        const wait = backoff[tries - 1]
        if (wait === undefined || isPermanent(error)) return failed(envelope, error, tries)
        await pause(wait, closing.signal)
      }
    }
  }

  return {
    /** @param prepare makes the message; undefined: there is nothing to send. Must not reject. */
    push(prepare: () => Promise<Envelope | undefined>): void {
      waiting.push(async () => {
        const envelope = await prepare()
        if (envelope) await deliver(envelope)
      })
      pump()
    },
    get length(): number {
      return waiting.length
    },
    /** Resolves when nothing is waiting or under way. */
    idle(): Promise<void> {
      return running === 0 ? Promise.resolve() : new Promise((resolve) => idleListeners.push(resolve))
    },
    /** From now on a retry follows at once: the process is about to end. */
    hurry(): void {
      closing.abort()
    },
    /** Forgets what has not been started. */
    drop(): void {
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
