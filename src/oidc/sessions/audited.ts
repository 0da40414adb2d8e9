import type { FastifyReply, FastifyRequest } from 'fastify'
import { setActor } from '../../shared/audit-context.ts'
import type { AdmitSignIn, HookPerson } from '../hooks/sign-in.ts'
import type { LastUses } from '../usage/last-uses.ts'
import type { ImpersonationEnded } from './impersonations.ts'
import type { Authentication, SignInSessions } from './sign-in.ts'
import { requireAllowed } from './while-impersonated.ts'

/** The account and session that a form belongs to (src/http/forms/interrupted.ts). */
export interface SessionOwner {
  accountId: string
  uid: string
}

/** The sign-in sessions of browsers, as the rest of the server uses them. */
export interface AuditedSessions extends Omit<SignInSessions, 'endUpstream' | 'start' | 'verify'> {
  /**
   * As `SignInSessions.start`, after hooks were asked. @returns whether one wants a second factor, without which the session counts for nothing
   * @throws AppError sign_in_denied (403): one has denied it
   */
  start(...args: Parameters<SignInSessions['start']>): Promise<{ asksFactor: boolean }>
  /** As `SignInSessions.verify`. @returns whether it was verified */
  verify(...args: Parameters<SignInSessions['verify']>): Promise<boolean>
  /** The account and session of a browser; undefined: it is not signed in. */
  ownerOf(request: FastifyRequest, reply: FastifyReply): Promise<SessionOwner | undefined>
  /** Whether the session of a browser is that of an impersonation which counts still. */
  isImpersonated(request: FastifyRequest, reply: FastifyReply): Promise<boolean>
  /** Ends every session of an account except the one that asks, whose browser stays a known device of it. */
  endOthers(request: FastifyRequest, reply: FastifyReply, session: SessionOwner): Promise<void>
  /** As `SignInSessions.endUpstream`. */
  endUpstream(...args: Parameters<SignInSessions['endUpstream']>): Promise<void>
}

export interface SessionEndedEvent {
  type: 'session.ended'
  accountId: string
  reason: 'signed_out' | 'other_devices' | 'upstream' | 'device' | 'api'
}

/** The effects of a sign-in or a sign-out in a browser. */
export interface SignInEffects {
  /** Ends the pending verification of an email address in this browser: once verified, it would sign the browser in again. */
  endPending(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
  /** The browser becomes a known device of the account. */
  rememberDevice(
    request: FastifyRequest,
    reply: FastifyReply,
    account: { accountId: string; generation: number },
  ): Promise<void>
  /** A sign-in, or another step of one: once it has shown all, the browser is a known device, and a new one is told. */
  signedIn(
    request: FastifyRequest,
    reply: FastifyReply,
    signIn: Pick<Authentication, 'accountId' | 'generation' | 'amr' | 'provider' | 'upstream' | 'quiet'>,
  ): Promise<void>
}

/** Sign-in sessions whose account is the actor of the request, and whose ends are audited. */
export function auditSessions(
  sessions: SignInSessions,
  deps: SignInEffects & {
    /** Raises the generation of the account's sign-ins, and gives the new one. */
    endOtherSessions(accountId: string, uid: string): Promise<number>
    events(event: SessionEndedEvent): void
    impersonationEnded: ImpersonationEnded
    /** Asks hooks, where there are any. */
    admit: AdmitSignIn
    findLive(accountId: string, generation: number): Promise<HookPerson | undefined>
    lastUses: Pick<LastUses, 'note'>
  },
): AuditedSessions {
  const ended = (accountId: string, reason: SessionEndedEvent['reason']) =>
    deps.events({ type: 'session.ended', accountId, reason })
  const current: SignInSessions['current'] = async (request, reply) => {
    const session = await sessions.current(request, reply)
    if (session) {
      const { accountId, uid, loginTs, impersonation } = session
      if (impersonation) {
        setActor({ kind: 'account', id: impersonation.by })
        requireAllowed(request)
        return session
      }
      setActor({ kind: 'account', id: accountId })
      deps.lastUses.note({ accountId, kind: 'session', subject: uid, address: request.ip }, loginTs * 1000)
    }
    return session
  }
  return {
    current,
    async incomplete(request, reply) {
      const session = await sessions.incomplete(request, reply)
      // What it sets up is its owner's act.
      if (session?.missing === 'set-up') setActor({ kind: 'account', id: session.accountId })
      return session
    },
    async verify(request, reply, by) {
      const verified = await sessions.verify(request, reply, by)
      if (verified === undefined) return false
      setActor({ kind: 'account', id: by.accountId })
      await deps.signedIn(request, reply, { accountId: by.accountId, ...verified })
      return true
    },
    findByUpstream: sessions.findByUpstream,
    impersonate: sessions.impersonate,
    async endImpersonation(request, reply, own) {
      const done = await sessions.endImpersonation(request, reply, own)
      if (done.ended) setActor({ kind: 'account', id: done.ended.impersonation.by })
      return done
    },
    async start(request, reply, authentication) {
      const { accountId, amr, continues, generation } = authentication
      const account = () => deps.findLive(accountId, generation)
      const asksFactor = !continues && (await deps.admit({ account, amr, address: request.ip })).secondFactor
      await sessions.start(request, reply, { ...authentication, ...(asksFactor && { asksFactor }) })
      await deps.endPending(request, reply)
      await deps.signedIn(request, reply, authentication)
      return { asksFactor }
    },
    async isImpersonated(request, reply) {
      return (await sessions.current(request, reply))?.impersonation !== undefined
    },
    async ownerOf(request, reply) {
      const session = await current(request, reply)
      return session && { accountId: session.accountId, uid: session.uid }
    },
    async end(request, reply) {
      const session = await current(request, reply)
      await sessions.end(request, reply)
      await deps.endPending(request, reply)
      if (session?.impersonation) await deps.impersonationEnded(session.impersonation.id, 'signed_out')
      if (session) ended(session.accountId, 'signed_out')
    },
    async endOthers(request, reply, { accountId, uid }) {
      const generation = await deps.endOtherSessions(accountId, uid)
      await deps.rememberDevice(request, reply, { accountId, generation })
      ended(accountId, 'other_devices')
    },
    async endUpstream(accountId, which) {
      if ((await sessions.endUpstream(accountId, which)) > 0) ended(accountId, 'upstream')
    },
  }
}
