import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../shared/errors.ts'
import { message, type TextKey } from '../../shared/locales/texts.ts'
import type { UpstreamSession } from '../../shared/upstream-session.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { FederationDependencies } from '../dependencies.ts'
import type { UpstreamEnds } from '../ended.ts'
import type { EnabledProviders } from '../providers/provider.ts'
import type { BrowserBinding } from './browser-binding.ts'
import { storedIntent } from './intent.ts'
import { storedLogin, type UpstreamLogin, verifiedEmail } from './upstream-login.ts'

const MODEL = 'UpstreamTicket'
const EXPIRED = 'upstream.step.expired'
const SIGNED_OUT = 'upstream.step.signedOut'
const SWITCHED_OFF = 'upstream.step.off'

/** Seconds that a person may take to choose a name or to prove their account. */
const TTL = 1800

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
  organizations: Pick<FederationDependencies['organizations'], 'owns'>
}): PendingLogins {
  const { artifacts, binding } = deps
  const expired = (key: TextKey = EXPIRED) => new AppError('ticket_expired', 410, message(key))
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
      const login = storedLogin.parse(payload.arrival)
      // Switching a provider off counts at once, also for a login that is half way through.
      if (!(await deps.providers.find(login.provider.id))) throw expired(SWITCHED_OFF)
      // So does a domain that its organization has verified no more.
      const { organizationId } = login.provider
      if (
        organizationId !== null &&
        !(await deps.organizations.owns(organizationId, verifiedEmail(login) ?? ''))
      )
        throw expired(SWITCHED_OFF)
      // So does signing out there.
      if (await deps.ends.hasEnded(upstreamOf(login), login.at)) throw expired(SIGNED_OUT)
      return login
    },

    async spend(id) {
      if (!(await artifacts.consume(MODEL, id))) throw expired()
    },
  }
}
