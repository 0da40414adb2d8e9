/** What lists are narrowed by beside a text, as addresses and statements spell it. */

export const ORGANIZATION_FILTERS = ['disabled', 'provider', 'second_factor'] as const
export type OrganizationFilter = (typeof ORGANIZATION_FILTERS)[number]

/** `empty`: without members; `directory`: a directory calls it something. */
export const GROUP_FILTERS = ['empty', 'roles', 'directory'] as const
export type GroupFilter = (typeof GROUP_FILTERS)[number]

/** `unused`: given to nobody; `no_api`: of none. */
export const ROLE_FILTERS = ['unused', 'no_api'] as const
export type RoleFilter = (typeof ROLE_FILTERS)[number]

export const RESOURCE_FILTERS = ['jwt', 'opaque', 'by_role'] as const
export type ResourceFilter = (typeof RESOURCE_FILTERS)[number]
