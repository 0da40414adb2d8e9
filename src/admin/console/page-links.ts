import type { PlaceParameter } from '../../shared/paging.ts'

/** The links between the pages of a list (views/partials/pager.eta). */
export interface PageLinks {
  /** Back to the first page; undefined: this is it. */
  first: string | undefined
  /** Undefined: this is the last page. */
  next: string | undefined
}

/** Rows of a page of the console's lists: more is a long way on a phone. */
export const PAGE = 20
/** Rows of one of several lists on a page, with buttons each. */
export const PAGE_OF_SEVERAL = 8

/** A path with those parameters that have a value. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((each): each is [string, string] => !!each[1])
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

/**
 * @param kept parameters of the address that stay from page to page: what is searched for
 * @param cursor of this page @param next of the page behind it
 * @param parameter that holds the cursor: of two lists on one page each has its own
 */
export const pageLinks = (
  path: string,
  kept: Readonly<Record<string, string | undefined>>,
  cursor: string | undefined,
  next: string | undefined,
  parameter: PlaceParameter = 'cursor',
): PageLinks => ({
  first: cursor === undefined ? undefined : withQuery(path, kept),
  next: next === undefined ? undefined : withQuery(path, { ...kept, [parameter]: next }),
})
