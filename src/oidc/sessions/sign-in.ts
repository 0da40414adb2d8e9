import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Provider, Session } from 'oidc-provider'
import { acrOf, addMethods } from '../../shared/acr.ts'
import { epochSeconds } from '../../shared/clock.ts'
import { type Impersonation, impersonationOf } from '../../shared/impersonation.ts'
import type { GatedAccount, MissingStep, SignInGate } from '../../shared/second-factor-rule.ts'
import type { EndedUpstream, UpstreamSession } from '../../shared/upstream-session.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { Lifetimes } from '../provider/lifetimes.ts'
import { pinToIssuer } from '../provider/mount.ts'
import { deviceOf, verifiedAtOf } from './details.ts'
import { endSession, tellApps } from './end.ts'
import { type Generation, generationOf } from './generations.ts'
import { type ImpersonationCounts, withinImpersonation } from './impersonations.ts'
import { isCurrent } from './merge.ts'
import { endsWith, type UpstreamSessions } from './upstream.ts'

/** How a person proved who they are (RFC 8176): “pwd” by a password, “fed” at an upstream provider. */
export interface Authentication extends Generation {
  accountId: string
  amr: string[]
  /** The upstream sign-in, with “fed”. */
  upstream?: UpstreamSession | undefined
  /** When, in seconds since the epoch; now, unless said. */
  at?: number | undefined
  /** When a second factor was shown, in seconds since the epoch; undefined: none was. A remembered browser shows none. */
  verifiedAt?: number | undefined
  /** The name of the provider, with “fed”, for the words of a mail. */
  provider?: string | undefined
  /** Its owner has come by a link in a mail, or is told of what they did: no mail about a new device. */
  quiet?: boolean | undefined
  /** The sign-in that the browser has goes on: no hook is asked. */
  continues?: boolean | undefined
  /** A hook wants a second factor. */
  asksFactor?: boolean | undefined
}

/** The browser's sign-in session: what single sign-on, the account pages and the JSON API share. */
export interface SignInSession extends Generation {
  accountId: string
  uid: string
  /** When the person last proved who they are, in seconds since the epoch. */
  loginTs: number
  /** How they did. */
  amr: string[]
  /** When they last showed all that their account asks for, in seconds since the epoch: what a dangerous act looks at. */
  freshAt: number
  /** When they showed a second factor. */
  verifiedAt: number | undefined
  /** It is an administrator's, who is signed in as this person. */
  impersonation: Impersonation | undefined
}

/** A session that has shown too little, and what it lacks. */
export interface IncompleteSession extends SignInSession {
  missing: MissingStep
  /** A hook wants it. */
  byHook: boolean
}

export interface SignInSessions {
  /** The sign-in of a browser. Undefined: there is none, it counts no more, or it has shown less than its account or a rule asks for. */
  current(request: FastifyRequest, reply: FastifyReply): Promise<SignInSession | undefined>
  /** A sign-in that has shown less than its account or a rule asks for, and counts for nothing but to show it, or to set it up. */
  incomplete(request: FastifyRequest, reply: FastifyReply): Promise<IncompleteSession | undefined>
  /**
   * The person of the session, complete or not, has shown another factor, now. The session goes on under a fresh ID; when they signed in stays.
   * @param by.uid the session that it was asked in: another one is not verified by it
   * @returns what it is of, and all that was shown in it; undefined: it was not verified
   */
  verify(
    request: FastifyRequest,
    reply: FastifyReply,
    by: { accountId: string; uid: string; amr: readonly string[] },
  ): Promise<({ amr: string[] } & Generation) | undefined>
  /** Starts a session under a fresh id; another person's session in this browser ends, and one that had ended already. */
  start(request: FastifyRequest, reply: FastifyReply, authentication: Authentication): Promise<void>
  /**
   * Starts a session of another person in place of the administrator's own, which is kept aside.
   * @param by what the administrator has shown: what is issued says when and how *they* signed in
   * @returns the id of the own session
   */
  impersonate(
    request: FastifyRequest,
    reply: FastifyReply,
    who: {
      accountId: string
      impersonation: Impersonation
      by: Pick<SignInSession, 'amr' | 'loginTs' | 'verifiedAt'>
    } & Generation,
  ): Promise<string>
  /**
   * Ends the impersonated session of a browser, with all that was issued in it, and gives the browser the own one back.
   * @returns what has ended, if anything; back: whether the browser has the own session again: not when another person has signed in
   */
  endImpersonation(
    request: FastifyRequest,
    reply: FastifyReply,
    own: string,
  ): Promise<{ ended: { accountId: string; impersonation: Impersonation } | undefined; back: boolean }>
  /** Ends the session, with what was issued in it, as the sign-out page does; apps are told in the background. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /**
   * Ends the sessions of an account that an upstream sign-in started, in every browser; clients get a logout token. With `sid` those
   * of that session of the provider alone, else all of that subject. Returns how many.
   */
  endUpstream(accountId: string, which: EndedUpstream & { except?: string | undefined }): Promise<number>
  /** The account that signed in by this session of an upstream provider. */
  findByUpstream(issuer: string, sid: string): Promise<string | undefined>
}

/** How long the first step of a sign-in counts, in seconds: as long as an interaction. */
const FIRST_STEP_TTL = 3600

export function createSignInSessions(deps: {
  issuer: string
  current(): Provider
  artifacts: Pick<ArtifactStore, 'listByAccount' | 'revokeSession'>
  upstreamSessions: UpstreamSessions
  lifetimes: Pick<Lifetimes, 'sessionTtl'>
  /** Undefined when the account, or its sign-ins of a generation, no longer count. */
  findLive(accountId: string, generation: number): Promise<GatedAccount | undefined>
  gate: SignInGate
  impersonationCounts: ImpersonationCounts
}): SignInSessions {
  const secure = deps.issuer.startsWith('https:')
  const open = async (request: FastifyRequest, reply: FastifyReply) => {
    pinToIssuer(request, deps.issuer)
    const provider = deps.current()
    const ctx = provider.createContext(request.raw, reply.raw)
    return { provider, ctx, session: await provider.Session.get(ctx) }
  }
  /** The session of a browser, and whether it has shown all that its account asks for. */
  async function read(request: FastifyRequest, reply: FastifyReply) {
    const { session } = await open(request, reply)
    const { accountId, uid, loginTs, amr = ['pwd'] } = session
    if (accountId === undefined || loginTs === undefined) return undefined
    if ((session as { unasked?: boolean }).unasked === true) return undefined
    const generation = generationOf(session)
    const found = await deps.findLive(accountId, generation)
    if (found === undefined) return undefined
    const byHook = (session as { asksFactor?: boolean }).asksFactor === true
    const account = byHook ? { ...found, secondFactorRequired: true } : found
    const impersonation = impersonationOf(session)
    if (impersonation && !(await deps.impersonationCounts(accountId, impersonation))) return undefined
    // Nothing is missing that its person would have to show: they are not there.
    const missing = impersonation ? undefined : deps.gate.missing(amr, account)
    const verifiedAt = verifiedAtOf(session)
    const first = missing === 'set-up' || deps.gate.needed(account) === undefined
    const freshAt = first ? loginTs : Math.min(loginTs, verifiedAt ?? 0)
    const told = { accountId, generation, uid, loginTs, amr, freshAt, verifiedAt, impersonation }
    return { session: told, missing, byHook }
  }
  /** Saves a session that signs in, and gives the browser its cookie. */
  async function save(opened: Awaited<ReturnType<typeof open>>, session: Session) {
    await session.save(withinImpersonation(deps.lifetimes.sessionTtl, session))
    if (!isCurrent(session)) return false
    give(opened, session.jti)
    return true
  }
  function give({ provider, ctx }: Awaited<ReturnType<typeof open>>, id: string) {
    ctx.cookies.secure = secure
    ctx.cookies.set(provider.cookieName('session'), id, {
      httpOnly: true,
      sameSite: 'lax',
      signed: true,
      overwrite: true,
      path: '/',
      expires: new Date((epochSeconds(Date.now) + deps.lifetimes.sessionTtl) * 1000),
    })
  }
  return {
    async current(request, reply) {
      const found = await read(request, reply)
      return found && found.missing === undefined ? found.session : undefined
    },
    async incomplete(request, reply) {
      const found = await read(request, reply)
      if (found?.missing === undefined) return undefined
      const old = epochSeconds(Date.now) - found.session.loginTs > FIRST_STEP_TTL
      return old ? undefined : { ...found.session, missing: found.missing, byHook: found.byHook }
    },
    async verify(request, reply, { accountId, uid, amr }) {
      const opened = await open(request, reply)
      const { session } = opened
      if (session.accountId !== accountId || session.uid !== uid || impersonationOf(session)) return undefined
      const generation = generationOf(session)
      if ((await deps.findLive(accountId, generation)) === undefined) return undefined
      session.resetIdentifier()
      const methods = addMethods(session.amr ?? ['pwd'], amr)
      Object.assign(session, { amr: methods, acr: acrOf(methods), verifiedAt: epochSeconds(Date.now) })
      return (await save(opened, session)) ? { generation, amr: methods } : undefined
    },
    async start(request, reply, { accountId, generation, amr, upstream, at, verifiedAt, asksFactor }) {
      const opened = await open(request, reply)
      let { session } = opened
      if (isAnother(session, { accountId, generation }) || impersonationOf(session)) {
        await session.destroy()
        session = new opened.provider.Session()
      } else {
        session.resetIdentifier()
      }
      session.loginAccount({ accountId, amr, loginTs: at ?? epochSeconds(Date.now) })
      Object.assign(session, {
        ...{ device: deviceOf(request.raw), upstream, generation, verifiedAt },
        ...{ asksFactor, unasked: undefined },
      })
      if (await save(opened, session)) await deps.upstreamSessions.remember(accountId, upstream)
    },
    async impersonate(request, reply, { accountId, generation, impersonation, by }) {
      const opened = await open(request, reply)
      const { session: own, provider } = opened
      const session = new provider.Session()
      session.loginAccount({ accountId, amr: by.amr, loginTs: by.loginTs })
      const device = { userAgent: deviceOf(request.raw).userAgent, address: '' }
      Object.assign(session, { device, generation, verifiedAt: by.verifiedAt, impersonation })
      await save(opened, session)
      return own.jti
    },
    async endImpersonation(request, reply, own) {
      const opened = await open(request, reply)
      const { provider, session } = opened
      const { accountId } = session
      const impersonation = impersonationOf(session)
      if (accountId !== undefined && impersonation === undefined) return { ended: undefined, back: false }
      if (impersonation) await endSession(provider, session)
      give(opened, own)
      return { ended: impersonation && accountId ? { accountId, impersonation } : undefined, back: true }
    },
    async end(request, reply) {
      const { provider, ctx, session } = await open(request, reply)
      await endSession(provider, session)
      ctx.cookies.secure = secure
      const attributes = { httpOnly: true, sameSite: 'lax', signed: true, path: '/' } as const
      ctx.cookies.set(provider.cookieName('session'), null, attributes)
    },
    async endUpstream(accountId, { except, ...which }) {
      const provider = deps.current()
      let ended = 0
      for (const { payload } of await deps.artifacts.listByAccount('Session', accountId)) {
        const { uid, upstream } = payload as { uid?: string; upstream?: UpstreamSession }
        if (uid === undefined || uid === except || !endsWith(upstream, which)) continue
        const session = await provider.Session.findByUid(uid)
        if (session) await tellApps(provider, session)
        await deps.artifacts.revokeSession(accountId, uid)
        ended++
      }
      return ended
    },
    findByUpstream: deps.upstreamSessions.accountOf,
  }
}

/** Whether a session is of another account, or of a generation that has passed: nothing of it may live on, not even its uid. */
export const isAnother = (
  session: Pick<Session, 'accountId'>,
  { accountId, generation }: { accountId: string } & Generation,
): boolean =>
  session.accountId !== undefined && (session.accountId !== accountId || generationOf(session) !== generation)
