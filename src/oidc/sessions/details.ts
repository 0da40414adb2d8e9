import type { IncomingMessage } from 'node:http'
import type { Interaction, Provider, Session } from 'oidc-provider'
import { acrOf } from '../../shared/acr.ts'
import type { UpstreamSession } from '../../shared/upstream-session.ts'
import { currentContext } from '../provider/context.ts'
import { generationOf } from './generations.ts'

/** How many sign-ins a session remembers, the last ones. */
const MAX_SIGN_INS = 20

/** What is stored of a session beside the library's own. A fast path knows some of it (fast-paths/authorize.ts). */
export const SESSION_DETAILS = [
  ...(['device', 'upstream', 'generation', 'signIns', 'verifiedAt', 'impersonation'] as const),
  ...(['asksFactor', 'unasked'] as const),
] as const

/** Where a session was started, for the list of signed-in devices. */
export interface SessionDevice {
  userAgent: string
  address: string
}

/**
 * Makes sessions remember the device they were started on, when the person signed in in them and showed a second factor, the upstream sign-in that started them
 * and the generation of sign-ins they are of (generations.ts); Grants the latter two, whether the person was asked
 * (consent/grants.ts), the device that they are for (device/apart.ts), the organization, the app password that made them, the impersonation that they were made in, and which of the same id they are (consent/incarnations.ts).
 *
 * This is the one place that relies on the library's insides: `IN_PAYLOAD` names the properties of a model that are
 * stored, and has no public counterpart. Tests fail when it changes (test/oidc/session-details.test.ts).
 */
export function rememberDetails(provider: Provider): void {
  const { Session, Grant } = provider
  for (const [model, fields] of [
    [Session, SESSION_DETAILS],
    [
      Grant,
      [
        'upstream',
        'generation',
        'asked',
        'device',
        'incarnation',
        'appPassword',
        'organization',
        'impersonation',
      ],
    ],
  ] as const) {
    const stored: readonly string[] = Reflect.get(model, 'IN_PAYLOAD')
    Object.defineProperty(model, 'IN_PAYLOAD', { get: () => [...stored, ...fields] })
  }
  const loginAccount = Session.prototype.loginAccount
  Session.prototype.loginAccount = function (details) {
    const ctx = currentContext()
    const interaction = ctx?.oidc.entities.Interaction
    if (interaction && !answersNow(this, interaction)) return
    const before = this.accountId === details.accountId ? signInsOf(this) : []
    loginAccount.call(this, { ...details, acr: acrOf(details.amr) })
    // A second factor that is shown later leaves the time of the sign-in as it is.
    const signIns = [...new Set([...before, Number(this.loginTs)])]
    // A sign-in of the person ends the impersonation that the session was.
    Object.assign(this, { signIns: signIns.slice(-MAX_SIGN_INS), impersonation: undefined })
    // Signed in again by other means, the session is no longer the provider's to end.
    if (!details.amr?.includes('fed')) Object.assign(this, { upstream: undefined })
    // The sign-in that an interaction ended with: its password was checked in that generation, whatever came since.
    const login = interaction?.result?.login
    // One that a session has answered is as far as that session.
    if (login !== undefined && login.sessionUid === undefined)
      Object.assign(this, { unasked: (login as { unasked?: boolean }).unasked, asksFactor: undefined })
    if (ctx)
      Object.assign(this, {
        device: deviceOf(ctx.req),
        generation: generationOf(interaction?.result?.login),
        verifiedAt: verifiedAtOf(interaction?.result?.login),
      })
  }
}

/**
 * Whether the sign-in that an interaction is resumed with is for its session to take over. Not that of an earlier page of the interaction,
 * which the session has already. Nor one that was answered by a session which has ended since, by a sign-out, at the
 * provider or from another device: that is taken out of the result, so that the person is asked again.
 */
function answersNow(session: Pick<Session, 'accountId' | 'uid'>, interaction: Interaction): boolean {
  const { result, lastSubmission } = interaction
  const login = result?.login
  if (!result || !login) return true
  const answered = login.sessionUid === undefined || login.sessionUid === session.uid
  const before = JSON.stringify(login) === JSON.stringify(lastSubmission?.login)
  if (before && session.accountId === login.accountId) return false
  if (!answered || before) delete result.login
  return result.login !== undefined
}

/** @param request pinned: its x-forwarded-for is the address that our proxies vouch for (provider/mount.ts) */
export const deviceOf = ({ headers }: IncomingMessage): SessionDevice => ({
  userAgent: String(headers['user-agent'] ?? '').slice(0, 300),
  address: String(headers['x-forwarded-for'] ?? '').slice(0, 64),
})

/** When the person signed in, the first time and again, in seconds since the epoch: `auth_time` of what was issued. */
export const signInsOf = (session: Pick<Session, 'loginTs'>): readonly number[] =>
  (session as { signIns?: number[] }).signIns ?? [session.loginTs].filter((at) => at !== undefined)

/** When a second factor was shown in a session or a sign-in, in seconds since the epoch; undefined: none was. */
export const verifiedAtOf = (stored: object | undefined): number | undefined =>
  (stored as { verifiedAt?: number } | undefined)?.verifiedAt

/** The upstream sign-in that started a stored session, or the session of a Grant. */
export const upstreamOf = (stored: object | undefined): UpstreamSession | undefined =>
  (stored as { upstream?: UpstreamSession } | undefined)?.upstream
