import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { kept } from '../../storage/removals.ts'

/** A group or a role. */
export interface Target {
  id: string
  name: string
}

/** What an account has, and from where. */
export type HeldTarget = Target & { source: string }

export interface NamedRole extends Target {
  resource: string
}

/** What providers give to accounts, in the database. `group` and `role` differ in their tables alone. */
export interface ProvidedStore {
  groupsNamed(nameKeys: readonly string[]): Promise<Target[]>
  /** Of all APIs. */
  rolesNamed(nameKeys: readonly string[]): Promise<NamedRole[]>
  groupsOf(accountId: string): Promise<HeldTarget[]>
  rolesOf(accountId: string): Promise<HeldTarget[]>
  /** False: the account has it already, or one of both is gone. */
  give(kind: 'group' | 'role', id: string, accountId: string, source: string, at: Date): Promise<boolean>
  /** Only where it is from this source still. */
  take(kind: 'group' | 'role', id: string, accountId: string, source: string): Promise<boolean>
}

export function createProvidedStore({ prisma }: Pick<Database, 'prisma'>): ProvidedStore {
  const named = { id: true, name: true } as const
  return {
    groupsNamed: (nameKeys) =>
      prisma.group.findMany({ where: { nameKey: { in: [...nameKeys] } }, select: named }),

    rolesNamed: (nameKeys) =>
      prisma.role.findMany({
        where: { nameKey: { in: [...nameKeys] } },
        select: { ...named, resource: true },
      }),

    async groupsOf(accountId) {
      const select = { source: true, group: { select: named } } as const
      const rows = await prisma.groupMember.findMany({ where: { accountId, group: kept }, select })
      return rows.map(({ group, source }) => ({ ...group, source }))
    },

    async rolesOf(accountId) {
      const select = { source: true, role: { select: named } } as const
      const rows = await prisma.accountRole.findMany({ where: { accountId, role: kept }, select })
      return rows.map(({ role, source }) => ({ ...role, source }))
    },

    async give(kind, id, accountId, source, createdAt) {
      const row = { accountId, source, createdAt }
      try {
        if (kind === 'group') await prisma.groupMember.create({ data: { ...row, groupId: id } })
        else await prisma.accountRole.create({ data: { ...row, roleId: id } })
        return true
      } catch (error) {
        if (isUniqueViolation(error) || isMissingReference(error)) return false
        throw error
      }
    },

    async take(kind, id, accountId, source) {
      const { count } =
        kind === 'group'
          ? await prisma.groupMember.deleteMany({ where: { accountId, groupId: id, source } })
          : await prisma.accountRole.deleteMany({ where: { accountId, roleId: id, source } })
      return count > 0
    },
  }
}
