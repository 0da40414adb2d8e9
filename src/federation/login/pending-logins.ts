import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import { type PropertySetBy, providerFields } from '../../shared/profile/fields.ts'
import type { UpstreamSession } from '../../shared/upstream-session.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { UpstreamEnds } from '../ended.ts'
import type { EnabledProviders } from '../providers/provider.ts'
import type { BrowserBinding } from './browser-binding.ts'
import { intentSchema, storedIntent } from './intent.ts'

const MODEL = 'UpstreamTicket'
const EXPIRED =
  'This step was finished already, took too long, or was started in another browser. Start again on the sign-in page.'
const SIGNED_OUT = 'You have signed out there since. Start again on the sign-in page.'
const SWITCHED_OFF = 'Signing in that way is switched off. Start again on the sign-in page.'

/** Seconds that a person may take to choose a name or to prove their account. */
const TTL = 1800

const nullable = z.string().nullable()
const value = nullable.default(null)
/** A field that the table had not when the login was stored is null. */
const profile = z.object(
  Object.fromEntries(providerFields.map(({ property }) => [property, value])) as Record<
    PropertySetBy<'provider'>,
    typeof value
  >,
)
/** As it is stored: `purpose` is the intent. */
const stored = z
  .object({
    provider: z.object({ id: z.string(), name: z.string() }),
    identity: z.object({
      issuer: z.string(),
      subject: z.string(),
      provider: z.string(),
      label: nullable,
      sealedTokens: nullable,
    }),
    sid: z.string().optional(),
    /** When the browser came back from the provider, in milliseconds since the epoch. */
    at: z.number(),
    profile,
    /** What the provider calls the account. */
    username: z.string().optional(),
    email: z.object({ address: z.string(), verified: z.boolean() }).optional(),
    purpose: intentSchema,
  })
  .transform(({ purpose, ...rest }) => ({ ...rest, intent: purpose }))

/** An identity that a provider has vouched for, with all that this server keeps of it. */
export type UpstreamLogin = z.output<typeof stored>

/** The session at the provider that a sign-in came by. */
export const upstreamOf = ({ identity, sid }: UpstreamLogin): UpstreamSession => ({
  provider: identity.provider,
  issuer: identity.issuer,
  subject: identity.subject,
  sid,
})

/**
 * Logins that wait for the person: to choose a name, or to prove an account. On the server, for the browser that came back
 * from the provider, used up once.
 */
export interface PendingLogins {
  /** @returns its id, for the address of the page that asks */
  issue(request: FastifyRequest, reply: FastifyReply, login: UpstreamLogin): Promise<string>
  /**
   * @throws AppError `ticket_expired` (410), also when the provider was switched off, or the person has signed out there
   */
  find(request: FastifyRequest, id: string): Promise<UpstreamLogin>
  /** Uses one up; of several calls at once, one succeeds. @throws AppError `ticket_expired` (410) */
  spend(id: string): Promise<void>
}

export function createPendingLogins(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find' | 'consume'>
  binding: BrowserBinding
  providers: Pick<EnabledProviders, 'find'>
  ends: Pick<UpstreamEnds, 'hasEnded'>
}): PendingLogins {
  const { artifacts, binding } = deps
  const expired = (message = EXPIRED) => new AppError('ticket_expired', 410, message)
  return {
    async issue(request, reply, { intent, ...login }) {
      const id = randomBytes(32).toString('base64url')
      const arrival = { ...login, purpose: storedIntent(intent) }
      await artifacts.upsert(MODEL, id, { arrival, browser: binding.bind(request, reply) }, TTL)
      return id
    },

    async find(request, id) {
      const payload = await artifacts.find(MODEL, id)
      if (!payload || payload.consumed !== undefined || !binding.matches(request, payload.browser))
        throw expired()
      const login = stored.parse(payload.arrival)
      // Switching a provider off counts at once, also for a login that is half way through.
      if (!(await deps.providers.find(login.provider.id))) throw expired(SWITCHED_OFF)
      // So does signing out there.
      if (await deps.ends.hasEnded(upstreamOf(login), login.at)) throw expired(SIGNED_OUT)
      return login
    },

    async spend(id) {
      if (!(await artifacts.consume(MODEL, id))) throw expired()
    },
  }
}
