import type { FastifyInstance } from 'fastify'
import { type Authority, may } from '../../shared/administration/authority.ts'
import type { Limit, Permission } from '../../shared/administration/permissions.ts'

interface Route {
  /** Of its path; a parameter is any text. */
  parts: readonly string[]
  admin: Permission | 'any'
  within: Limit | undefined
}

/** Whether the guard lets an authority send a form to an address, or open a page. An address without a route: no. */
export type Reachable = (authority: Authority, method: 'GET' | 'POST', address: string) => boolean

const partsOf = (path: string): string[] => path.split('/')
const isParameter = (part: string): boolean => part.startsWith(':')

/**
 * What leads somewhere is shown to who may go there: by the permission of the route itself. It has to be called before the routes of the
 * console are added.
 */
export function createReachable(app: FastifyInstance): Reachable {
  const routes = new Map<string, Route[]>()
  const keyOf = (method: string, parts: readonly string[]) => `${method} ${parts.length}`
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.admin === undefined) return
    const route = { parts: partsOf(url), admin: config.admin, within: config.within }
    for (const each of [method].flat()) {
      const key = keyOf(each, route.parts)
      const parameters = ({ parts }: Route) => parts.filter(isParameter).length
      // What is said in full goes before a parameter, as in the router.
      routes.set(
        key,
        [...(routes.get(key) ?? []), route].sort((one, other) => parameters(one) - parameters(other)),
      )
    }
  })
  return (authority, method, address) => {
    const parts = partsOf(address.split(/[?#]/, 1)[0] ?? '')
    const route = routes
      .get(keyOf(method, parts))
      ?.find((each) => each.parts.every((part, index) => isParameter(part) || part === parts[index]))
    if (route === undefined) return false
    if (route.admin === 'any') return authority.permissions.size > 0
    return may(authority, route.admin, route.within)
  }
}
