import type { IncomingMessage } from 'node:http'
import { Provider } from 'oidc-provider'

/** Where a session was started, for the list of signed-in devices. */
export interface SessionDevice {
  userAgent: string
  address: string
}

/** The sign-in elsewhere that a session came by. */
export interface UpstreamSession {
  /** The id of the provider. */
  provider: string
  issuer: string
  subject: string
  /** The provider's own session, if it has told (OpenID Connect Back-Channel Logout §2.1). */
  sid?: string | undefined
}

/**
 * Makes sessions remember the device they were started on, and the sign-in elsewhere that they came by.
 *
 * This is the one place that relies on the library's insides: `IN_PAYLOAD` names the properties of a model that are
 * stored, and has no public counterpart. Tests fail when it changes (test/oidc/session-facts.test.ts).
 */
export function rememberFacts(provider: Provider): void {
  const { Session } = provider
  const stored: readonly string[] = Reflect.get(Session, 'IN_PAYLOAD')
  Object.defineProperty(Session, 'IN_PAYLOAD', { get: () => [...stored, 'device', 'upstream'] })
  const loginAccount = Session.prototype.loginAccount
  Session.prototype.loginAccount = function (details) {
    loginAccount.call(this, details)
    // Signed in again by other means, the session is no longer the provider's to end.
    if (!details.amr?.includes('fed')) Object.assign(this, { upstream: undefined })
    const request: IncomingMessage | undefined = Provider.ctx?.req
    if (request) Object.assign(this, { device: deviceOf(request) })
  }
}

/** @param request pinned: its x-forwarded-for is the address that our proxies vouch for (mount.ts) */
export const deviceOf = ({ headers }: IncomingMessage): SessionDevice => ({
  userAgent: String(headers['user-agent'] ?? '').slice(0, 300),
  address: String(headers['x-forwarded-for'] ?? '').slice(0, 64),
})

/** The id of the provider elsewhere that a stored session came by. */
export const providerOf = (session: object | undefined): string | undefined =>
  (session as { upstream?: UpstreamSession } | undefined)?.upstream?.provider
