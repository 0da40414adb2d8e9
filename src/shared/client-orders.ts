/** What a list of clients is sorted by; with `-`, from the end. */
export const CLIENT_ORDERS = ['name', '-name', 'created', '-created', 'used', '-used'] as const
export type ClientOrder = (typeof CLIENT_ORDERS)[number]
