import { columnOf, isDescending } from '../../shared/orders.ts'
import { withQuery } from './page-links.ts'

/** The head of a column as a link that sorts by it, or the other way around. */
export interface SortLink {
  label: string
  href: string
  /** How the list runs now, by this column; undefined: by another. */
  sorted?: 'ascending' | 'descending' | undefined
}

/**
 * @param kept parameters of the address that stay @param order of the list now: a column, with `-` before it from the end
 * @param first the order that the link gives when the list runs by another column @param usual that of an address without one
 */
export function sortLink(
  path: string,
  kept: Readonly<Record<string, string | undefined>>,
  { label, first, order, usual }: { label: string; first: string; order: string; usual: string },
): SortLink {
  const column = columnOf(first)
  const current = columnOf(order) === column
  const turned = isDescending(order) ? column : `-${column}`
  const next = current ? turned : first
  return {
    label,
    href: withQuery(path, { ...kept, sort: next === usual ? undefined : next }),
    sorted: current ? (isDescending(order) ? 'descending' : 'ascending') : undefined,
  }
}
