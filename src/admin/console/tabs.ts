/** A page among those of one thing, as a link above them. */
export interface Tab {
  label: string
  href: string
  current: boolean
}

/**
 * The pages of one thing, in their order (views/admin/tabs.eta).
 * @param base the address of the first, to which the paths of the others are added
 * @param pages by path; undefined: the thing has no such page
 */
export const tabsOf = (
  base: string,
  pages: Readonly<Record<string, string | undefined>>,
  current: string,
): Tab[] =>
  Object.entries(pages).flatMap(([path, label]) =>
    label === undefined ? [] : [{ label, href: `${base}${path}`, current: path === current }],
  )
