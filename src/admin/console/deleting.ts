import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { VersionConflict } from '../../shared/errors.ts'
import { t } from '../../shared/locales/texts.ts'

const seen = z.object({ version: z.string().regex(/^\d{1,9}$/) })

/** What the form of a page that asks about a deletion holds: the version that the administrator sees. */
export const seenVersion = (version: number): { version: string } => ({ version: String(version) })

/** For the page of what was not deleted. */
export const changedSince = (): string => t('admin.common.deletion.changed')

/** Deletes the version that the administrator has seen. False: another administrator has changed it since, and it stays. */
export async function deleteSeen(
  request: FastifyRequest,
  remove: (given: { ifVersion: number }) => Promise<void>,
): Promise<boolean> {
  const { version } = seen.parse(request.body ?? {})
  try {
    await remove({ ifVersion: Number(version) })
    return true
  } catch (error) {
    if (error instanceof VersionConflict) return false
    throw error
  }
}
