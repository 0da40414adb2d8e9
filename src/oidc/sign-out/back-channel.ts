import type { FastifyBaseLogger } from 'fastify'
import type { Provider } from 'oidc-provider'

/** Milliseconds to wait before the second and the third try. */
const BACKOFF = [1000, 10_000]

/**
 * Sends logout tokens to clients when a person signs out (OpenID Connect Back-Channel Logout §2.5) without keeping the person
 * waiting: three tries each, in the background. A logout token lives two minutes, so each try has a new one.
 */
export interface BackChannel {
  /** Makes the library send its logout tokens through here. */
  attach(provider: Provider): void
  /** Waits for the requests under way; logout tokens that wait for their next try are given up. */
  close(): Promise<void>
}

type Send = (sub: string, sid?: string) => Promise<unknown>

export function createBackChannel(
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>,
  backoff: readonly number[] = BACKOFF,
): BackChannel {
  const closing = new AbortController()
  const underWay = new Set<Promise<void>>()

  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      closing.signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })

  async function deliver(clientId: string, send: () => Promise<unknown>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await send()
        log.info({ client_id: clientId }, 'back-channel logout delivered')
        return
      } catch (err) {
        const wait = backoff[attempt]
        if (wait === undefined || closing.signal.aborted) {
          log.warn({ client_id: clientId, err, tries: attempt + 1 }, 'back-channel logout was not delivered')
          return
        }
        await pause(wait)
      }
    }
  }

  return {
    attach(provider) {
      // The published types leave this method of the library's Client out.
      const client = provider.Client.prototype as object as { backchannelLogout: Send; clientId: string }
      const send = client.backchannelLogout
      client.backchannelLogout = async function (this: typeof client, sub, sid) {
        const delivery = deliver(this.clientId, () => send.call(this, sub, sid))
        underWay.add(delivery)
        void delivery.finally(() => underWay.delete(delivery))
      }
    },
    async close() {
      closing.abort()
      await Promise.all(underWay)
    },
  }
}
