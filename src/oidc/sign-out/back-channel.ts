import type { FastifyBaseLogger } from 'fastify'
import type { Provider } from 'oidc-provider'
import { type Delivery, type DeliveryQueue, type Outcome, RETRIES } from '../../shared/delivery.ts'

/**
 * Sends logout tokens to clients when a person signs out (OpenID Connect Back-Channel Logout §2.5) without keeping the person
 * waiting: the notice is stored before the answer, and sent behind it until the client has answered well, for a day and a half at most. A
 * logout token lives two minutes, so each try has a new one.
 */
export interface BackChannel {
  /** Makes the library send its logout tokens through here. */
  attach(provider: Provider): void
}

type Send = (sub: string, sid?: string) => Promise<unknown>
/** The published types leave this method of the library's Client out. */
type LogoutClient = { backchannelLogout: Send; clientId: string; backchannelLogoutUri?: string }

/** What a row of the queue holds. */
interface Notice {
  clientId: string
  sub: string
  sid?: string | undefined
}

/** @param backoff milliseconds before the second try, the third and so on; then it is given up */
export function createBackChannel(
  queue: DeliveryQueue,
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>,
  backoff: readonly number[] = RETRIES,
): BackChannel {
  let current: { provider: Provider; send: Send } | undefined

  async function deliver({ payload, tries }: Delivery, signal: AbortSignal): Promise<Outcome> {
    const { clientId, sub, sid } = JSON.parse(payload) as Notice
    if (current === undefined) throw new Error('the protocol is not ready')
    const client = (await current.provider.Client.find(clientId)) as LogoutClient | undefined
    // The client was deleted, or has no address for logout tokens any more.
    if (client?.backchannelLogoutUri === undefined) return { kind: 'done' }
    try {
      await current.send.call(client, sub, sid)
    } catch (err) {
      if (signal.aborted) throw err
      const after = backoff[tries - 1]
      const result = { error: err instanceof Error ? err.message : String(err) }
      if (after !== undefined) return { kind: 'again', after, result }
      log.warn({ client_id: clientId, err, tries }, 'back-channel logout was not delivered')
      return { kind: 'failed', result }
    }
    log.info({ client_id: clientId }, 'back-channel logout delivered')
    return { kind: 'done' }
  }

  const lane = queue.open({
    kind: 'logout',
    width: 8,
    perSubject: 2,
    secret: false,
    keepsDone: false,
    hurries: false,
    deliver,
  })

  return {
    attach(provider) {
      const client = provider.Client.prototype as object as LogoutClient
      current = { provider, send: client.backchannelLogout }
      client.backchannelLogout = async function (this: LogoutClient, sub, sid) {
        const notice: Notice = { clientId: this.clientId, sub, sid }
        await lane.add([{ subject: this.clientId, payload: JSON.stringify(notice) }])
      }
    },
  }
}
