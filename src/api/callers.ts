import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Account } from '../accounts/account.ts'
import { isSafeMethod } from '../http/forms/same-origin.ts'
import { countNow, giveBack, nameAccount } from '../http/rate-limits/rate-limits.ts'
import { satisfies } from '../shared/acr.ts'
import { setActor } from '../shared/audit-context.ts'
import { AppError } from '../shared/errors.ts'
import { hashId } from '../shared/id-hash.ts'
import { requiredAcr, secondFactorRequired } from '../shared/second-factor-rule.ts'
import { type BasicCredentials, parseBasic, requireSecureTransport } from './basic.ts'
import type { ApiDependencies } from './dependencies.ts'
import { createKnownPasswords } from './known-passwords.ts'
import {
  appPasswordRequired,
  invalidCredentials,
  leavingAccount,
  providerRequired,
  unverifiedAccount,
} from './problems.ts'

/** Who a request comes from, and how it showed that. */
export type Caller = { account: Account } & (
  | { by: 'password' }
  | { by: 'app_password'; appPassword: string }
  | { by: 'token'; grantId: string; freshAt: number | undefined; amr: readonly string[] | undefined }
  | { by: 'session'; uid: string; freshAt: number; amr: readonly string[] }
)

/** What a route asks of its caller beyond being known. */
export interface CallerRules {
  /** Takes callers whose address is not proven yet. */
  unverified?: true
  /** Also takes a request without credentials: the route itself looks for them, where it needs them. */
  optional?: true
  /** Changes nothing, so that tokens of other first-party clients are enough. */
  read?: true
  /** Sets up or lists second factors: it is open to who has to have one, has none, and can show nothing else before. */
  enrolls?: true
  /** Takes a password of HTTP Basic only, an app password too: neither a token nor a session. */
  password?: true
}

declare module 'fastify' {
  interface FastifyContextConfig {
    caller?: CallerRules
  }
}

export type Identify = (request: FastifyRequest, reply: FastifyReply, rules: CallerRules) => Promise<Caller>

const callers = new WeakMap<FastifyRequest, Caller>()

/** The caller of a route behind `requireCaller`. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (caller === undefined) throw new Error(`${request.routeOptions.url} has no caller`)
  return caller
}

/**
 * The hook in front of every route that needs a caller. It runs after the rate limits by address and before the body is
 * read.
 */
export const requireCaller =
  (identify: Identify) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const caller = await identify(request, reply, request.routeOptions.config.caller ?? {})
    callers.set(request, caller)
    const { id, displayUsername: name } = caller.account
    setActor({ kind: 'account', id, name })
  }

/**
 * The hook behind the body of every request that changes something: a body may take long to come, and what has ended until then (a
 * session, a token, every sign-in by a new password) ends the request too. A password is not checked a second time; its sign-ins are.
 */
export const requireSameCaller =
  (identify: Identify, { findLive }: Pick<ApiDependencies, 'findLive'>) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const before = callers.get(request)
    if (before === undefined || isSafeMethod(request.method)) return
    const { id, generation } = before.account
    const account = await findLive(id, generation)
    if (!account) throw invalidCredentials(request, reply, 'the sign-in has ended since')
    const caller =
      before.by === 'password'
        ? { ...before, account }
        : await identify(request, reply, request.routeOptions.config.caller ?? {})
    if (caller.account.id !== id) throw invalidCredentials(request, reply, 'the caller has changed since')
    callers.set(request, caller)
  }

/** No account has this name: what is checked under it costs what every check costs. */
const NOBODY = ' '
const MAX_IDENTIFIER = 320
const MAX_PASSWORD = 1024

/**
 * Finds out who a request comes from: a bearer token, HTTP Basic with a password or an app password, HTTP Basic with a token as the
 * user name, or the browser's sign-in session. An Authorization header decides alone; a cookie counts only without one.
 */
export function createIdentify(deps: ApiDependencies): Identify {
  const { accounts, limit, firstPartyTokens, sessions } = deps
  const known = createKnownPasswords({ accounts, clock: deps.clock })
  const signInLimit = limit('signIn', null)

  async function byToken(request: FastifyRequest, reply: FastifyReply, value: string, rules: CallerRules) {
    const token = await firstPartyTokens.accept(value)
    const account = token && (token.account ?? (await deps.findLive(token.accountId, token.generation)))
    if (!token || !account) throw invalidCredentials(request, reply, 'no such token', 'invalid_token')
    if (token.access !== 'full' && !(token.access === 'read' && rules.read)) throw insufficientScope(reply)
    if (token.access === 'full') {
      const use = { accountId: account.id, kind: 'api', subject: hashId(token.grantId) } as const
      deps.lastUses.note({ ...use, address: request.ip }, token.issuedAt * 1000)
    }
    const { grantId, signedInAt: freshAt, amr } = token
    return { account, by: 'token', grantId, freshAt, amr } as const
  }

  /** Undefined: what was sent is no app password of the account that was named, and may be its password. */
  async function byAppPassword({ user, password }: BasicCredentials): Promise<Caller | undefined> {
    const found = await deps.factors.appPasswords.find(password)
    const account = found && (await accounts.find(user))
    if (!found || account?.id !== found.accountId) return undefined
    return { account, by: 'app_password', appPassword: found.id }
  }

  const hasFactor = async (user: string): Promise<boolean> =>
    ((await accounts.find(user))?.secondFactors.length ?? 0) > 0

  async function byBasic(request: FastifyRequest, reply: FastifyReply, header: string, rules: CallerRules) {
    requireSecureTransport(request)
    const given = parseBasic(header)
    if (!given || given.user.length > MAX_IDENTIFIER || given.password.length > MAX_PASSWORD)
      throw invalidCredentials(request, reply, 'malformed Basic credentials')
    if (given.password === '') return byToken(request, reply, given.user, rules)
    nameAccount(request, given.user)
    const byApp = await byAppPassword(given)
    if (byApp) return byApp
    // A script that goes on with an app password that has ended must not lock its owner out: it is no guess at their password.
    const ended = deps.factors.appPasswords.hasForm(given.password) && (await hasFactor(given.user))
    const outcome = await known.verify({
      identifier: ended ? NOBODY : given.user,
      password: given.password,
      address: request.ip,
      count: () => countNow(signInLimit, request, reply),
    })
    if (outcome.kind === 'refused') throw invalidCredentials(request, reply, outcome.reason)
    if (outcome.kind === 'at_provider') throw providerRequired(outcome.provider)
    if (outcome.kind === 'leaving') throw leavingAccount(outcome.leaving.deletionAt)
    if (outcome.account.secondFactors.length > 0) throw appPasswordRequired(request, reply)
    await giveBack(request)
    const { account } = outcome
    const signIn = { account: async () => account, amr: ['pwd'], address: request.ip }
    if ((await deps.admitSignIn(signIn)).secondFactor) throw secondFactorRequired()
    return { account, by: 'password' } as const
  }

  async function bySession(request: FastifyRequest, reply: FastifyReply) {
    requireJsonForCookies(request)
    const session = (await sessions.current(request, reply)) ?? (await sessions.incomplete(request, reply))
    // Of the same generation: what is changed is changed by this sign-in.
    const account = session && (await deps.findLive(session.accountId, session.generation))
    if (!session || !account) throw invalidCredentials(request, reply, 'no credentials')
    if ('byHook' in session && session.byHook) throw secondFactorRequired()
    // It has not shown what the account has, and is none yet; what it lacks by a rule says requireRule.
    if ('missing' in session && account.secondFactors.length > 0)
      throw invalidCredentials(request, reply, 'a sign-in that waits for its second factor')
    const { uid, freshAt, amr } = session
    return { account, by: 'session', uid, freshAt, amr } as const
  }

  function find(request: FastifyRequest, reply: FastifyReply, rules: CallerRules): Promise<Caller> {
    const { authorization } = request.headers
    if (authorization === undefined) return bySession(request, reply)
    if (/^basic(\s|$)/i.test(authorization)) return byBasic(request, reply, authorization, rules)
    const token = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1]
    if (token !== undefined) return byToken(request, reply, token, rules)
    throw invalidCredentials(request, reply, 'an Authorization header that is neither Basic nor Bearer')
  }

  /**
   * Who has to have a second factor does nothing else before; and sets none up by the password alone, where a code by email can be
   * shown first.
   */
  function requireRule(caller: Caller, rules: CallerRules): void {
    const { account } = caller
    const amr = 'amr' in caller ? caller.amr : ['pwd']
    const waits = account.secondFactors.length === 0 && deps.gate.missing(amr, account) === 'verification'
    if (rules.enrolls && !waits) return
    const required = requiredAcr(deps.secondFactor(), account)
    if (required === undefined || account.email === null) return
    // An app password stands for an account that has one.
    if (caller.by === 'app_password' || (caller.by !== 'password' && satisfies(caller.amr, required))) return
    throw secondFactorRequired()
  }

  return async (request, reply, rules) => {
    const caller = await find(request, reply, rules)
    if (rules.password && caller.by !== 'password' && caller.by !== 'app_password')
      throw invalidCredentials(request, reply, `a password is needed, and a ${caller.by} was sent`)
    if (caller.account.email === null && !rules.unverified) throw unverifiedAccount()
    requireRule(caller, rules)
    return caller
  }
}

/**
 * Other sites can make a browser send its cookies, but no JSON without asking first (Fetch §4.8, CORS preflight), and
 * this API answers no such question.
 * @throws AppError json_required, 415
 */
export function requireJsonForCookies(request: FastifyRequest): void {
  if (isSafeMethod(request.method)) return
  if (/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) return
  if (request.headers.cookie === undefined) return
  throw new AppError('json_required', 415, 'Send “Content-Type: application/json” with requests by cookie.')
}

function insufficientScope(reply: FastifyReply): AppError {
  const scope = 'openid profile email'
  reply.header('www-authenticate', `Bearer realm="Latchkey", error="insufficient_scope", scope="${scope}"`)
  return new AppError(
    'insufficient_scope',
    403,
    'This token may not do that. Apps read claims from the userinfo endpoint; this API takes the tokens it gave out.',
  )
}
