import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { UpstreamSession } from '../dependencies.ts'
import type { UpstreamEnds } from '../ended.ts'
import type { EnabledProviders } from '../providers/provider.ts'
import type { BrowserBinding } from './browser-binding.ts'
import { intentSchema } from './intent.ts'

const MODEL = 'UpstreamTicket'
const EXPIRED =
  'This step was finished already, took too long, or was started in another browser. Start again on the sign-in page.'
const SIGNED_OUT = 'You have signed out there meanwhile. Start again on the sign-in page.'
const SWITCHED_OFF = 'Signing in that way is switched off. Start again on the sign-in page.'

/** Seconds that a person may take to choose a name or to prove their account. */
const TTL = 1800

const nullable = z.string().nullable()
const arrival = z.object({
  provider: z.object({ id: z.string(), name: z.string() }),
  identity: z.object({
    issuer: z.string(),
    subject: z.string(),
    provider: z.string(),
    label: nullable,
    sealedTokens: nullable,
  }),
  sid: z.string().optional(),
  /** When they came back from there, in milliseconds since the epoch. */
  at: z.number(),
  profile: z.object({ givenName: nullable, familyName: nullable, picture: nullable }),
  /** What the provider calls the account. */
  username: z.string().optional(),
  email: z.object({ address: z.string(), verified: z.boolean() }).optional(),
  purpose: intentSchema,
})

/** Somebody whom a provider has vouched for, with all that this server keeps of it. */
export type UpstreamLogin = z.output<typeof arrival>

/** The sign-in elsewhere that somebody came by. */
export const upstreamOf = ({ identity, sid }: UpstreamLogin): UpstreamSession => ({
  provider: identity.provider,
  issuer: identity.issuer,
  subject: identity.subject,
  sid,
})

/**
 * Arrivals that wait for the person: to choose a name, or to prove an account. On the server, for the browser that they
 * came in, used up once.
 */
export function createPendingLogins(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find' | 'consume'>
  binding: BrowserBinding
  providers: Pick<EnabledProviders, 'find'>
  ends: Pick<UpstreamEnds, 'hasEnded'>
}) {
  const { artifacts, binding } = deps
  const expired = (message = EXPIRED) => new AppError('ticket_expired', 410, message)
  return {
    async issue(request: FastifyRequest, reply: FastifyReply, waiting: UpstreamLogin): Promise<string> {
      const id = randomBytes(32).toString('base64url')
      await artifacts.upsert(MODEL, id, { arrival: waiting, browser: binding.bind(request, reply) }, TTL)
      return id
    },

    /** @throws AppError `ticket_expired` (410) */
    async find(request: FastifyRequest, id: string): Promise<UpstreamLogin> {
      const payload = await artifacts.find(MODEL, id)
      if (!payload || payload.consumed !== undefined || !binding.matches(request, payload.browser))
        throw expired()
      const waiting = arrival.parse(payload.arrival)
      // Switching a provider off counts at once, also for who is half way through.
      if (!(await deps.providers.find(waiting.provider.id))) throw expired(SWITCHED_OFF)
      // So does signing out there.
      if (await deps.ends.hasEnded(upstreamOf(waiting), waiting.at)) throw expired(SIGNED_OUT)
      return waiting
    },

    /** Uses a ticket up; of several at once, one succeeds. @throws AppError `ticket_expired` (410) */
    async spend(id: string): Promise<void> {
      if (!(await artifacts.consume(MODEL, id))) throw expired()
    },
  }
}

export type PendingLogins = ReturnType<typeof createPendingLogins>
