/** IDs come from URLs, and NUL is nothing that PostgreSQL takes. */
export const isId = (id: string): boolean => /^[\w-]{1,100}$/.test(id)
