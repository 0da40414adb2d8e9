import type { SecondFactor } from '../shared/second-factor.ts'
import type { FactorEvent } from './events.ts'
import type { CodeKind } from './failures.ts'
import type { FactorOwner, FindOwner } from './owner.ts'

/** The mails of this room. src/mail implements the way out; src/services.ts joins the two. */
export type FactorMail =
  | {
      to: string
      template: 'factor-added' | 'factor-removed'
      data: { username: string; factor: SecondFactor; accountLink: string }
    }
  | {
      to: string
      template: 'passkey-refused'
      data: { username: string; passkey: string; accountLink: string }
    }
  | { to: string; template: 'factor-locked'; data: { username: string; resetLink: string } }
  | { to: string; template: 'recovery-codes-renewed'; data: { username: string; accountLink: string } }
  | {
      to: string
      template: 'phone-verified'
      data: { username: string; number: string; accountLink: string }
    }
  | {
      to: string
      template: 'app-password-added' | 'app-password-removed'
      data: { username: string; name: string; accountLink: string }
    }
  | {
      to: string
      template: 'browser-remembered'
      data: { username: string; device?: string | undefined; until: number; accountLink: string }
    }
  | {
      to: string
      template: 'recovery-code-used'
      data: { username: string; left: number; accountLink: string }
    }

export interface FactorMailOut {
  /** Queues a mail; never throws for what a mail server says. */
  send(mail: FactorMail): void
}

/** Tells the audit log and the owner, once each, what was done. */
export interface Notices {
  added(owner: FactorOwner, kind: SecondFactor): void
  removed(owner: FactorOwner, kind: SecondFactor): void
  /** @param name what its owner calls it */
  passkeyRefused(owner: FactorOwner, name: string): void
  /** @param number hidden but for its last digits @param signsIn whether it is a name to sign in by */
  phoneVerified(owner: FactorOwner, number: string, signsIn: boolean | undefined): void
  codesRenewed(owner: FactorOwner): void
  /** @param left how many can still be used */
  codeUsed(owner: FactorOwner, left: number): void
  appPasswordAdded(owner: FactorOwner, name: string): void
  appPasswordRemoved(owner: FactorOwner, name: string): void
  /** @param browser.until when it is forgotten, in milliseconds since the epoch */
  browserRemembered(owner: FactorOwner, browser: { userAgent: string; until: number }): void
  /** @param last no more codes of this kind are checked for a while: the owner is told, since the password is known to who tried */
  codeWrong(accountId: string, kind: CodeKind, last: boolean): Promise<void>
}

export function createNotices(deps: {
  events: (event: FactorEvent) => void
  mail: FactorMailOut
  findOwner: FindOwner
  /** The base of every link. */
  issuer: string
  /** A user agent in words; undefined: it is none that people know. */
  describeDevice?: ((userAgent: string) => string | undefined) | undefined
}): Notices {
  const { events, mail } = deps
  const link = (path: string): string => `${deps.issuer.replace(/\/+$/, '')}${path}`
  const accountLink = link('/account/security')
  const of = (owner: FactorOwner) => ({ accountId: owner.id, username: owner.displayUsername })

  const tell = (owner: FactorOwner, write: (to: string, username: string) => FactorMail): void => {
    if (owner.email !== null) mail.send(write(owner.email, owner.displayUsername))
  }
  const changed =
    (type: 'factor.added' | 'factor.removed', template: 'factor-added' | 'factor-removed') =>
    (owner: FactorOwner, kind: SecondFactor): void => {
      events({ type, ...of(owner), kind })
      tell(owner, (to, username) => ({ to, template, data: { username, factor: kind, accountLink } }))
    }
  const appPassword =
    (
      type: 'factor.app_password_added' | 'factor.app_password_removed',
      template: 'app-password-added' | 'app-password-removed',
    ) =>
    (owner: FactorOwner, name: string): void => {
      events({ type, ...of(owner), app_password: name })
      tell(owner, (to, username) => ({ to, template, data: { username, name, accountLink } }))
    }

  return {
    added: changed('factor.added', 'factor-added'),
    removed: changed('factor.removed', 'factor-removed'),

    passkeyRefused(owner, passkey) {
      events({ type: 'factor.refused', ...of(owner), kind: 'passkey' })
      tell(owner, (to, username) => ({
        to,
        template: 'passkey-refused',
        data: { username, passkey, accountLink },
      }))
    },
    phoneVerified(owner, number, signsIn) {
      events({
        type: 'factor.phone_verified',
        ...of(owner),
        number,
        ...(signsIn !== undefined && { signs_in: signsIn }),
      })
      tell(owner, (to, username) => ({
        to,
        template: 'phone-verified',
        data: { username, number, accountLink },
      }))
    },
    appPasswordAdded: appPassword('factor.app_password_added', 'app-password-added'),
    appPasswordRemoved: appPassword('factor.app_password_removed', 'app-password-removed'),

    browserRemembered(owner, { userAgent, until }) {
      events({ type: 'factor.browser_remembered', ...of(owner) })
      const device = deps.describeDevice?.(userAgent)
      const data = { device, until, accountLink }
      tell(owner, (to, username) => ({ to, template: 'browser-remembered', data: { username, ...data } }))
    },

    codesRenewed(owner) {
      events({ type: 'factor.recovery_codes_renewed', ...of(owner) })
      tell(owner, (to, username) => ({
        to,
        template: 'recovery-codes-renewed',
        data: { username, accountLink },
      }))
    },

    codeUsed(owner, left) {
      events({ type: 'factor.recovery_code_used', ...of(owner), left })
      tell(owner, (to, username) => ({
        to,
        template: 'recovery-code-used',
        data: { username, left, accountLink },
      }))
    },

    async codeWrong(accountId, kind, last) {
      const owner = await deps.findOwner(accountId)
      if (!owner) return
      events({ type: 'factor.code_wrong', ...of(owner), kind })
      if (!last) return
      events({ type: 'factor.locked', ...of(owner), kind })
      // Who sets an app up sees its secret, and who types a code of their own phone reads it there: the sign-in is not locked.
      if (kind === 'totp_setup' || kind === 'sms_setup') return
      const resetLink = link('/forgot-password')
      tell(owner, (to, username) => ({ to, template: 'factor-locked', data: { username, resetLink } }))
    },
  }
}
