import type { FastifyInstance, FastifyRequest } from 'fastify'
import { partsOf } from '../address.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The path of the page that a form stands on, where it is not the nearest one above the form's own. Parameters
     * of the form's route stand in it by their names: `/things/:id`.
     */
    formPage?: string | ((request: FastifyRequest) => string | undefined)
  }
}

const formPages = new WeakMap<FastifyRequest, string>()

/** Names the page that this form came from, where its route cannot know. */
export const setFormPage = (request: FastifyRequest, path: string): void => void formPages.set(request, path)

/** The address of the page that a form stands on, with its query; undefined: there is none, or no form was sent. */
export function formPage(request: FastifyRequest): string | undefined {
  if (request.method === 'GET' || request.routeOptions.url === undefined) return undefined
  const from = formPages.get(request)
  if (from !== undefined) return from
  const { formPage: named } = request.routeOptions.config
  const { query } = partsOf(request.url)
  const chosen = typeof named === 'string' ? filled(named, request) : named?.(request)
  const path = chosen ?? nearestPage(request.server, request)
  return path === undefined || query === undefined || path.includes('?') ? path : `${path}?${query}`
}

/** A path with the values of this request in the place of its parameters. */
function filled(path: string, { params }: FastifyRequest): string {
  const values = params as Record<string, string | undefined>
  return path.replace(/:(\w+)/g, (parameter, name: string) => encodeURIComponent(values[name] ?? parameter))
}

/** The nearest path upwards, from the address itself, that answers to GET. */
export function nearestPage(app: FastifyInstance, request: FastifyRequest): string | undefined {
  const route = (request.routeOptions.url ?? '').split('/')
  const actual = partsOf(request.url).path.split('/')
  for (let length = route.length; length > 1; length--)
    if (app.hasRoute({ method: 'GET', url: route.slice(0, length).join('/') || '/' }))
      return actual.slice(0, length).join('/') || '/'
  return undefined
}
