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
export const ORGANIZATION_FILTERS = ['disabled', 'provider', 'second_factor'] as const
export type OrganizationFilter = (typeof ORGANIZATION_FILTERS)[number]

export const GROUP_ORDERS = ordersOf('name', 'created')
/** `empty`: without members; `directory`: a directory calls it something. */
export const GROUP_FILTERS = ['empty', 'roles', 'directory'] as const
export type GroupFilter = (typeof GROUP_FILTERS)[number]

/** `api`: by API, and by name within one. */
export const ROLE_ORDERS = ordersOf('api', 'name', 'created')
/** `unused`: given to nobody; `no_api`: of none. */
export const ROLE_FILTERS = ['unused', 'no_api'] as const
export type RoleFilter = (typeof ROLE_FILTERS)[number]

export const RESOURCE_ORDERS = ordersOf('name', 'created')
export const RESOURCE_FILTERS = ['jwt', 'opaque', 'by_role'] as const
export type ResourceFilter = (typeof RESOURCE_FILTERS)[number]
