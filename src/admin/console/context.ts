import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Accounts } from '../../accounts/accounts.ts'
import { formPage } from '../../http/forms/page.ts'
import { isSafeMethod } from '../../http/forms/same-origin.ts'
import type { Http } from '../../http/http.ts'
import type { Pages } from '../../http/pages/pages.ts'
import { renderView } from '../../http/pages/views.ts'
import type { AuditedSessions } from '../../oidc/sessions/audited.ts'
import { satisfies } from '../../shared/acr.ts'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { hasStrongFactor } from '../../shared/second-factor.ts'
import {
  methodsForAdministration,
  requiredAcr,
  type SecondFactorSetting,
} from '../../shared/second-factor-rule.ts'
import { type AdminRole, allows, needsOfRequest, requireClassified } from '../access.ts'
import { PERMISSIONS, permissionOf } from '../permissions.ts'

/** The places of the console, in the order of its navigation; those of a group stand together. */
export const SECTIONS = [
  { group: '', id: 'dashboard', label: 'Overview', href: '/admin' },
  { group: 'People', id: 'users', label: 'Users', href: '/admin/users' },
  { group: 'People', id: 'groups', label: 'Groups', href: '/admin/groups' },
  { group: 'People', id: 'roles', label: 'Roles', href: '/admin/roles' },
  { group: 'People', id: 'organizations', label: 'Organizations', href: '/admin/organizations' },
  { group: 'People', id: 'attributes', label: 'Attributes', href: '/admin/attributes' },
  { group: 'People', id: 'scim', label: 'Provisioning', href: '/admin/scim' },
  { group: 'Apps', id: 'clients', label: 'Clients', href: '/admin/clients' },
  { group: 'Apps', id: 'resources', label: 'APIs', href: '/admin/resources' },
  { group: 'Apps', id: 'claims', label: 'Claims', href: '/admin/claims' },
  { group: 'Apps', id: 'registration', label: 'Registration', href: '/admin/registration' },
  { group: 'Apps', id: 'rejections', label: 'Refused requests', href: '/admin/rejections' },
  { group: 'Sign-in', id: 'providers', label: 'Sign-in providers', href: '/admin/providers' },
  { group: 'Sign-in', id: 'hooks', label: 'Hooks', href: '/admin/hooks' },
  { group: 'Security', id: 'keys', label: 'Keys', href: '/admin/keys' },
  { group: 'Security', id: 'audit', label: 'Audit log', href: '/admin/audit' },
  { group: 'Server', id: 'webhooks', label: 'Webhooks', href: '/admin/webhooks' },
  { group: 'Server', id: 'configuration', label: 'Configuration', href: '/admin/configuration' },
  { group: 'Server', id: 'branding', label: 'Branding', href: '/admin/branding' },
  { group: 'Server', id: 'languages', label: 'Languages', href: '/admin/languages' },
  { group: 'Server', id: 'settings', label: 'Settings', href: '/admin/settings' },
] as const

/** A place of the navigation, or the search, which stands above it. */
export type Section = (typeof SECTIONS)[number]['id'] | 'search'

/** Who uses the console. */
export interface Administrator {
  id: string
  username: string
  role: AdminRole
  sessionUid: string
  /** Seconds since the epoch. */
  signedInAt: number
}

/** What every page of the console shows around its own. */
export interface ConsoleFrame {
  groups: { label: string; sections: { label: string; href: string; current: boolean }[] }[]
  /** The place that a page is in, on pages below its first. */
  place?: { label: string; href: string } | undefined
  administrator: { username: string; canWrite: boolean }
  /** What was just done. */
  notice?: string | undefined
}

export interface ConsoleDependencies {
  clock: Clock
  issuer: URL
  http: Pick<Http, 'forms' | 'interrupted' | 'limit'>
  sessions: Pick<AuditedSessions, 'current' | 'ownerOf' | 'impersonate'>
  findAccount: Accounts['byId']
  /** Who has to have a second factor. */
  secondFactor(): SecondFactorSetting
  /** Something as the entry of a configuration file, without its secrets. */
  yamlOf(kind: 'client' | 'resource' | 'provider', view: object): string
}

const administrators = new WeakMap<FastifyRequest, Administrator>()

/** Who sent a request that the guard let through. */
export function administratorOf(request: FastifyRequest): Administrator {
  const administrator = administrators.get(request)
  if (administrator === undefined)
    throw new Error(`${request.routeOptions.url} is not behind the guard of the console`)
  return administrator
}

/** The page to come back to after signing in: the address itself, or for a form the page that it stands on. */
const returnTo = (request: FastifyRequest): string =>
  request.method === 'GET' ? request.url : (formPage(request) ?? '/admin')

/**
 * Makes a context one of the console: forms of ours, for administrators and auditors, each route with the role it needs
 * and, for dangerous permissions, a sign-in of the last fifteen minutes.
 * @throws Error at start for a route that does not say what it needs
 */
export async function consoleContext(app: FastifyInstance, deps: ConsoleDependencies): Promise<void> {
  await deps.http.forms(app, deps.sessions.ownerOf)
  requireClassified(app)
  /** Who uses the console, from what counts at this moment; else an answer is given. */
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    const session = await deps.sessions.current(request, reply)
    const account = session && (await deps.findAccount(session.accountId))
    const back = encodeURIComponent(returnTo(request))
    // A form that came without a session is lost, and the sign-in page says so: whose it was cannot be known any more.
    const lost = request.method === 'GET' ? '' : 'ended=1&'
    if (!session || !account) return reply.redirect(`/login?${lost}return_to=${back}`, 303)
    const needs = needsOfRequest(request)
    const { role } = account
    if (role !== 'admin' && role !== 'auditor')
      throw new AppError('forbidden', 403, 'This page is for administrators. Ask one of them if you need it.')
    if (!allows(role, needs))
      throw new AppError('forbidden', 403, 'Auditors look, and do not change anything. Ask an administrator.')
    // Who has a second factor has shown it: the session would not count. The others set one up, and come back; who has
    // shown a code by SMS, from before they administered, signs in again with what is stronger.
    const required = requiredAcr(deps.secondFactor(), account)
    const shown = methodsForAdministration(account.secondFactors, session.amr)
    if (!satisfies(shown, required)) {
      if (hasStrongFactor(account.secondFactors))
        throw new AppError(
          'forbidden',
          403,
          'A code by SMS is not enough to administer. Sign out, and sign in again with your passkey or authenticator app.',
        )
      return reply.redirect(`/login/set-up?needs=strong&return_to=${back}`, 303)
    }
    administrators.set(request, {
      signedInAt: session.freshAt,
      id: account.id,
      username: account.displayUsername,
      role,
      sessionUid: session.uid,
    })
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
    const permission = permissionOf(admin)
    if (
      permission === undefined ||
      PERMISSIONS[permission].needs !== 'dangerous' ||
      isFresh(deps.clock, signedInAt)
    )
      return undefined
    const { id } = request.params as { id?: string }
    const isUser = permission.startsWith('user.') && /^[\w-]{1,100}$/.test(id ?? '')
    const person = isUser ? await deps.findAccount(id ?? '') : undefined
    const target = person?.displayUsername ?? id?.slice(0, 100)
    const words =
      target === undefined ? PERMISSIONS[permission].words : `${PERMISSIONS[permission].words} (${target})`
    return reply.redirect(await deps.http.interrupted.ask(request, { accountId, uid }, words), 303)
  })
}

/** The pages whose data has a frame. */
type ConsolePage = {
  [Name in keyof Pages]: Pages[Name] extends { frame: ConsoleFrame } ? Name : never
}[keyof Pages]

/**
 * Renders a page of the console in its frame.
 * @param options.notice what was just done @param options.status 200 unless given
 */
export function renderConsole<Name extends ConsolePage>(
  request: FastifyRequest,
  reply: FastifyReply,
  section: Section,
  page: Name,
  data: Omit<Pages[Name], 'frame'>,
  options: { notice?: string | undefined; status?: number } = {},
): FastifyReply {
  const { username, role } = administratorOf(request)
  const frame: ConsoleFrame = {
    groups: groupsOf(section),
    place: placeOf(request, section),
    administrator: { username, canWrite: allows(role, 'write') },
    notice: options.notice,
  }
  return renderView(reply, page, { ...data, frame }, options.status)
}

/** The navigation, by its groups. */
const groupsOf = (current: Section): ConsoleFrame['groups'] =>
  [...Map.groupBy(SECTIONS, ({ group }) => group)].map(([label, sections]) => ({
    label,
    sections: sections.map(({ id, label, href }) => ({ label, href, current: id === current })),
  }))

function placeOf(request: FastifyRequest, section: Section): ConsoleFrame['place'] {
  const place = SECTIONS.find(({ id }) => id === section)
  const [path] = request.url.split('?', 1)
  return place === undefined || place.href === path ? undefined : { label: place.label, href: place.href }
}
