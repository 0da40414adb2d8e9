import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BrowserState } from '../accounts/pages/browser-state.ts'
import type { Http } from '../http/http.ts'
import { grantIdsUnder } from '../oidc/consent/grants.ts'
import { endCodeDevices } from '../oidc/device/signed-in.ts'
import { isCurrent } from '../oidc/sessions/generations.ts'
import type { SignInSessions } from '../oidc/sessions/sign-in.ts'
import type { Services } from '../services.ts'
import { setActor } from '../shared/audit-context.ts'

/**
 * What a browser is known as after a sign-in, so that wrong passwords of strangers do not lock it out.
 */
export function rememberedDevices({ devices }: Http, { accounts }: Services) {
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    { accountId, generation }: { accountId: string; generation: number },
  ): Promise<void> => {
    const account = await accounts.byId(accountId)
    if (!account) return
    devices.remember(request, reply, { accountId, generation, names: [account.username, account.email] })
  }
}

/**
 * The sign-in sessions: whoever has one is the actor of what they do, and what ends is told. A sign-in or sign-out ends
 * what waited in the browser for the proof of an address: it would sign in once more.
 */
export function observedSessions(
  sessions: SignInSessions,
  { accounts, event }: Services,
  remember: ReturnType<typeof rememberedDevices>,
  browser: Pick<BrowserState, 'endPending'>,
) {
  const ended = (accountId: string, reason: string) => event({ type: 'session.ended', accountId, reason })
  const current: SignInSessions['current'] = async (request, reply) => {
    const session = await sessions.current(request, reply)
    if (session) setActor({ kind: 'account', id: session.accountId })
    return session
  }
  return {
    ...sessions,
    current,
    async start(...[request, reply, who]: Parameters<SignInSessions['start']>): Promise<void> {
      await sessions.start(request, reply, who)
      await browser.endPending(request, reply)
      await remember(request, reply, who)
    },
    /** Whose forms these are (src/http/forms/interrupted.ts). */
    async ownerOf(request: FastifyRequest, reply: FastifyReply) {
      const session = await current(request, reply)
      return session && { accountId: session.accountId, uid: session.uid }
    },
    async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const session = await current(request, reply)
      await sessions.end(request, reply)
      await browser.endPending(request, reply)
      if (session) ended(session.accountId, 'signed_out')
    },
    /** Ends every session of a person but the one that asks, which stays known as their device. */
    async endOthers(
      request: FastifyRequest,
      reply: FastifyReply,
      { accountId, uid }: { accountId: string; uid: string },
    ): Promise<void> {
      const generation = await accounts.endOtherSessions(accountId, uid)
      await remember(request, reply, { accountId, generation })
      ended(accountId, 'other_devices')
    },
    async endUpstream(...[accountId, which]: Parameters<SignInSessions['endUpstream']>): Promise<void> {
      if ((await sessions.endUpstream(accountId, which)) > 0) ended(accountId, 'upstream')
    },
  }
}

/** The signed-in devices of a person, as they end them. */
export function deviceEnds({ artifacts, event, secrets }: Services) {
  const grantId = grantIdsUnder(secrets.key('grants'))
  return {
    /** @param own it is the browser that asks */
    async end(accountId: string, uid: string, { own }: { own: boolean }): Promise<void> {
      const session = await artifacts.findByUid('Session', uid)
      await artifacts.revokeSession(accountId, uid)
      if (session?.accountId === accountId) event({ type: 'session.ended', accountId, reason: 'device' })
      // Whoever sat at a browser that is not trusted may have signed a device in there.
      const meant = own ? [] : [{ uid }, { sessionUid: uid }]
      for (const which of meant)
        for (const { clientId } of await endCodeDevices({ artifacts, grantId }, accountId, which))
          event({ type: 'device.ended', client_id: clientId, accountId })
    },
  }
}

/** Finds an account if it and its sign-ins of a generation still count. */
export const liveAccounts =
  ({ accounts }: Services) =>
  async (accountId: string, generation: number) => {
    const account = await accounts.byId(accountId)
    return isCurrent(account, generation) ? account : undefined
  }
