import type { Database } from '../storage/database.ts'
import { isUniqueViolation } from '../storage/driver-errors.ts'
import { hasBefore } from '../storage/due.ts'

export interface BrandImageRow {
  /** Names its content. */
  file: string
  bytes: Uint8Array
}

/** Pictures of brands, each by the name of its content. Dates are moments. */
export interface BrandImageStore {
  find(file: string): Promise<BrandImageRow | undefined>
  /** Stores one, or says that it is in use now. */
  put(row: BrandImageRow, now: Date): Promise<void>
  /** Says that they are in use now. @returns how many of them there are */
  touch(files: readonly string[], now: Date): Promise<number>
  /** Some that nobody has used since, by name. */
  stale(before: Date, most: number): Promise<string[]>
  /** Deletes those of them that nobody has used since. */
  remove(files: readonly string[], before: Date): Promise<number>
}

export function createBrandImageStore({
  prisma,
  reads,
}: Pick<Database, 'prisma' | 'reads'>): BrandImageStore {
  const table = prisma.brandImage
  const touch: BrandImageStore['touch'] = async (files, now) => {
    const { count } = await table.updateMany({ where: { file: { in: [...files] } }, data: { usedAt: now } })
    return count
  }
  return {
    touch,
    find: async (file) => (await table.findUnique({ where: { file } })) ?? undefined,
    async put({ file, bytes }, now) {
      if ((await touch([file], now)) > 0) return
      try {
        await table.create({ data: { file, bytes: new Uint8Array(bytes), usedAt: now } })
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
      }
    },
    async stale(before, most) {
      if (!(await hasBefore(reads, 'brand_images', 'used_at', before))) return []
      const rows = await table.findMany({
        where: { usedAt: { lt: before } },
        orderBy: { usedAt: 'asc' },
        select: { file: true },
        take: most,
      })
      return rows.map(({ file }) => file)
    },
    async remove(files, before) {
      const { count } = await table.deleteMany({
        where: { file: { in: [...files] }, usedAt: { lt: before } },
      })
      return count
    },
  }
}
