import type { FastifyRequest } from 'fastify'
import type { StateCounts } from '../../../accounts/search/store.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { numberInWords } from '../../../shared/numbers.ts'
import { administratorOf } from '../context.ts'
import { withQuery } from '../page-links.ts'
import type { UsersDependencies } from './routes.ts'

/** A filter of the list as one link, which is taken off by it too. */
export interface Chip {
  label: string
  /** How many accounts it finds on the whole server. */
  count: string
  href: string
  current: boolean
}

const CHIPS: readonly { count: keyof StateCounts; label: TextKey; parameter: string; value: string }[] = [
  { count: 'admin', label: 'admin.users.chip.admin', parameter: 'role', value: 'admin' },
  { count: 'auditor', label: 'admin.users.chip.auditor', parameter: 'role', value: 'auditor' },
  { count: 'locked', label: 'admin.users.tag.locked', parameter: 'state', value: 'locked' },
  { count: 'disabled', label: 'admin.common.disabled', parameter: 'state', value: 'disabled' },
  { count: 'unverified', label: 'admin.users.tag.unverified', parameter: 'state', value: 'unverified' },
  { count: 'factor', label: 'admin.users.factor.any', parameter: 'second_factor', value: 'any' },
]

const MOST = 1_000

const counted = (count: number): string => (count > MOST ? `${numberInWords(MOST)}+` : numberInWords(count))

/** The chips above the list; none for a role with a limit, which sees a part of what is counted. @param filters of the address */
export async function chipsOf(
  { users }: Pick<UsersDependencies, 'users'>,
  request: FastifyRequest,
  filters: Readonly<Record<string, string>>,
): Promise<Chip[]> {
  if (administratorOf(request).authority.scope !== undefined) return []
  const counts = await users.stateCounts()
  return CHIPS.map(({ count, label, parameter, value }) => {
    const current = filters[parameter] === value
    return {
      label: t(label),
      count: counted(counts[count]),
      href: withQuery('/admin/users', { ...filters, [parameter]: current ? undefined : value }),
      current,
    }
  })
}
