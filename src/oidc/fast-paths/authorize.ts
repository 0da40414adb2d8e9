import type { Client, interactionPolicy, KoaContextWithOIDC, Provider, Session } from 'oidc-provider'
import { cookieName } from '../../http/cookies/cookies.ts'
import { SUPPORT } from '../../http/cookies/support-cookie.ts'
import type { BeforeHooks } from '../../shared/before-hook.ts'
import { refuseUnprotected } from '../authorization/pkce.ts'
import { leftOutOf } from '../placement/left-out.ts'
import type { Deciding } from '../provider/build.ts'
import { runInContext } from '../provider/context.ts'
import { pinToIssuer } from '../provider/mount.ts'
import { handAlong } from '../provider/request.ts'
import type { routes } from '../provider/routes.ts'
import { beginUnit } from '../provider/unit-of-work.ts'
import { needsCookie } from '../sessions/merge.ts'
import { createSessionCookie } from '../sessions/session-cookie.ts'
import { isPlainClient, isPlainNavigation, plainParameters } from './authorization-request.ts'
import { codeOf, redirectTo } from './authorization-response.ts'
import { contextOf } from './context.ts'
import type { FastPath } from './fast-path.ts'

/*
 * The plain case of the authorization endpoint (RFC 6749 §4.1.1): a browser with a session, an app that the person has allowed what it asks for, and
 * nothing to ask them. It writes what the library would: the code and the session, at once.
 *
 *   parameters, cookie, client ─► session, account, Grant ─► rules ─► code and session: commit ─► redirect
 */

/** Of the endpoint, in the library and in `routes`. */
const NAME = 'authorization' satisfies keyof typeof routes

/** The fields of a plain session. Another one stands for a rule that is not asked below, or is of another kind of session. */
const OF_SESSIONS = new Set(
  'accountId acr amr asFound authorizations device exp generation iat jti kind loginTs signIns state uid upstream verifiedAt'.split(
    ' ',
  ),
)

const isPlainSession = (session: Session): boolean =>
  Object.entries(session).every(([name, value]) => value === undefined || OF_SESSIONS.has(name))

export function authorizePath(deps: {
  issuer: string
  current(): Provider
  hooks: Pick<BeforeHooks, 'asked'>
  targets: Deciding
}): FastPath {
  const { issuer, targets } = deps
  const { rules } = targets
  const secure = issuer.startsWith('https:')
  const cookie = createSessionCookie(targets.cookieSigner, deps.current().cookieName('session'), secure)
  const support = `${cookieName(SUPPORT, secure)}=`
  const checkProtection = refuseUnprotected(targets.pkceLine)

  /** What a request is for, as the library finds it out. @throws what is wrong with it @returns whether all of it goes on */
  async function place(ctx: KoaContextWithOIDC, client: Client): Promise<boolean> {
    const { params = {}, provider, resourceServers = {} } = ctx.oidc
    const allowed = client.scope?.split(' ')
    if (allowed && ![...ctx.oidc.requestParamOIDCScopes].every((scope) => allowed.includes(scope)))
      return false
    const found = await targets.defaultResource(ctx, client)
    params.resource = found
    const apis = [found ?? []].flat()
    if (apis.length === 0) params.scope = [...ctx.oidc.requestParamOIDCScopes].join(' ')
    for (const api of apis)
      resourceServers[api] = new provider.ResourceServer(
        api,
        await targets.getResourceServerInfo(ctx, api, client),
      )
    await targets.checkNamedResource(ctx, undefined, client)
    // What is left out is reported.
    return leftOutOf(ctx).length === 0
  }

  /** The session of a browser, with person and Grant, where nothing has to be asked. */
  async function findSession(
    ctx: KoaContextWithOIDC,
    client: Client,
    id: string,
  ): Promise<Session | undefined> {
    const { oidc } = ctx
    const session = await oidc.provider.Session.find(id)
    if (session?.accountId === undefined || !isPlainSession(session)) return undefined
    Object.assign(oidc, { session })
    oidc.entity('Session', session)
    if (!(await place(ctx, client))) return undefined
    const account = await targets.findAccount(ctx, session.accountId)
    if (account === undefined) return undefined
    oidc.entity('Account', account)
    const grant = await rules.loadExistingGrant(ctx)
    const { accountId } = session
    if (grant?.accountId !== accountId || grant.clientId !== client.clientId) return undefined
    session.ensureClientContainer(client.clientId)
    session.grantIdFor(client.clientId, grant.jti)
    oidc.entity('Grant', grant)
    return (await asksNothing(rules.policy, ctx)) ? session : undefined
  }

  return async (request) => {
    const { raw, headers, method } = request
    if (method !== 'GET' || !isPlainNavigation(headers)) return undefined
    const parameters = plainParameters(raw.url ?? '')
    // While an administrator is signed in as another person, a hook of pages looks after the cookie that says so.
    if (parameters === undefined || headers.cookie?.includes(support)) return undefined
    const id = cookie.read(headers.cookie)
    if (id === undefined) return undefined
    const provider = deps.current()
    const client = await provider.Client.find(parameters.client_id)
    if (client === undefined || !isPlainClient(client, parameters)) return undefined
    if (deps.hooks.asked('sign_in', client.clientId)) return undefined
    const ctx = contextOf(provider, NAME, raw, client, { ...parameters })
    checkProtection(ctx, client)
    return runInContext(ctx, async () => {
      beginUnit(ctx)
      const session = await findSession(ctx, client, id)
      const code = session && codeOf(ctx, session, rules)
      if (session === undefined || code === undefined) return undefined
      provider.emit('authorization.accepted', ctx)
      ctx.oidc.entity('AuthorizationCode', code)
      const value = await code.save()
      await session.save(rules.sessionTtl(session))
      const { redirect_uri, state } = parameters
      const out = { code: value, ...(state !== undefined && { state }), iss: issuer }
      // As of a request that the library was handed: listeners read it.
      pinToIssuer(request, issuer)
      handAlong(request)
      provider.emit('authorization.success', ctx, out)
      const { location, body } = redirectTo(redirect_uri, out)
      // None where another request has given the browser a newer id since, whose session the code is good for, or has ended it, and the code with it.
      const cookies = needsCookie(session) ? cookie.written(session.jti, session.exp) : []
      return {
        status: 303,
        headers: [...HEADERS, ...cookies.flatMap((line) => ['set-cookie', line]), ...['location', location]],
        body,
      }
    })
  }
}

const HEADERS = ['cache-control', 'no-store', 'content-type', 'text/html; charset=utf-8'] as const

/** Whether no check of the policy has anything to ask the person. */
async function asksNothing(
  policy: interactionPolicy.DefaultPolicy,
  ctx: KoaContextWithOIDC,
): Promise<boolean> {
  for (const { checks } of policy)
    for (const { check } of checks) {
      const asks = check(ctx)
      // Most say it at once.
      if (typeof asks === 'boolean' ? asks : await asks) return false
    }
  return true
}
