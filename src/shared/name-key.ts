/** What names of groups and roles are compared by, so that no two look alike: NFKC, lower case. */
export const nameKey = (name: string): string => name.normalize('NFKC').trim().toLowerCase()
