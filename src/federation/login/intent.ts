import { z } from 'zod'

/** An interaction's uid. */
export const interactionUid = z.string().regex(/^[\w-]{20,64}$/)

/**
 * What a sign-in at a provider is for, and so where it ends:
 * `page` in a session, back in the app's interaction or on a page of ours · `link` on the account page, with one more way to
 * sign in · `invitation` in the account that it offers · `api` in tokens (RFC 6749 §5.1) · `code` in a one-time code that a program without a browser exchanges
 */
export type Intent =
  | { kind: 'page'; interaction?: string | undefined; returnTo?: string | undefined }
  | { kind: 'link'; accountId: string }
  | { kind: 'invitation'; id: string }
  | { kind: 'api' }
  | { kind: 'code'; challenge: string }

/** As it is stored: `flow` is the interaction. */
const stored = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('page'), flow: interactionUid.optional(), returnTo: z.string().optional() }),
  z.object({ kind: z.literal('link'), accountId: z.string() }),
  z.object({ kind: z.literal('invitation'), id: z.string() }),
  z.object({ kind: z.literal('api') }),
  z.object({ kind: z.literal('code'), challenge: z.string() }),
])

/** Reads what `storedIntent` wrote. */
export const intentSchema = stored.transform((intent): Intent => {
  if (intent.kind !== 'page') return intent
  const { flow, ...rest } = intent
  return { ...rest, ...(flow !== undefined && { interaction: flow }) }
})

/** An intent as it is stored. */
export function storedIntent(intent: Intent): z.input<typeof stored> {
  if (intent.kind !== 'page') return intent
  const { interaction, ...rest } = intent
  return { ...rest, flow: interaction }
}

/** Where a person goes once signed in: back to the interaction, or to a page of ours. */
export const nextUrl = (intent: Intent): string => {
  if (intent.kind === 'invitation') return '/account?done=invited'
  if (intent.kind !== 'page') return '/account'
  return intent.interaction === undefined
    ? (intent.returnTo ?? '/account')
    : `/interaction/${intent.interaction}`
}

/** Why a sign-in at a provider failed, for the page that the person goes back to (problems.ts). */
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

/** A sign-in at a provider that failed, there or before the browser left. */
export interface Failure {
  problem: Problem
  /** The page that they started from, which says what went wrong. */
  location: string
  /** Undefined: the authorization request is unknown. */
  intent: Intent['kind'] | undefined
}

export const failure = (intent: Intent | undefined, problem: Problem, provider: string): Failure => ({
  problem,
  location: problemPage(intent, problem, provider),
  intent: intent?.kind,
})

function problemPage(intent: Intent | undefined, problem: Problem, provider: string): string {
  const query = new URLSearchParams({ problem, provider })
  if (intent?.kind === 'link') return `/account/security?${query}`
  if (intent?.kind === 'invitation') return `/invitation?${query}`
  if (intent?.kind === 'page' && intent.interaction !== undefined)
    return `/interaction/${intent.interaction}?${query}`
  if (intent?.kind === 'page' && intent.returnTo !== undefined) query.set('return_to', intent.returnTo)
  return `/login?${query}`
}
