import { type Client, errors } from 'oidc-provider'
import { z } from 'zod'
import { isRecord } from '../../shared/own.ts'
import { scopeWithin } from '../narrowed/scopes.ts'
import { scopeOfClaim } from '../tokens/claims.ts'

/*
 * The `claims` parameter (OpenID Connect Core §5.5): a client asks for single claims, at userinfo or in the ID Token.
 *
 *   request ──► what this server releases to this client (here) ──► consent for what no scope covers (consent.ts)
 *           ──► code, tokens; made less wherever the registration of the client becomes less (narrowed/)
 */

/** About the sign-in rather than the person: nobody is asked for them, and every client may. */
const OF_THE_SIGN_IN: ReadonlySet<string> = new Set(['sub', 'iss', 'sid', 'acr', 'amr', 'auth_time'])

const PLACES = ['userinfo', 'id_token'] as const

/** How a claim is wanted. Null: if it is there (Core §5.5.1). */
type Wanted = { essential?: true; value?: string; values?: string[] } | null
export type ClaimsRequest = { [Place in (typeof PLACES)[number]]?: Record<string, Wanted> }

const text = z.string().max(500)
const essential = z.literal(true).optional().catch(undefined)
/** What decides about the sign-in has to be understood; of every other claim only that it is wanted. */
const WANTED: Readonly<Record<string, z.ZodType<object>>> = {
  sub: z.object({ essential, value: text.optional() }),
  acr: z.object({ essential, value: text.optional(), values: z.array(text).max(20).optional() }),
}
const OTHER = z.object({ essential })

/** Whether the client may have a claim: one that this server releases, by a scope that the client is registered for. */
function isReleasable(claim: string, client: Client): boolean {
  if (OF_THE_SIGN_IN.has(claim)) return true
  const scope = scopeOfClaim(claim)
  return scope !== undefined && scopeWithin(scope, client) === scope
}

function wanted(place: string, claim: string, value: object): Wanted {
  const parsed = (WANTED[claim] ?? OTHER).safeParse(value)
  if (!parsed.success)
    throw new errors.InvalidRequest(`claims.${place}.${claim} must hold text in value and values, 20 at most`)
  const given = Object.fromEntries(Object.entries(parsed.data).filter(([, each]) => each !== undefined))
  return Object.keys(given).length === 0 ? null : given
}

/**
 * Of what a client asks for, what this server may release to it; undefined: nothing. Names that it does not know are
 * ignored (Core §5.5), and so is what says neither null nor how the claim is wanted.
 * @throws errors.InvalidRequest when it asks for a subject or a class of sign-in that cannot be understood
 */
export function releasable(claims: unknown, client: Client): ClaimsRequest | undefined {
  const request: ClaimsRequest = {}
  for (const place of PLACES) {
    const asked: unknown = isRecord(claims) ? claims[place] : undefined
    const entries = Object.entries(isRecord(asked) ? asked : {}).flatMap(
      ([claim, value]): [string, Wanted][] => {
        if ((value !== null && !isRecord(value)) || !isReleasable(claim, client)) return []
        return [[claim, value === null ? null : wanted(place, claim, value)]]
      },
    )
    if (entries.length > 0) request[place] = Object.fromEntries(entries)
  }
  return Object.keys(request).length === 0 ? undefined : request
}

/** Of a request that was looked at when it came, what the registration of the client allows by now; undefined: nothing. */
export function requestWithin(request: ClaimsRequest, client: Client): ClaimsRequest | undefined {
  const places = Object.entries(request).flatMap(([place, claims]) => {
    const within = Object.entries(claims).filter(([claim]) => isReleasable(claim, client))
    return within.length === 0 ? [] : [[place, Object.fromEntries(within)]]
  })
  return places.length === 0 ? undefined : Object.fromEntries(places)
}

/** What is asked for, out of the parameters of a request that was looked at. */
export function requestedIn(params: Readonly<Record<string, unknown>> | undefined): ClaimsRequest {
  return typeof params?.claims === 'string' ? (JSON.parse(params.claims) as ClaimsRequest) : {}
}

/** The claims of a person that are asked for, wherever. */
export function personalClaims({ userinfo, id_token }: ClaimsRequest): string[] {
  const names = new Set([...Object.keys(userinfo ?? {}), ...Object.keys(id_token ?? {})])
  return [...names].filter((claim) => !OF_THE_SIGN_IN.has(claim))
}

/** Of claims those that none of these scopes brings. */
export function notCovered(claims: readonly string[], scopes: Iterable<string>): string[] {
  const brought = new Set(scopes)
  return claims.filter((claim) => !brought.has(scopeOfClaim(claim) ?? ''))
}

/** Of claims those that the registration of the client allows by now. */
export const claimsWithin = (claims: readonly string[], client: Client): string[] =>
  claims.filter((claim) => isReleasable(claim, client))
