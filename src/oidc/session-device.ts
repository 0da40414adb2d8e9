import type { IncomingMessage } from 'node:http'
import { Provider } from 'oidc-provider'

/** Where a session was started, for the list of signed-in devices. */
export interface SessionDevice {
  userAgent: string
  address: string
}

/**
 * Makes sessions remember the device they were started on.
 *
 * This is the one place that relies on the library's insides: `IN_PAYLOAD` names the properties of a model that are
 * stored, and has no public counterpart. Tests fail when it changes (test/oidc/session-device.test.ts).
 */
export function rememberDevices(provider: Provider): void {
  const { Session } = provider
  const stored: readonly string[] = Reflect.get(Session, 'IN_PAYLOAD')
  Object.defineProperty(Session, 'IN_PAYLOAD', { get: () => [...stored, 'device'] })
  const loginAccount = Session.prototype.loginAccount
  Session.prototype.loginAccount = function (details) {
    loginAccount.call(this, details)
    const request: IncomingMessage | undefined = Provider.ctx?.req
    if (request) Object.assign(this, { device: deviceOf(request) })
  }
}

/** @param request pinned: its x-forwarded-for is the address that our proxies vouch for (mount.ts) */
export const deviceOf = ({ headers }: IncomingMessage): SessionDevice => ({
  userAgent: String(headers['user-agent'] ?? '').slice(0, 300),
  address: String(headers['x-forwarded-for'] ?? '').slice(0, 64),
})
