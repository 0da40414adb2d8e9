/** What a list is sorted by, as addresses and cursors spell it: a column, with `-` before it from the end. */
export type Order<Column extends string> = Column | `-${Column}`

/** Both ways of each column. */
const ordersOf = <const Column extends string>(...columns: Column[]): Order<Column>[] =>
  columns.flatMap((column) => [column, `-${column}` as const])

export const isDescending = (order: string): boolean => order.startsWith('-')

/** @returns the column that an order runs by */
export const columnOf = <Column extends string>(order: Order<Column>): Column =>
  order.replace(/^-/, '') as Column

/** Who has never signed in counts as the longest ago. */
export const ACCOUNT_ORDERS = ordersOf('name', 'created', 'signed_in')
export type AccountOrder = (typeof ACCOUNT_ORDERS)[number]

export const CLIENT_ORDERS = ordersOf('name', 'created', 'used')
export type ClientOrder = (typeof CLIENT_ORDERS)[number]

/** By short name unless it is said. */
export const ORGANIZATION_ORDERS = ordersOf('slug', 'name', 'created')

export const GROUP_ORDERS = ordersOf('name', 'created')

/** `api`: by API, and by name within one. */
export const ROLE_ORDERS = ordersOf('api', 'name', 'created')

export const RESOURCE_ORDERS = ordersOf('name', 'created')

/** Within an endpoint and an error the newest come first; with a minus, the other way round. */
export const REJECTION_ORDERS = ordersOf('at', 'endpoint', 'error')
export type RejectionColumn = 'at' | 'endpoint' | 'error'
