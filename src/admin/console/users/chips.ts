import type { FastifyRequest } from 'fastify'
import type { StateCounts } from '../../../accounts/search/store/filters.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { administratorOf } from '../context.ts'
import { type CountChip, countChip } from '../count-chips.ts'
import type { UsersDependencies } from './routes.ts'

const CHIPS: readonly { count: keyof StateCounts; label: TextKey; parameter: string; value: string }[] = [
  { count: 'admin', label: 'admin.users.chip.admin', parameter: 'role', value: 'admin' },
  { count: 'auditor', label: 'admin.users.chip.auditor', parameter: 'role', value: 'auditor' },
  { count: 'locked', label: 'admin.users.tag.locked', parameter: 'state', value: 'locked' },
  { count: 'disabled', label: 'admin.common.disabled', parameter: 'state', value: 'disabled' },
  { count: 'unverified', label: 'admin.users.tag.unverified', parameter: 'state', value: 'unverified' },
  { count: 'factor', label: 'admin.users.factor.any', parameter: 'second_factor', value: 'any' },
]

/** The chips above the list; none for a role with a limit, which sees a part of what is counted. @param filters of the address */
export async function chipsOf(
  { users }: Pick<UsersDependencies, 'users'>,
  request: FastifyRequest,
  filters: Readonly<Record<string, string | undefined>>,
): Promise<CountChip[]> {
  if (administratorOf(request).authority.scope !== undefined) return []
  const counts = await users.stateCounts()
  return CHIPS.map(({ count, label, ...chip }) =>
    countChip('/admin/users', filters, { ...chip, label: t(label), count: counts[count] }),
  )
}
