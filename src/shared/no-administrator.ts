/** What a server without an administrator says at its start, above the link for the first one; the page at its root refers to it. */
export const NO_ADMINISTRATOR = 'There is no administrator yet'
