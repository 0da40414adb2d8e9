import { numberInWords } from '../../shared/numbers.ts'
import { withQuery } from './page-links.ts'

/** A filter of a list as one link, which is taken off by it too. */
export interface CountChip {
  label: string
  /** How many it finds on the whole server. */
  count: string
  href: string
  current: boolean
}

/** More than so many are not counted. */
const MOST = 1_000

/** @param filters of the address, which stay @param path of the list */
export function countChip(
  path: string,
  filters: Readonly<Record<string, string | undefined>>,
  { label, count, parameter, value }: { label: string; count: number; parameter: string; value: string },
): CountChip {
  const current = filters[parameter] === value
  return {
    label,
    count: count > MOST ? `${numberInWords(MOST)}+` : numberInWords(count),
    href: withQuery(path, { ...filters, [parameter]: current ? undefined : value }),
    current,
  }
}
