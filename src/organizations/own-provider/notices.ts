/** What managers of an organization are told of its provider: the others, of each change, by mail. */
import { createHash } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import type { Members } from '../members/members.ts'
import type { RoleTemplate } from '../template.ts'

/** Managers who are told of a change, at most. */
const MOST_TOLD = 50
/** Mails of it in an hour to one address: what is done again and again fills no mailbox. The audit log has all of it. */
const MOST_AN_HOUR = 5
const HOUR = 3_600_000

export type OwnProviderAct = 'saved' | 'enabled' | 'disabled' | 'removed'

export interface OwnProviderMail {
  to: string
  template: 'organization-provider'
  data: { organization: string; by: string; act: OwnProviderAct; at: number; link: string }
}

export interface OwnProviderNotices {
  /** Tells the other managers. @param by who has done it */
  tell(by: string, organization: { id: string; name: string }, act: OwnProviderAct): Promise<void>
}

export function ownProviderNotices(deps: {
  template: Pick<RoleTemplate, 'counting' | 'manages' | 'names'>
  members: Pick<Members, 'addresses'>
  /** What people call who acts. */
  actorName(): Promise<string>
  mail: { send(mail: OwnProviderMail): void }
  mailCounts: {
    /** Counts one more, unless `most` were within the window that runs. Undefined: it was counted. */
    reserve(one: { key: string; now: Date; windowEndsAt: Date; most: number }): Promise<number | undefined>
  }
  issuer: string
  clock: Clock
}): OwnProviderNotices {
  const { template } = deps

  /** Counts one more mail to an address, unless there were enough within the hour. */
  async function mayMail(email: string): Promise<boolean> {
    const now = deps.clock()
    const key = `provider-mail:${createHash('sha256').update(email).digest('base64url')}`
    const window = { now: new Date(now), windowEndsAt: new Date(now + HOUR) }
    return (await deps.mailCounts.reserve({ key, ...window, most: MOST_AN_HOUR })) === undefined
  }

  return {
    async tell(by, organization, act) {
      const managing = template.names().filter((role) => template.manages([role]))
      const told = await deps.members.addresses(organization.id, managing, MOST_TOLD)
      const data = {
        organization: organization.name,
        by: await deps.actorName(),
        act,
        at: deps.clock(),
        link: `${deps.issuer}/account/organizations/${organization.id}/provider`,
      }
      for (const { accountId, email, roles } of told)
        if (
          email !== null &&
          accountId !== by &&
          template.manages(template.counting(roles)) &&
          (await mayMail(email))
        )
          deps.mail.send({ to: email, template: 'organization-provider', data })
    },
  }
}
