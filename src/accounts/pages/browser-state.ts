import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Http } from '../../http/http.ts'

/**
 * What a browser remembers between the pages of registering, verifying and resetting, in sealed cookies:
 *
 *   pending  who has just signed in, and still has to verify an e-mail address
 *   flow     which interaction (an app's sign-in) to come back to
 *   invitation  which invitation is being accepted, for the way back from a provider
 *
 * None is a sign-in. All end after an hour, like the interaction itself.
 */
const TTL = 3600

const flowId = z.string().regex(/^[\w-]{20,64}$/)
const upstreamSchema = z.object({
  provider: z.string(),
  issuer: z.string(),
  subject: z.string(),
  sid: z.string().optional(),
})
/** The sign-in elsewhere that somebody came by. */
export type UpstreamSession = z.infer<typeof upstreamSchema>

const pendingSchema = z.object({
  accountId: z.string(),
  email: z.string(),
  flow: flowId.optional(),
  /** Without it, by password. */
  upstream: upstreamSchema.optional(),
  /** When they signed in there, in milliseconds since the epoch. */
  at: z.number().optional(),
  /** That of the account when they signed in. */
  generation: z.number(),
})
export type Pending = z.infer<typeof pendingSchema>

export interface BrowserState {
  pending(request: FastifyRequest): Pending | undefined
  setPending(reply: FastifyReply, pending: Pending): void
  clearPending(reply: FastifyReply): void
  /** The interaction named in the query (`flow`), else the one remembered. */
  flow(request: FastifyRequest): string | undefined
  /** The interaction that this very browser left for a message. Links in messages name it too, wherever they are opened. */
  ownFlow(request: FastifyRequest): string | undefined
  rememberFlow(reply: FastifyReply, flow: string | undefined): void
  /** The token of the invitation that was opened last. */
  invitation(request: FastifyRequest): string | undefined
  rememberInvitation(reply: FastifyReply, token: string | undefined): void
}

export function createBrowserState({ cookies, sealed }: Pick<Http, 'cookies' | 'sealed'>): BrowserState {
  const read = <T>(request: FastifyRequest, name: string, schema: z.ZodType<T>) =>
    sealed.open(name, cookies.read(request, name), schema)
  const ownFlow = (request: FastifyRequest) => read(request, 'flow', z.object({ flow: flowId }))?.flow
  return {
    ownFlow,
    pending: (request) => read(request, 'pending', pendingSchema),
    setPending(reply, pending) {
      cookies.set(reply, 'pending', sealed.seal('pending', pending, TTL), TTL)
    },
    clearPending: (reply) => cookies.clear(reply, 'pending'),
    flow(request) {
      const named = flowId.safeParse((request.query as { flow?: unknown } | undefined)?.flow)
      return named.success ? named.data : ownFlow(request)
    },
    invitation: (request) => read(request, 'invitation', z.object({ token: z.string() }))?.token,
    rememberInvitation(reply, token) {
      if (token === undefined) cookies.clear(reply, 'invitation')
      else cookies.set(reply, 'invitation', sealed.seal('invitation', { token }, TTL), TTL)
    },
    rememberFlow(reply, flow) {
      if (flow === undefined) cookies.clear(reply, 'flow')
      else cookies.set(reply, 'flow', sealed.seal('flow', { flow }, TTL), TTL)
    },
  }
}

/** Adds the interaction to a link of ours, so that it is not lost on the way. */
export const withFlow = (path: string, flow: string | undefined): string =>
  flow === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}flow=${flow}`

/** Where a person goes once signed in: back into the flow, or to their account. */
export const onwards = (flow: string | undefined): string =>
  flow === undefined ? '/account' : `/interaction/${flow}`
