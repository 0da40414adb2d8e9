/** What a list of accounts is sorted by; with `-`, from the end. Who has never signed in counts as the longest ago. */
export const ACCOUNT_ORDERS = ['name', '-name', 'created', '-created', 'signed_in', '-signed_in'] as const
export type AccountOrder = (typeof ACCOUNT_ORDERS)[number]
