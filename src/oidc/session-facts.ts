import type { IncomingMessage } from 'node:http'
import { type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { generationOf } from './generations.ts'

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
 * Makes sessions remember the device they were started on, the sign-in elsewhere that they came by and the generation of
 * sign-ins they are of (generations.ts); Grants the latter two, and whether the person was asked (grants.ts).
 *
 * This is the one place that relies on the library's insides: `IN_PAYLOAD` names the properties of a model that are
 * stored, and has no public counterpart. Tests fail when it changes (test/oidc/session-facts.test.ts).
 */
export function rememberFacts(provider: Provider): void {
  const { Session, Grant } = provider
  for (const [model, facts] of [
    [Session, ['device', 'upstream', 'generation']],
    [Grant, ['upstream', 'generation', 'asked']],
  ] as const) {
    const stored: readonly string[] = Reflect.get(model, 'IN_PAYLOAD')
    Object.defineProperty(model, 'IN_PAYLOAD', { get: () => [...stored, ...facts] })
  }
  const loginAccount = Session.prototype.loginAccount
  Session.prototype.loginAccount = function (details) {
    loginAccount.call(this, details)
    // Signed in again by other means, the session is no longer the provider's to end.
    if (!details.amr?.includes('fed')) Object.assign(this, { upstream: undefined })
    const ctx = Provider.ctx as KoaContextWithOIDC | undefined
    if (ctx === undefined) return
    // The sign-in that an interaction ended with: its password was checked in that generation, whatever came since.
    const login = ctx.oidc.entities.Interaction?.result?.login
    Object.assign(this, { device: deviceOf(ctx.req), generation: generationOf(login) })
  }
}

/** @param request pinned: its x-forwarded-for is the address that our proxies vouch for (mount.ts) */
export const deviceOf = ({ headers }: IncomingMessage): SessionDevice => ({
  userAgent: String(headers['user-agent'] ?? '').slice(0, 300),
  address: String(headers['x-forwarded-for'] ?? '').slice(0, 64),
})

/** The sign-in elsewhere that a stored session or Grant came by. */
export const upstreamOf = (stored: object | undefined): UpstreamSession | undefined =>
  (stored as { upstream?: UpstreamSession } | undefined)?.upstream
