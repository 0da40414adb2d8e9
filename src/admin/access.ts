import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isSafeMethod } from '../http/forms/same-origin.ts'
import { type Authority, currentAuthority, may } from '../shared/administration/authority.ts'
import { type Limit, type Needs, needsOf, type Permission } from '../shared/administration/permissions.ts'
import { AppError } from '../shared/errors.ts'
import { type Message, message } from '../shared/locales/texts.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Every route below /admin and /api/admin names its permission; one that does not is refused at start. `any`: it is open to every
     * role, and shows of each area what the permissions of its caller open there.
     */
    admin?: Permission | 'any'
    /** What of a body is by a permission of its own, which the service judges. */
    adminAlso?: readonly Permission[]
    /** Those of `adminAlso` that open the route alone, for their field alone: the route looks at its body. */
    adminAlone?: readonly Permission[]
    /** What the route keeps to, for roles that are limited so; unless it says so, it is closed to them. */
    within?: Limit
  }
}

/** Why a person is turned away, by their role. */
export function refusalFor(role: string): Message {
  if (role === 'user') return message('error.notAdministrator')
  if (role === 'auditor') return message('admin.users.refused.auditor')
  return message('admin.users.refused.role')
}

/** What the route of a request needs. A route that got past `requireClassified` without a word is taken for the worst. */
export function needsOfRequest(request: FastifyRequest): Needs {
  const { admin } = request.routeOptions.config
  if (admin === undefined) return 'dangerous'
  // A page with the form of a dangerous permission changes nothing yet.
  return admin === 'any' || isSafeMethod(request.method) ? 'read' : needsOf(admin)
}

/** Whether an authority opens the route of a request. What of its scope the request is about is for the route to look. */
export function opens(authority: Authority, request: FastifyRequest): boolean {
  const { admin, adminAlone = [], within } = request.routeOptions.config
  if (admin === 'any') return authority.permissions.size > 0
  return (
    admin !== undefined && [admin, ...adminAlone].some((permission) => may(authority, permission, within))
  )
}

/** What a list asks for, for who is limited: to be spread into its query. */
export const withinLimits = {
  clients(): { only?: readonly string[] } {
    const { scope } = currentAuthority()
    return scope === undefined ? {} : { only: scope.kind === 'clients' ? scope.ids : [] }
  },
  organizations(): { only?: string } {
    const { scope } = currentAuthority()
    return scope === undefined ? {} : { only: scope.kind === 'organization' ? scope.id : '' }
  },
  users(): { organization?: string } {
    const { scope } = currentAuthority()
    return scope === undefined ? {} : { organization: scope.kind === 'organization' ? scope.id : '' }
  },
}

const notFound = {
  clients: () => new AppError('client_not_found', 404, message('admin.users.refused.no_client')),
  organization: () =>
    new AppError('organization_not_found', 404, message('admin.users.refused.no_organization')),
  user: () => new AppError('account_not_found', 404, message('admin.users.no_such')),
  member: () => new AppError('not_a_member', 404, message('admin.users.refused.no_member')),
}

/**
 * Whether what a request names in its path is within the limit of who sends it. What is not there is answered as what is nowhere.
 * @param isMember of an organization @throws AppError (404) of the code that an unknown ID has
 */
export async function requireReach(
  { scope }: Authority,
  request: FastifyRequest,
  isMember: (organizationId: string, accountId: string) => Promise<boolean>,
): Promise<void> {
  if (scope === undefined) return
  const { url = '' } = request.routeOptions
  const { id, userId } = request.params as { id?: string; userId?: string }
  // A list: it asks for what is within the limit by itself.
  if (id === undefined) return
  const [, area] = url.match(/^(?:\/api)?\/admin\/([\w-]+)\/:id(?:\/|$)/) ?? []
  if (scope.kind === 'clients') {
    if (area !== 'clients' || !scope.ids.includes(id)) throw notFound.clients()
    return
  }
  if (area === 'users') {
    if (!(await isMember(scope.id, id))) throw notFound.user()
    return
  }
  if (area !== 'organizations' || id !== scope.id) throw notFound.organization()
  // Who is no member yet is invited, and decides: to add a person is to reach their account.
  if (userId !== undefined && !(await isMember(scope.id, userId))) throw notFound.member()
}

/**
 * Refuses, while the server starts, every route of this context that does not name a permission.
 * @throws Error from the registration of such a route
 */
export function requireClassified(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.admin === undefined)
      throw new Error(`${method} ${url} names no permission of src/shared/administration/permissions.ts`)
    const safe = [method].flat().every(isSafeMethod)
    const looks = config.admin === 'any' || config.admin.split('.')[1]?.startsWith('read')
    if (!safe && looks)
      throw new Error(`${method} ${url} changes something and names ${config.admin}, which is to look`)
  })
}
