import type { FastifyInstance } from 'fastify'
import { GROUP_ORDERS, ROLE_ORDERS } from '../../../shared/orders.ts'
import type { ConsoleDependencies } from '../context.ts'
import { listedAs } from '../listed.ts'
import type { AccessAreaDependencies } from './form.ts'

type Dependencies = Pick<
  ConsoleDependencies & AccessAreaDependencies,
  'groupListing' | 'roleListing' | 'clock'
>

/** The list of groups, sorted and narrowed. */
export const groupList = (app: FastifyInstance, deps: Dependencies) =>
  listedAs(app, {
    path: '/admin/groups',
    permission: 'group.read',
    listing: deps.groupListing,
    orders: GROUP_ORDERS,
    usual: 'name',
    filters: {
      empty: { label: 'admin.access.groups.chip.empty', parameter: 'members', value: 'none' },
      roles: { label: 'admin.access.groups.chip.roles', parameter: 'roles', value: 'some' },
      directory: { label: 'admin.access.groups.chip.directory', parameter: 'from', value: 'directory' },
    },
    heads: {
      name: { label: 'admin.common.group', first: 'name' },
      created: { label: 'admin.common.created', first: '-created' },
    },
    file: { name: 'groups', label: 'admin.access.groups.csv' },
    clock: deps.clock,
  })

/** The list of roles. */
export const roleList = (app: FastifyInstance, deps: Dependencies) =>
  listedAs(app, {
    path: '/admin/roles',
    permission: 'role.read',
    listing: deps.roleListing,
    orders: ROLE_ORDERS,
    usual: 'api',
    filters: {
      unused: { label: 'admin.access.roles.chip.unused', parameter: 'given', value: 'none' },
      no_api: { label: 'admin.access.roles.chip.no_api', parameter: 'api', value: 'none' },
    },
    heads: {
      name: { label: 'admin.common.role', first: 'name' },
      api: { label: 'admin.common.api', first: 'api' },
      created: { label: 'admin.common.created', first: '-created' },
    },
    file: { name: 'roles', label: 'admin.access.roles.csv' },
    clock: deps.clock,
  })
