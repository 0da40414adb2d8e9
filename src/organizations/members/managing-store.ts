import type { Database } from '../../storage/database.ts'
import { kept } from '../../storage/removals.ts'
import type { ManagingStore } from '../managing.ts'
import { havingRole } from './store.ts'

/** Members that may manage, looked at to find one that does: the database finds them by parts of what is stored. */
const LOOKED_AT = 100

/** Ends a transaction without a change. */
class Stopped extends Error {
  readonly outcome: 'refused' | 'last' | 'changed'
  constructor(outcome: 'refused' | 'last' | 'changed') {
    super(outcome)
    this.outcome = outcome
  }
}

export function createManagingStore({ prisma }: Pick<Database, 'prisma'>): ManagingStore {
  return {
    async rolesOf(organizationId, accountId) {
      const where = { accountId_organizationId: { accountId, organizationId }, organization: kept }
      return (await prisma.organizationMember.findUnique({ where, select: { roles: true } }))?.roles
    },

    async change({ organizationId, managerId, accountId, before, after }, manages, may, managerRoles) {
      try {
        await prisma.$transaction(async (tx) => {
          // Writes nothing new, and holds the row: of two managers that remove each other the second one is no manager any more.
          const where = { id: organizationId, disabled: false, ...kept }
          const held = await tx.organization.updateMany({ where, data: { version: { increment: 0 } } })
          const key = { accountId_organizationId: { accountId: managerId, organizationId } }
          const manager = await tx.organizationMember.findUnique({ where: key, select: { roles: true } })
          if (held.count === 0 || manager === null || !may(manager.roles)) throw new Stopped('refused')
          // Who changes another member manages it still; who gives it up themself needs another manager.
          if (accountId === managerId && (after === null || !manages(after))) {
            const others = await tx.organizationMember.findMany({
              where: {
                organizationId,
                accountId: { not: managerId },
                OR: managerRoles.flatMap(havingRole),
                account: { disabledAt: null },
              },
              select: { roles: true },
              take: LOOKED_AT,
            })
            if (!others.some(({ roles }) => manages(roles))) throw new Stopped('last')
          }
          const row = { organizationId, accountId, roles: before }
          const { count } =
            after === null
              ? await tx.organizationMember.deleteMany({ where: row })
              : await tx.organizationMember.updateMany({ where: row, data: { roles: after } })
          if (count === 0) throw new Stopped('changed')
        })
        return 'done'
      } catch (error) {
        if (error instanceof Stopped) return error.outcome
        throw error
      }
    },
  }
}
