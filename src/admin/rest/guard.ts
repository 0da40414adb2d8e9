import type { FastifyReply, FastifyRequest } from 'fastify'
import { ACR, type NeededFactor, reaches, strongest } from '../../shared/acr.ts'
import { type Authority, setAuthority } from '../../shared/administration/authority.ts'
import type { Needs } from '../../shared/administration/permissions.ts'
import { setActor } from '../../shared/audit-context.ts'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { FRESH_SECONDS, isFresh } from '../../shared/fresh-sign-in.ts'
import { methodsForAdministration, requiredAcr } from '../../shared/second-factor-rule.ts'
import { needsOfRequest, opens, refusalFor, requireReach } from '../access.ts'
import type { RestDependencies } from './dependencies.ts'

/** Who calls: a client for itself, or a person through an application of ours. */
export type Caller =
  | { kind: 'machine'; client: { id: string; name: string } }
  | {
      kind: 'person'
      client: { id: string; name: string }
      account: { id: string; username: string }
      /** Whether they may everything. */
      full: boolean
      authority: Authority
    }

const callers = new WeakMap<FastifyRequest, Caller>()

/** The caller of a route behind the guard. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (caller === undefined) throw new Error(`${request.routeOptions.url} is not behind the guard`)
  return caller
}

const REALM = 'realm="Latchkey"'

/** RFC 6750 §3. @param token whether one was presented */
function unauthorized(reply: FastifyReply, why: string, token: boolean): AppError {
  reply.header('www-authenticate', token ? `Bearer ${REALM}, error="invalid_token"` : `Bearer ${REALM}`)
  return token
    ? new AppError('invalid_token', 401, 'This access token is not good here.', { detail: why })
    : new AppError('invalid_credentials', 401, 'Send an access token: Authorization: Bearer …', {
        detail: why,
      })
}

/** RFC 6750 §3.1. To write includes to read. */
function requireScope(reply: FastifyReply, scopes: ReadonlySet<string>, needs: Needs): void {
  const scope = needs === 'read' ? 'admin:read' : 'admin:write'
  if (scopes.has('admin:write') || scopes.has(scope)) return
  reply.header('www-authenticate', `Bearer ${REALM}, error="insufficient_scope", scope="${scope}"`)
  throw new AppError('insufficient_scope', 403, `This needs a token with the scope ${scope}.`)
}

/**
 * RFC 9470 §3: a dangerous act wants a person who signed in lately; a token that was refreshed is as old as the sign-in
 * that it began with. The application asks for a new one with `max_age` (OpenID Connect Core §3.1.2.1).
 */
function requireFreshSignIn(reply: FastifyReply, clock: Clock, authTime: number | undefined): void {
  if (authTime !== undefined && isFresh(clock, authTime)) return
  reply.header(
    'www-authenticate',
    `Bearer ${REALM}, error="insufficient_user_authentication", error_description="a more recent sign-in is needed", max_age="${FRESH_SECONDS}"`,
  )
  throw new AppError(
    'insufficient_user_authentication',
    401,
    `This asks for a sign-in of the last ${FRESH_SECONDS / 60} minutes. Sign in again: authorize with max_age=${FRESH_SECONDS}.`,
  )
}

/**
 * RFC 9470 §3: who administers signs in with what the settings ask of the role, and for a dangerous act has shown the second factor that
 * they have: no remembered browser stands in for it.
 */
function requireSecondFactor(
  reply: FastifyReply,
  amr: readonly string[] | undefined,
  needed: NeededFactor | undefined,
): void {
  if (reaches(amr, needed)) return
  reply.header(
    'www-authenticate',
    `Bearer ${REALM}, error="insufficient_user_authentication", error_description="a second factor is needed", acr_values="${needed?.acr}"`,
  )
  throw new AppError(
    'insufficient_user_authentication',
    401,
    `This asks for a sign-in with a second factor. Sign in again: authorize with acr_values=${needed?.acr}.`,
  )
}

/**
 * The hook in front of every route: a bearer token of this API, whose scopes cover what the route needs. A person's
 * token counts for no more than their role does at this moment, and for a dangerous act only while their sign-in is
 * fresh; a client that acts for itself has no sign-in, and its scopes decide. Cookies and Basic credentials count for
 * nothing.
 */
export function requireAdministration({
  accept,
  clock,
  findLive,
  secondFactor,
  authorityOf,
  organizations,
}: Pick<
  RestDependencies,
  'accept' | 'clock' | 'findLive' | 'secondFactor' | 'authorityOf' | 'organizations'
>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const needs = needsOfRequest(request)
    const { authorization } = request.headers
    if (authorization === undefined) throw unauthorized(reply, 'no credentials', false)
    const value = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1]
    if (value === undefined) throw unauthorized(reply, 'an Authorization header without Bearer token', false)
    const token = await accept(value)
    if (token === undefined) throw unauthorized(reply, 'no such token, or not for this API', true)
    const { client, scopes } = token
    if (token.account === undefined) {
      setActor({ kind: 'client', id: client.id, name: client.name })
      callers.set(request, { kind: 'machine', client })
      return requireScope(reply, scopes, needs)
    }
    const account = await findLive(token.account.id, token.account.generation)
    if (account === undefined) throw unauthorized(reply, 'the account or its sign-in no longer counts', true)
    setActor({ kind: 'account', id: account.id, name: account.displayUsername })
    const authority = await authorityOf(account.role)
    setAuthority(authority)
    callers.set(request, {
      kind: 'person',
      client,
      account: { id: account.id, username: account.displayUsername },
      full: authority.full,
      authority,
    })
    requireScope(reply, scopes, needs)
    if (!opens(authority, request)) throw new AppError('forbidden', 403, refusalFor(account.role))
    await requireReach(authority, request, organizations.members.has)
    const { secondFactors } = account
    const required = requiredAcr(secondFactor(), account)
    const amr = methodsForAdministration(secondFactors, token.account.amr)
    const dangerous = needs === 'dangerous' && secondFactors.length > 0
    requireSecondFactor(
      reply,
      amr,
      strongest(
        required && { acr: required, shown: false },
        dangerous ? { acr: ACR.mfa, shown: true } : undefined,
      ),
    )
    if (needs === 'dangerous') requireFreshSignIn(reply, clock, token.account.authTime)
  }
}
