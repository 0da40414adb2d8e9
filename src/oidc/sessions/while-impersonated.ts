import type { FastifyRequest } from 'fastify'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'

/**
 * The routes that an administrator who is signed in as another person may use, by method and pattern: they show what that person
 * sees. Every other one that asks who is signed in refuses, a route that is added later too: whatever changes the account or
 * outlives the impersonation (password, factors, address, username, deletion, consents, linked sign-ins, app passwords, tokens of the
 * JSON API), the export of all data, and the whole console.
 */
export const WHILE_IMPERSONATED: ReadonlySet<string> = new Set([
  'GET /',
  'GET /account',
  'GET /account/security',
  'GET /account/sessions',
  'GET /account/apps',
  'GET /account/data',
  'GET /account/groups',
  'GET /account/organizations',
  'GET /support',
  'POST /support/end',
  'POST /account/sign-out',
  'GET /api/auth/me',
  'GET /api/auth/me/activity',
])

/** @throws AppError impersonated (403) for every route that is not among them */
export function requireAllowed({ method, routeOptions }: FastifyRequest): void {
  const name = `${method === 'HEAD' ? 'GET' : method} ${routeOptions.url ?? ''}`
  if (WHILE_IMPERSONATED.has(name)) return
  throw new AppError('impersonated', 403, message('support.refused'))
}
