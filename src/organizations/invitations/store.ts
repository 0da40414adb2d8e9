import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { hasBefore } from '../../storage/due.ts'
import { olderThan, valuesOf, whereOf } from '../../storage/keyset.ts'
import { kept } from '../../storage/removals.ts'
import { sqlTime } from '../../storage/sql.ts'
import { havingRole } from '../members/store.ts'

export interface InvitationRow {
  id: string
  organizationId: string
  email: string
  /** Separated by spaces. */
  roles: string
  invitedBy: string
  createdAt: Date
  sentAt: Date
  expiresAt: Date
}

/** One mail more, within a window that begins with the first of it. */
export interface MailCount {
  /** What it is counted under. */
  key: string
  now: Date
  windowEndsAt: Date
  most: number
}

export interface InvitationStore {
  /** `pending`: one waits for this address already. `missing`: the organization is gone. `full`: so many mails were sent. */
  insert(
    row: InvitationRow & { tokenHash: string; managerId: string | null },
    mail: MailCount,
  ): Promise<'inserted' | 'pending' | 'missing' | 'full'>
  /** Those that wait, the newest first. */
  list(
    organizationId: string,
    limit: number,
    after: { at: number; id: string } | undefined,
  ): Promise<InvitationRow[]>
  /** One that waits. */
  find(organizationId: string, id: string): Promise<InvitationRow | undefined>
  /** Puts a new link in the place of the one before. `over`: it waits no more. `full`: so many mails were sent. */
  renew(
    id: string,
    link: { tokenHash: string; sentAt: Date; expiresAt: Date },
    mail: MailCount,
  ): Promise<'renewed' | 'over' | 'full'>
  /** Ends one that waits. False: it does not. */
  revoke(id: string): Promise<boolean>
  /** What the link of one that waits leads to. */
  byToken(
    tokenHash: string,
    now: Date,
  ): Promise<(InvitationRow & { organization: { name: string; disabled: boolean } }) | undefined>
  /** Ends those that wait of a manager. Returns them. @param roles only those for one of these; none: all */
  endOf(
    organizationId: string,
    managerId: string,
    roles?: readonly string[],
  ): Promise<{ id: string; email: string }[]>
  /**
   * Ends one that waits, and makes the account a member, by one transaction: of several requests one does.
   * @param roles what a member has already, with those of the invitation
   * @returns undefined: it waits no more, another link was sent since, or its organization is gone
   */
  accept(
    given: { id: string; tokenHash: string; accountId: string; now: Date },
    roles: (stored: string) => string,
  ): Promise<'added' | 'present' | undefined>
  /** How many wait, counted up to `most`. */
  countPending(organizationId: string, most: number): Promise<number>
  /** Whether a member has proven this address. */
  isMember(organizationId: string, email: string): Promise<boolean>
  /** Deletes some that were over before a time. Returns how many. */
  prune(before: Date, most: number): Promise<number>
  /** Deletes some counts of mails whose window was over before a time. Returns how many. */
  pruneCounts(before: Date, most: number): Promise<number>
}

const pendingOf = ({ organizationId, email }: Pick<InvitationRow, 'organizationId' | 'email'>): string =>
  `${organizationId} ${email}`

const KINDS = {
  id: 'plain',
  organizationId: 'plain',
  email: 'plain',
  roles: 'plain',
  invitedBy: 'plain',
  createdAt: 'time',
  sentAt: 'time',
  expiresAt: 'time',
} as const

const invitationColumns = columnsOf<InvitationRow>(KINDS, { table: 'i' })
const linkedColumns = columnsOf<InvitationRow & { name: string; disabled: boolean }>(
  { ...KINDS, name: 'plain', disabled: 'boolean' },
  { table: 'i', others: { name: 'o.name', disabled: 'o.disabled' } },
)

/** Those that wait, of organizations that were not removed. */
const WAITING = `FROM organization_invitations i JOIN organizations o ON o.id = i.organization_id
  AND o.removed_at IS NULL AND i.pending IS NOT NULL`

/** Ends a transaction without a change. */
class Spent extends Error {}
class Full extends Error {}

/** Counts one mail more, by one statement: of several at once, no more than there may be are counted. @throws Full */
async function count(
  tx: Pick<Database['prisma'], '$queryRaw'>,
  { key, now, windowEndsAt, most }: MailCount,
): Promise<void> {
  const counted = await tx.$queryRaw<
    unknown[]
  >`INSERT INTO organization_mail_counts (key, sent, window_ends_at)
    VALUES (${key}, 1, ${windowEndsAt})
    ON CONFLICT (key) DO UPDATE SET
      sent = CASE WHEN organization_mail_counts.window_ends_at <= ${now} THEN 1
        ELSE organization_mail_counts.sent + 1 END,
      window_ends_at = CASE WHEN organization_mail_counts.window_ends_at <= ${now} THEN excluded.window_ends_at
        ELSE organization_mail_counts.window_ends_at END
    WHERE organization_mail_counts.window_ends_at <= ${now} OR organization_mail_counts.sent < ${most}
    RETURNING sent`
  if (counted.length === 0) throw new Full()
}

export function createInvitationStore({
  prisma,
  reads,
}: Pick<Database, 'prisma' | 'reads'>): InvitationStore {
  const table = prisma.organizationInvitation
  const waits = { pending: { not: null } } as const
  return {
    async insert(row, mail) {
      try {
        await prisma.$transaction(async (tx) => {
          await tx.organizationInvitation.create({ data: { ...row, pending: pendingOf(row) } })
          await count(tx, mail)
        })
        return 'inserted'
      } catch (error) {
        if (error instanceof Full) return 'full'
        if (isMissingReference(error)) return 'missing'
        if (isUniqueViolation(error)) return 'pending'
        throw error
      }
    },

    list(organizationId, limit, after) {
      const conditions = [
        { text: 'organization_id = ? AND pending IS NOT NULL', values: [organizationId] },
        ...olderThan(reads.dialect, after),
      ]
      return invitationColumns.all(
        reads,
        `FROM organization_invitations i${whereOf(conditions)} ORDER BY created_at DESC, id DESC LIMIT ?`,
        [...valuesOf(conditions), limit],
      )
    },

    async find(organizationId, id) {
      return invitationColumns.get(reads, `${WAITING} WHERE i.id = ? AND i.organization_id = ?`, [
        id,
        organizationId,
      ])
    },

    async renew(id, link, mail) {
      const data = { ...link, sends: { increment: 1 } }
      try {
        await prisma.$transaction(async (tx) => {
          const renewed = await tx.organizationInvitation.updateMany({ where: { id, ...waits }, data })
          if (renewed.count === 0) throw new Spent()
          await count(tx, mail)
        })
        return 'renewed'
      } catch (error) {
        if (error instanceof Full) return 'full'
        if (error instanceof Spent) return 'over'
        throw error
      }
    },

    async revoke(id) {
      const data = { pending: null, ended: 'revoked' }
      return (await table.updateMany({ where: { id, ...waits }, data })).count > 0
    },

    endOf: (organizationId, managerId, roles) =>
      table.updateManyAndReturn({
        where: { organizationId, managerId, ...waits, ...(roles && { OR: roles.flatMap(havingRole) }) },
        data: { pending: null, ended: 'revoked' },
        select: { id: true, email: true },
      }),

    async byToken(tokenHash, now) {
      const row = await linkedColumns.get(reads, `${WAITING} WHERE i.token_hash = ? AND i.expires_at > ?`, [
        tokenHash,
        sqlTime(now),
      ])
      if (row === undefined) return undefined
      const { name, disabled, ...invitation } = row
      return { ...invitation, organization: { name, disabled } }
    },

    async accept(given, rolesWith) {
      const { id, tokenHash, accountId, now } = given
      try {
        return await prisma.$transaction(async (tx) => {
          const ended = await tx.organizationInvitation.updateManyAndReturn({
            where: {
              id,
              tokenHash,
              ...waits,
              expiresAt: { gt: now },
              organization: { ...kept, disabled: false },
            },
            data: { pending: null, ended: 'accepted' },
            select: { organizationId: true },
          })
          const [row] = ended
          if (row === undefined) throw new Spent()
          const { organizationId } = row
          const key = { accountId_organizationId: { accountId, organizationId } }
          const member = await tx.organizationMember.findUnique({ where: key, select: { roles: true } })
          const roles = rolesWith(member?.roles ?? '')
          if (member === null)
            await tx.organizationMember.create({
              data: { organizationId, accountId, roles, createdAt: now },
            })
          else await tx.organizationMember.update({ where: key, data: { roles } })
          return member === null ? 'added' : 'present'
        })
      } catch (error) {
        if (error instanceof Spent || isMissingReference(error)) return undefined
        // An administrator has made the account a member at this moment.
        if (isUniqueViolation(error)) return this.accept(given, rolesWith)
        throw error
      }
    },

    async countPending(organizationId, most) {
      const row = await reads.get<{ count: number | bigint }>(
        `SELECT COUNT(*) AS count FROM (SELECT 1 FROM organization_invitations
          WHERE organization_id = ? AND pending IS NOT NULL LIMIT ?) AS counted`,
        [organizationId, most],
      )
      return Number(row?.count ?? 0)
    },

    async isMember(organizationId, email) {
      const found = await reads.get(
        `SELECT 1 AS found FROM accounts a JOIN organization_members m ON m.account_id = a.id
          WHERE a.email = ? AND m.organization_id = ?`,
        [email, organizationId],
      )
      return found !== undefined
    },

    async prune(before, take) {
      if (!(await hasBefore(reads, 'organization_invitations', 'expires_at', before))) return 0
      const rows = await table.findMany({
        where: { expiresAt: { lt: before } },
        orderBy: { expiresAt: 'asc' },
        select: { id: true },
        take,
      })
      if (rows.length === 0) return 0
      return (await table.deleteMany({ where: { id: { in: rows.map(({ id }) => id) } } })).count
    },

    async pruneCounts(before, take) {
      if (!(await hasBefore(reads, 'organization_mail_counts', 'window_ends_at', before))) return 0
      const ended = { windowEndsAt: { lt: before } }
      const select = { key: true } as const
      const rows = await prisma.organizationMailCount.findMany({
        ...{ where: ended, orderBy: { windowEndsAt: 'asc' }, select, take },
      })
      if (rows.length === 0) return 0
      // One that has begun anew since counts.
      const where = { key: { in: rows.map(({ key }) => key) }, ...ended }
      return (await prisma.organizationMailCount.deleteMany({ where })).count
    },
  }
}
