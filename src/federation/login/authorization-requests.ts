import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { AuthorizationRequest } from '../connector.ts'
import { BINDING_TTL, type BrowserBinding } from './browser-binding.ts'
import { type Intent, intentSchema, storedIntent } from './intent.ts'

const MODEL = 'UpstreamAttempt'
/** Seconds from the click to the provider's answer. */
const TTL = 600

/** As it is stored: `purpose` is the intent, `ticket` the id of a pending login. */
const stored = z
  .object({
    provider: z.string(),
    browser: z.string(),
    nonce: z.string(),
    codeVerifier: z.string(),
    purpose: intentSchema,
    /** Seconds since the epoch. It is remembered for longer, so that a browser that comes late is led back to where it was. */
    until: z.number().default(Number.POSITIVE_INFINITY),
    ticket: z.string().optional(),
    /** Of the provider, when it began. Those of an earlier version have none. */
    setup: z.string().optional(),
  })
  .transform(({ purpose, ticket, ...rest }) => ({ ...rest, intent: purpose, pendingId: ticket }))

type StoredAuthorizationRequest = z.output<typeof stored>

/** What a browser set out to sign in for. */
export interface AuthorizationRequestDetails {
  /** Its id. */
  provider: string
  intent: Intent
  /** The pending login of another identity, whose account this sign-in proves. */
  pendingId?: string | undefined
  /** What the provider is spoken to by. */
  setup?: string | undefined
}

/** `used` and `late`: this browser's, and over. Everything else that does not fit is `unknown`, and says no more. */
export type Redeemed =
  | { kind: 'good'; authorizationRequest: AuthorizationRequest; details: AuthorizationRequestDetails }
  | { kind: 'used'; details: AuthorizationRequestDetails }
  | { kind: 'late'; details: AuthorizationRequestDetails }
  | { kind: 'unknown'; why: string }

const random = () => randomBytes(32).toString('base64url')

/**
 * Authorization requests to providers. State, nonce and code verifier are made here and kept on the server, for one use,
 * ten minutes, one provider and the browser that started.
 */
export interface AuthorizationRequests {
  /** Makes one for this browser. */
  begin(
    request: FastifyRequest,
    reply: FastifyReply,
    details: AuthorizationRequestDetails,
  ): Promise<AuthorizationRequest>
  /** Uses one up: of all callbacks with one state, one gets `good`, in whatever process. @param provider its id */
  redeem(request: FastifyRequest, state: string, provider: string): Promise<Redeemed>
}

export function createAuthorizationRequests(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find' | 'consume'>
  binding: BrowserBinding
  clock: Clock
}): AuthorizationRequests {
  const { artifacts, binding, clock } = deps
  return {
    async begin(request, reply, { provider, intent, pendingId, setup }) {
      const authorizationRequest = { state: random(), nonce: random(), codeVerifier: random() }
      const { state, ...secrets } = authorizationRequest
      const browser = binding.bind(request, reply)
      const until = epochSeconds(clock) + TTL
      const payload = {
        provider,
        purpose: storedIntent(intent),
        ticket: pendingId,
        setup,
        ...secrets,
        browser,
        until,
      }
      await artifacts.upsert(MODEL, state, payload, BINDING_TTL)
      return authorizationRequest
    },

    async redeem(request, state, provider) {
      const payload = await artifacts.find(MODEL, state)
      const details: StoredAuthorizationRequest | undefined = stored.safeParse(payload).data
      if (payload === undefined || details === undefined) return { kind: 'unknown', why: 'no such state' }
      if (!binding.matches(request, details.browser))
        return { kind: 'unknown', why: 'state of another browser' }
      if (details.provider !== provider)
        return { kind: 'unknown', why: `state of another provider, ${details.provider}` }
      if (payload.consumed === undefined && details.until <= epochSeconds(clock))
        return { kind: 'late', details }
      if (payload.consumed !== undefined || !(await artifacts.consume(MODEL, state)))
        return { kind: 'used', details }
      const { nonce, codeVerifier } = details
      return { kind: 'good', authorizationRequest: { state, nonce, codeVerifier }, details }
    },
  }
}
