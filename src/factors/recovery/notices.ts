import type { SecondFactor } from '../../shared/second-factor.ts'
import type { FactorOwner } from '../owner.ts'
import type { RecoveryView, StartedBy } from './recovery.ts'

/** What has ended a recovery that waited. `account`: its owner, who is signed in. */
export type StoppedBy = 'link' | 'account' | 'second_factor' | 'new_password' | 'administrator'

/** What happened to the recovery of an account, for the audit log. Never a token or hash. */
export interface RecoveryEvent {
  type: 'account.recovery_started' | 'account.recovery_stopped' | 'account.recovery_finished'
  accountId: string
  username: string
  /** Of a start: `owner` or `administrator`. Of a stop: what stopped it. */
  by?: string
  /** ISO 8601. */
  ready_at?: string
  /** What was removed. */
  kinds?: readonly SecondFactor[]
}

/** The mails about recoveries. */
export type RecoveryMail =
  | {
      to: string
      template: 'recovery-started'
      data: {
        username: string
        startedAt: number
        device: string
        address: string
        readyAt: number
        stopLink: string
      }
    }
  | {
      to: string
      template: 'recovery-started-for-you'
      data: { username: string; startedAt: number; readyAt: number; stopLink: string }
    }
  | {
      to: string
      template: 'recovery-ready'
      data: { username: string; link: string; validUntil: number; stopLink: string }
    }
  | {
      to: string
      template: 'recovery-stopped'
      data: { username: string; why: StoppedBy; resetLink: string }
    }
  | {
      to: string
      template: 'recovery-finished'
      data: { username: string; accountLink: string }
    }

/** Tells the audit log and the owner, at the verified address, what became of a recovery. */
export interface RecoveryNotices {
  /** @param token stops it */
  started(owner: FactorOwner, by: StartedBy, token: string, recovery: RecoveryView): void
  /** The owner alone. @param token finishes it, and stops it too */
  ready(owner: FactorOwner, token: string, expiresAt: number): void
  stopped(owner: FactorOwner, by: StoppedBy): void
  finished(owner: FactorOwner, kinds: readonly SecondFactor[]): void
}

export function createRecoveryNotices(deps: {
  events: (event: RecoveryEvent) => void
  mail: { send(mail: RecoveryMail): void }
  /** The base of every link. */
  issuer: string
}): RecoveryNotices {
  const { events, mail } = deps
  const link = (path: string): string => `${deps.issuer.replace(/\/+$/, '')}${path}`
  const stopLinkOf = (token: string): string => link(`/login/recover/stop?token=${token}`)
  const resetLink = link('/forgot-password')
  const of = (owner: FactorOwner) => ({ accountId: owner.id, username: owner.displayUsername })
  const tell = (owner: FactorOwner, write: (to: string, username: string) => RecoveryMail): void => {
    if (owner.email !== null) mail.send(write(owner.email, owner.displayUsername))
  }

  return {
    started(owner, by, token, { startedAt, readyAt }) {
      const ready_at = new Date(readyAt).toISOString()
      events({ type: 'account.recovery_started', ...of(owner), by: by.kind, ready_at })
      const data = { startedAt, readyAt, stopLink: stopLinkOf(token) }
      tell(owner, (to, username) =>
        by.kind === 'administrator'
          ? { to, template: 'recovery-started-for-you', data: { username, ...data } }
          : {
              to,
              template: 'recovery-started',
              data: { username, device: by.device, address: by.address, ...data },
            },
      )
    },

    ready(owner, token, expiresAt) {
      tell(owner, (to, username) => ({
        to,
        template: 'recovery-ready',
        data: {
          username,
          link: link(`/login/recover/finish?token=${token}`),
          validUntil: expiresAt,
          stopLink: stopLinkOf(token),
        },
      }))
    },

    stopped(owner, by) {
      events({ type: 'account.recovery_stopped', ...of(owner), by })
      tell(owner, (to, username) => ({
        to,
        template: 'recovery-stopped',
        data: { username, why: by, resetLink },
      }))
    },

    finished(owner, kinds) {
      events({ type: 'account.recovery_finished', ...of(owner), kinds })
      const accountLink = link('/account/security')
      tell(owner, (to, username) => ({
        to,
        template: 'recovery-finished',
        data: { username, accountLink },
      }))
    },
  }
}
