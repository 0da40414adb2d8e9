import { errors } from 'oidc-provider'
import { isIdentityScope } from '../../shared/identity-scopes.ts'
import { scopeWithin } from '../narrowed/scopes.ts'
import { isHabitual } from './habitual.ts'

/** The registered APIs that have a scope: every one of them. */
export type FindByScope = (scope: string) => Promise<readonly { identifier: string }[]>

/** A client, as far as it decides about scopes of APIs. */
export interface Registered {
  /** Space-separated: the scopes about persons that it may ask for; missing: all of them (provider/adapter.ts). */
  identity_scope?: unknown
  /** Space-separated: the scopes of APIs that it may ask for. */
  resource_scope?: unknown
  /** False: it registered itself. */
  verified?: unknown
}

/** What a request asks of APIs, sorted by what the client may ask for. */
export interface Asked {
  /** Registered for the client. */
  own: string[]
  /** The others, without those that are left out. */
  foreign: string[]
  leftOut: string[]
}

export const wordsOf = (scope: unknown): string[] =>
  String(scope ?? '')
    .split(' ')
    .filter(Boolean)

export const clipped = (scope: string) => (scope.length > 100 ? `${scope.slice(0, 100)}...` : scope)

/**
 * Sorts the scopes of a request that are not about a person.
 *
 * A client that registered itself often asks for what it asks of any server, though its registration told it what it has
 * here: it goes on with that (RFC 6749 §3.3), as long as something of it is for an API.
 */
export function sortScopes(scopes: Iterable<string>, client: Registered): Asked {
  const may = new Set(wordsOf(client.resource_scope))
  const ofApis = [...scopes].filter((scope) => !isIdentityScope(scope))
  const own = ofApis.filter((scope) => may.has(scope))
  const others = ofApis.filter((scope) => !may.has(scope))
  const goesOn = client.verified === false && own.length > 0
  const ignored = (scope: string) => goesOn || isHabitual(scope)
  return { own, foreign: others.filter((scope) => !ignored(scope)), leftOut: others.filter(ignored) }
}

/**
 * The scopes about persons in a request that are not registered for the client; the library lets two of them pass
 * (provider/adapter.ts).
 * @param ignored which are no mistake of the request
 * @throws InvalidScope for any other
 */
export function unregisteredOf(
  scopes: Iterable<string>,
  client: Registered,
  ignored: (scope: string) => boolean,
): string[] {
  const unregistered = [...scopes].filter(
    (scope) => isIdentityScope(scope) && scopeWithin(scope, client) === '',
  )
  const stranger = unregistered.find((scope) => !ignored(scope))
  if (stranger !== undefined) throw new errors.InvalidScope('requested scope is not allowed', stranger)
  return unregistered
}

/**
 * A token without a person (RFC 6749 §4.4) has no scopes about one, whatever its client is registered for.
 * @throws InvalidScope
 */
export function refuseAboutPerson(scopes: Iterable<string>): void {
  const about = [...scopes].filter(isIdentityScope)
  if (about.length > 0)
    throw new errors.InvalidScope(
      `requested scope is about a person, and client_credentials is without one: ${about.join(' ')}`,
      about.join(' '),
    )
}

/** A scope that its client may not ask for. Whether some API has it is for the operator alone. */
export async function notAllowed(scope: string, findByScope: FindByScope): Promise<errors.InvalidScope> {
  const [api] = await findByScope(scope)
  const detail =
    api === undefined
      ? `no API has ${clipped(scope)}`
      : `${clipped(scope)} is of ${api.identifier}, and not registered for the client`
  return new errors.InvalidScope(`requested scope is not allowed: ${clipped(scope)}`, scope, detail)
}

/** A scope that is registered for its client, and that no API has: it was renamed, or never there. */
export const ofNoApi = (scope: string) =>
  new errors.InvalidScope(
    `requested scope belongs to no API: ${clipped(scope)}`,
    scope,
    `no API has ${clipped(scope)}`,
  )

function undecided(places: ReadonlyMap<string, readonly string[]>): errors.InvalidTarget {
  const named = [...places].map(
    ([scope, apis]) => `${clipped(scope)} is of ${apis.slice(0, 3).join(' and ')}`,
  )
  return new errors.InvalidTarget(
    'name the API with the resource parameter: several have the requested scopes',
    named.slice(0, 5).join('; '),
  )
}

/**
 * The one API that has all of some scopes, which the client may ask for; undefined when they are for none.
 * @param mayBeOfNone of which scopes it is no mistake that no API has them
 * @throws InvalidScope for a scope of no API · InvalidTarget when they do not lead to one API (RFC 8707 §2)
 */
export async function oneApiOf(
  scopes: readonly string[],
  findByScope: FindByScope,
  mayBeOfNone: (scope: string) => boolean = isHabitual,
): Promise<{ api: string | undefined; leftOut: string[] }> {
  const places = new Map<string, readonly string[]>()
  const leftOut: string[] = []
  for (const scope of scopes) {
    const found = await findByScope(scope)
    if (found.length > 0) {
      places.set(
        scope,
        found.map(({ identifier }) => identifier),
      )
    } else if (mayBeOfNone(scope)) leftOut.push(scope)
    else throw ofNoApi(scope)
  }
  const [first = [], ...others] = places.values()
  const [api, another] = first.filter((each) => others.every((apis) => apis.includes(each)))
  if (places.size > 0 && (api === undefined || another !== undefined)) throw undecided(places)
  return { api, leftOut }
}

/** A scope that the client may ask for at another API than the one it named. */
export async function ofAnotherApi(scope: string, findByScope: FindByScope): Promise<errors.InvalidScope> {
  const apis = (await findByScope(scope)).map(({ identifier }) => identifier)
  const detail = `${clipped(scope)} is of ${apis.slice(0, 3).join(' and ')}`
  return new errors.InvalidScope(
    `requested scope is not of the named resource: ${clipped(scope)}`,
    scope,
    detail,
  )
}
