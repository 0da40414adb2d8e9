import type { FastifyReply, FastifyRequest } from 'fastify'
import { actAs } from '../acting.ts'
import type { SignInSessions } from '../oidc/sign-in.ts'
import type { Services } from '../services.ts'

/** The sign-in sessions: whoever has one is the actor of what they do, and what ends is told. */
export function observedSessions(sessions: SignInSessions, { event }: Services) {
  const ended = (accountId: string, reason: string) => event({ type: 'session.ended', accountId, reason })
  const current: SignInSessions['current'] = async (request, reply) => {
    const session = await sessions.current(request, reply)
    if (session) actAs({ kind: 'account', id: session.accountId })
    return session
  }
  return {
    ...sessions,
    current,
    async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const session = await current(request, reply)
      await sessions.end(request, reply)
      if (session) ended(session.accountId, 'signed_out')
    },
    async endUpstream(...[accountId, which]: Parameters<SignInSessions['endUpstream']>): Promise<void> {
      if ((await sessions.endUpstream(accountId, which)) > 0) ended(accountId, 'upstream')
    },
  }
}

/** The signed-in devices of a person, as they end them. */
export const deviceEnds = ({ artifacts, event }: Services) => ({
  async end(accountId: string, uid: string): Promise<void> {
    const session = await artifacts.findByUid('Session', uid)
    await artifacts.revokeSession(accountId, uid)
    if (session?.accountId === accountId) event({ type: 'session.ended', accountId, reason: 'device' })
  },
  async endOthers(accountId: string, exceptSessionUid: string): Promise<void> {
    await artifacts.revokeByAccount(accountId, { exceptSessionUid })
    event({ type: 'session.ended', accountId, reason: 'other_devices' })
  },
})
