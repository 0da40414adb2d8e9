import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { AuthorizationRequest } from '../connector.ts'
import { BINDING_TTL, type BrowserBinding } from './browser-binding.ts'
import { type Intent, intentSchema } from './intent.ts'

const MODEL = 'UpstreamAttempt'
/** Seconds from the click to the provider's answer. */
const TTL = 600

const stored = z.object({
  provider: z.string(),
  browser: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  purpose: intentSchema,
  /** Seconds since the epoch. It is remembered for longer, so that whoever comes late is led back to where they were. */
  until: z.number().default(Number.POSITIVE_INFINITY),
  /** The ticket of another identity, which this sign-in proves the account for. */
  ticket: z.string().optional(),
})

export type StoredAuthorizationRequest = z.output<typeof stored>

/** `used` and `late`: this browser's, and over. Everything else that does not fit is `unknown`, and says no more. */
export type Redeemed =
  | { kind: 'good'; attempt: AuthorizationRequest; facts: StoredAuthorizationRequest }
  | { kind: 'used'; facts: StoredAuthorizationRequest }
  | { kind: 'late'; facts: StoredAuthorizationRequest }
  | { kind: 'unknown'; why: string }

const random = () => randomBytes(32).toString('base64url')

/**
 * Sign-ins that are under way elsewhere. State, nonce and code verifier are made here and kept on the server, for one
 * use, ten minutes, one provider and the browser that started.
 */
export function createAuthorizationRequests(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find' | 'consume'>
  binding: BrowserBinding
  clock: Clock
}) {
  const { artifacts, binding, clock } = deps
  return {
    async begin(
      request: FastifyRequest,
      reply: FastifyReply,
      facts: { provider: string; purpose: Intent; ticket?: string | undefined },
    ): Promise<AuthorizationRequest> {
      const attempt = { state: random(), nonce: random(), codeVerifier: random() }
      const { state, ...secrets } = attempt
      const browser = binding.bind(request, reply)
      const until = epochSeconds(clock) + TTL
      await artifacts.upsert(MODEL, state, { ...facts, ...secrets, browser, until }, BINDING_TTL)
      return attempt
    },

    /** Uses an attempt up: of all callbacks with one state, one gets `good`, in whatever process. */
    async redeem(request: FastifyRequest, state: string, provider: string): Promise<Redeemed> {
      const payload = await artifacts.find(MODEL, state)
      const facts = stored.safeParse(payload).data
      if (payload === undefined || facts === undefined) return { kind: 'unknown', why: 'no such state' }
      if (!binding.matches(request, facts.browser))
        return { kind: 'unknown', why: 'state of another browser' }
      if (facts.provider !== provider)
        return { kind: 'unknown', why: `state of another provider, ${facts.provider}` }
      if (payload.consumed === undefined && facts.until <= epochSeconds(clock)) return { kind: 'late', facts }
      if (payload.consumed !== undefined || !(await artifacts.consume(MODEL, state)))
        return { kind: 'used', facts }
      const { nonce, codeVerifier } = facts
      return { kind: 'good', attempt: { state, nonce, codeVerifier }, facts }
    },
  }
}

export type AuthorizationRequests = ReturnType<typeof createAuthorizationRequests>
