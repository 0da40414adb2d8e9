import { z } from 'zod'

/** An interaction's uid. */
export const flowId = z.string().regex(/^[\w-]{20,64}$/)

/**
 * What a sign-in elsewhere is for, and so where it ends:
 * `page` in a session, back in the app's flow or on a page of ours · `link` on the account page, with one more way to
 * sign in · `invitation` in the account that it offers · `api` in tokens (RFC 6749 §5.1) · `code` in a one-time code that a program without a browser exchanges
 */
export const intentSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('page'), flow: flowId.optional(), returnTo: z.string().optional() }),
  z.object({ kind: z.literal('link'), accountId: z.string() }),
  z.object({ kind: z.literal('invitation'), id: z.string() }),
  z.object({ kind: z.literal('api') }),
  z.object({ kind: z.literal('code'), challenge: z.string() }),
])

export type Intent = z.output<typeof intentSchema>

/** Where a person goes once signed in: back into the flow, or to a page of ours. */
export const nextUrl = (purpose: Intent): string => {
  if (purpose.kind === 'invitation') return '/account?done=invited'
  if (purpose.kind !== 'page') return '/account'
  return purpose.flow === undefined ? (purpose.returnTo ?? '/account') : `/interaction/${purpose.flow}`
}

/** Why nothing came of it, for the page that the person goes back to (problems.ts). */
export type Problem =
  | 'denied'
  | 'unreachable'
  | 'failed'
  | 'not_allowed'
  | 'expired'
  | 'disabled'
  | 'closed'
  | 'invited'
  | 'unavailable'
  | 'identity_taken'
  | 'other_account'

/** The person came back, or never left, and nothing came of it. */
export interface Failure {
  problem: Problem
  /** The page that they started from, which says what went wrong. */
  location: string
  /** What this was for; undefined where nothing is known of it. */
  purpose: Intent['kind'] | undefined
}

export const failure = (purpose: Intent | undefined, problem: Problem, provider: string): Failure => ({
  problem,
  location: problemPage(purpose, problem, provider),
  purpose: purpose?.kind,
})

function problemPage(purpose: Intent | undefined, problem: Problem, provider: string): string {
  const query = new URLSearchParams({ problem, provider })
  if (purpose?.kind === 'link') return `/account?${query}`
  if (purpose?.kind === 'invitation') return `/invitation?${query}`
  if (purpose?.kind === 'page' && purpose.flow !== undefined) return `/interaction/${purpose.flow}?${query}`
  if (purpose?.kind === 'page' && purpose.returnTo !== undefined) query.set('return_to', purpose.returnTo)
  return `/login?${query}`
}
