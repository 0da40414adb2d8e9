import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isSafeMethod } from '../http/forms/same-origin.ts'
import { type Needs, needsOf, permissionOf, type RouteNeeds } from './permissions.ts'

/** Who may use the console and the administration API, beside people who only have an account. */
export type AdminRole = 'auditor' | 'admin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route below /admin and /api/admin says what it does; one that does not is refused at start. */
    admin?: RouteNeeds
  }
}

/** The table of roles: an auditor reads everything and changes nothing. */
export const allows = (role: string, needs: Needs): boolean =>
  role === 'admin' || (role === 'auditor' && needs === 'read')

/** What the route of a request needs. A route that got past `requireClassified` without a word is taken for the worst. */
export function needsOfRequest(request: FastifyRequest): Needs {
  const { admin } = request.routeOptions.config
  return admin === undefined ? 'dangerous' : needsOf(admin)
}

/**
 * Refuses, while the server starts, every route of this context that does not say what it needs, and every one that
 * could change something without naming a permission of the table.
 * @throws Error from the registration of such a route
 */
export function requireClassified(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.admin === undefined) throw new Error(`${method} ${url} does not say what it needs`)
    const safe = [method].flat().every(isSafeMethod)
    if (!safe && permissionOf(config.admin) === undefined)
      throw new Error(
        `${method} ${url} changes something and names no permission of src/admin/permissions.ts`,
      )
  })
}
