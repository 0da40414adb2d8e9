import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Accounts } from '../../accounts/accounts.ts'
import { formPage } from '../../http/forms/page.ts'
import { isSafeMethod } from '../../http/forms/same-origin.ts'
import type { Http } from '../../http/http.ts'
import type { AuditedSessions } from '../../oidc/sessions/audited.ts'
import { satisfies } from '../../shared/acr.ts'
import { type Authority, setAuthority } from '../../shared/administration/authority.ts'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { hasStrongFactor } from '../../shared/second-factor.ts'
import {
  methodsForAdministration,
  requiredAcr,
  type SecondFactorSetting,
} from '../../shared/second-factor-rule.ts'
import { needsOfRequest, opens, refusalFor, requireClassified, requireReach } from '../access.ts'
import { permissionWords } from './permission-words.ts'
import { createReachable } from './reachable.ts'
import { isOpen, SECTIONS } from './sections.ts'

/** Who uses the console. */
export interface Administrator {
  id: string
  username: string
  role: string
  authority: Authority
  sessionUid: string
  /** Seconds since the epoch. */
  signedInAt: number
}

declare module 'fastify' {
  interface FastifyReply {
    /** What every view of this answer has beside its data (@fastify/view). */
    locals: object | null
  }
}

export interface ConsoleDependencies {
  clock: Clock
  issuer: URL
  http: Pick<Http, 'forms' | 'interrupted' | 'language' | 'limit'>
  sessions: Pick<AuditedSessions, 'current' | 'ownerOf' | 'impersonate'>
  findAccount: Accounts['byId']
  /** Whether an account is a member of an organization. */
  isMember(organizationId: string, accountId: string): Promise<boolean>
  /** What a role comes to now. */
  authorityOf(role: string): Promise<Authority>
  /** Who has to have a second factor. */
  secondFactor(): SecondFactorSetting
  /** Something as the entry of a configuration file, without its secrets. */
  yamlOf(kind: 'client' | 'resource' | 'provider', view: object): Promise<string>
}

const administrators = new WeakMap<FastifyRequest, Administrator>()

/** Who sent a request that the guard let through. */
export function administratorOf(request: FastifyRequest): Administrator {
  const administrator = administrators.get(request)
  if (administrator === undefined)
    throw new Error(`${request.routeOptions.url} is not behind the guard of the console`)
  return administrator
}

/** The address of a page: its own, or for a form that of the page that it stands on. */
export const addressOf = (request: FastifyRequest): string =>
  request.method === 'GET' ? request.url : (formPage(request) ?? '/admin')

/**
 * Makes a context one of the console: forms of ours, for people with a role, each route with the permission it needs
 * and, for dangerous permissions, a sign-in of the last fifteen minutes.
 * @throws Error at start for a route that does not say what it needs
 */
export async function consoleContext(app: FastifyInstance, deps: ConsoleDependencies): Promise<void> {
  await deps.http.forms(app, deps.sessions.ownerOf)
  requireClassified(app)
  const reaches = createReachable(app)
  /** Who uses the console, from what counts at this moment; else an answer is given. */
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    const session = await deps.sessions.current(request, reply)
    const account = session && (await deps.findAccount(session.accountId))
    const back = encodeURIComponent(addressOf(request))
    // A form that came without a session is lost, and the sign-in page says so: whose it was cannot be known any more.
    const lost = request.method === 'GET' ? '' : 'ended=1&'
    if (!session || !account) return reply.redirect(`/login?${lost}return_to=${back}`, 303)
    const { role } = account
    const authority = await deps.authorityOf(role)
    if (!opens(authority, request)) {
      // The overview is where everybody comes to: who may not see it goes to the first place that is theirs.
      const place = request.url === '/admin' && SECTIONS.find((each) => isOpen(authority, each))
      if (!place) {
        if (role === 'user') deps.http.language.ofPersonRefused(request, account.locale)
        throw new AppError('forbidden', 403, refusalFor(role))
      }
      return reply.redirect(place.href, 303)
    }
    await requireReach(authority, request, deps.isMember)
    // Who has a second factor has shown it: the session would not count. The others set one up, and come back; who has
    // shown a code by SMS, from before they administered, signs in again with what is stronger.
    const required = requiredAcr(deps.secondFactor(), account)
    const shown = methodsForAdministration(account.secondFactors, session.amr)
    if (!satisfies(shown, required)) {
      if (hasStrongFactor(account.secondFactors))
        throw new AppError('forbidden', 403, message('admin.common.sms_not_enough'))
      return reply.redirect(`/login/set-up?needs=strong&return_to=${back}`, 303)
    }
    setAuthority(authority)
    administrators.set(request, {
      authority,
      signedInAt: session.freshAt,
      id: account.id,
      username: account.displayUsername,
      role,
      sessionUid: session.uid,
    })
    reply.locals = {
      ...reply.locals,
      mayPost: (action: string) => reaches(authority, 'POST', action),
      mayOpen: (href: string) => reaches(authority, 'GET', href),
    }
    return undefined
  }
  app.addHook('onRequest', admit)
  // A form may take long to come: what has ended until then, a session or a role, ends it too.
  app.addHook('preHandler', async (request, reply) =>
    isSafeMethod(request.method) ? undefined : admit(request, reply),
  )
  // Behind the check of the form's token: what is put aside was sent by a page of ours.
  app.addHook('preHandler', async (request, reply) => {
    const { id: accountId, sessionUid: uid, signedInAt } = administratorOf(request)
    const { admin } = request.routeOptions.config
    if (
      admin === undefined ||
      admin === 'any' ||
      needsOfRequest(request) !== 'dangerous' ||
      isFresh(deps.clock, signedInAt)
    )
      return undefined
    const permission = admin
    const { id } = request.params as { id?: string }
    const isUser = permission.startsWith('user.') && /^[\w-]{1,100}$/.test(id ?? '')
    const person = isUser ? await deps.findAccount(id ?? '') : undefined
    const target = person?.displayUsername ?? id?.slice(0, 100)
    const words =
      target === undefined
        ? permissionWords(permission)
        : t('admin.permissions.of', { act: permissionWords(permission), target })
    return reply.redirect(await deps.http.interrupted.ask(request, { accountId, uid }, words), 303)
  })
}
