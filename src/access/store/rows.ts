/** The column `source` of what an administrator or a manager has given. */
export const BY_HAND = ''

/** The column `source` of what a provider has given, by its rules. */
export const sourceOf = (provider: string): string => `provider:${provider}`
