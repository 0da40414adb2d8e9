import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Accounts } from '../../accounts/accounts.ts'
import { formPage } from '../../http/forms/page.ts'
import { isSafeMethod } from '../../http/forms/same-origin.ts'
import type { Http } from '../../http/http.ts'
import type { Pages } from '../../http/pages/pages.ts'
import { renderView } from '../../http/pages/views.ts'
import type { AuditedSessions } from '../../oidc/sessions/audited.ts'
import { satisfies } from '../../shared/acr.ts'
import { type Authority, may, setAuthority } from '../../shared/administration/authority.ts'
import type { Limit, Permission } from '../../shared/administration/permissions.ts'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { described } from '../../shared/locales/described.ts'
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

/** The places of the console, in the order of its navigation; those of a group stand together. */
export const SECTIONS = [
  { group: '', id: 'dashboard', label: 'Overview', href: '/admin', needs: 'overview.read' },
  {
    group: 'People',
    id: 'users',
    label: 'Users',
    href: '/admin/users',
    needs: 'user.read',
    within: 'organization',
  },
  { group: 'People', id: 'groups', label: 'Groups', href: '/admin/groups', needs: 'group.read' },
  { group: 'People', id: 'roles', label: 'Roles', href: '/admin/roles', needs: 'role.read' },
  {
    group: 'People',
    id: 'organizations',
    label: 'Organizations',
    href: '/admin/organizations',
    needs: 'organization.read',
    within: 'organization',
  },
  {
    group: 'People',
    id: 'attributes',
    label: 'Attributes',
    href: '/admin/attributes',
    needs: 'attribute.read',
  },
  { group: 'People', id: 'scim', label: 'Provisioning', href: '/admin/scim', needs: 'scim_token.read' },
  {
    group: 'Apps',
    id: 'clients',
    label: 'Clients',
    href: '/admin/clients',
    needs: 'client.read',
    within: 'clients',
  },
  { group: 'Apps', id: 'resources', label: 'APIs', href: '/admin/resources', needs: 'resource.read' },
  { group: 'Apps', id: 'claims', label: 'Claims', href: '/admin/claims', needs: 'claim.read' },
  {
    group: 'Apps',
    id: 'registration',
    label: 'Registration',
    href: '/admin/registration',
    needs: 'registration_token.read',
  },
  {
    group: 'Apps',
    id: 'rejections',
    label: 'Refused requests',
    href: '/admin/rejections',
    needs: 'rejection.read',
  },
  {
    group: 'Sign-in',
    id: 'providers',
    label: 'Sign-in providers',
    href: '/admin/providers',
    needs: 'provider.read',
  },
  { group: 'Sign-in', id: 'hooks', label: 'Hooks', href: '/admin/hooks', needs: 'hook.read' },
  {
    group: 'Security',
    id: 'administrator_roles',
    label: 'Administrator roles',
    href: '/admin/administrator-roles',
    needs: 'administrator_role.read',
  },
  { group: 'Security', id: 'keys', label: 'Keys', href: '/admin/keys', needs: 'key.read' },
  { group: 'Security', id: 'audit', label: 'Audit log', href: '/admin/audit', needs: 'audit.read' },
  { group: 'Server', id: 'webhooks', label: 'Webhooks', href: '/admin/webhooks', needs: 'webhook.read' },
  {
    group: 'Server',
    id: 'configuration',
    label: 'Configuration',
    href: '/admin/configuration',
    needs: 'configuration.read',
  },
  { group: 'Server', id: 'branding', label: 'Branding', href: '/admin/branding', needs: 'branding.read' },
  { group: 'Server', id: 'languages', label: 'Languages', href: '/admin/languages', needs: 'texts.read' },
  { group: 'Server', id: 'settings', label: 'Settings', href: '/admin/settings', needs: 'settings.read' },
] as const satisfies readonly {
  group: string
  id: string
  label: string
  href: string
  /** The permission that shows it. */
  needs: Permission
  /** Roles with this limit see it, as far as they reach. */
  within?: Limit
}[]

/** A place of the navigation, or the search, which stands above it. */
export type Section = (typeof SECTIONS)[number]['id'] | 'search'

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

/** What every page of the console shows around its own. */
export interface ConsoleFrame {
  /** What the place is called, the title of its first page. */
  label: string
  groups: { label: string; sections: { label: string; href: string; current: boolean }[] }[]
  /** Whether it has a field for a search: the page of the search has its own. */
  search: boolean
  /** The place that a page is in, on pages below its first. */
  place?: { label: string; href: string } | undefined
  administrator: {
    username: string
    /** What they are, where they are no administrator of everything. */
    role: string | undefined
    /** Whether their role has no limit. */
    everywhere: boolean
  }
  /** What was just done. */
  notice?: string | undefined
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
const addressOf = (request: FastifyRequest): string =>
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
  const { username, role, authority } = administratorOf(request)
  const frame: ConsoleFrame = {
    label: sectionLabel(section),
    groups: groupsOf(section, authority),
    search: section !== 'search',
    place: placeOf(request, section),
    administrator: {
      username,
      role:
        role === 'admin'
          ? undefined
          : t(role === 'auditor' ? 'admin.users.tag.auditor' : 'admin.frame.role.limited'),
      everywhere: authority.scope === undefined,
    },
    notice: options.notice,
  }
  return renderView(reply, page, { ...data, frame }, options.status)
}

/** The permission that shows a place, and what that keeps to. */
const isOpen = (authority: Authority, { needs, within }: { needs: Permission; within?: Limit }): boolean =>
  may(authority, needs, within)

/** Whether a place shows anything to an authority. */
export const isPlaceOpen = (authority: Authority, section: Section): boolean =>
  SECTIONS.some((each) => each.id === section && isOpen(authority, each))

/** The navigation, by its groups. */
const groupsOf = (current: Section, authority: Authority): ConsoleFrame['groups'] =>
  [
    ...Map.groupBy(
      SECTIONS.filter((each) => isOpen(authority, each)),
      ({ group }) => group,
    ),
  ].map(([group, sections]) => ({
    label: group && described(`admin.frame.group.${group.toLowerCase()}`, group),
    sections: sections.map((each) => ({
      label: labelOf(each),
      href: each.href,
      current: each.id === current,
    })),
  }))

/** What a place is called, in the language of the console. */
const labelOf = ({ id, label }: { id: string; label: string }): string =>
  described(`admin.frame.section.${id}`, label)

/** What a place or the search is called. */
export function sectionLabel(section: Section): string {
  const place = SECTIONS.find(({ id }) => id === section)
  return place === undefined ? t('admin.common.search') : labelOf(place)
}

/** The texts of the navigation, for the check of catalogues. */
export const describedSections = (): Record<string, string> =>
  Object.fromEntries(
    SECTIONS.flatMap(({ id, label, group }) => [
      [`admin.frame.section.${id}`, label],
      ...(group ? [[`admin.frame.group.${group.toLowerCase()}`, group]] : []),
    ]),
  )

function placeOf(request: FastifyRequest, section: Section): ConsoleFrame['place'] {
  const place = SECTIONS.find(({ id }) => id === section)
  const [path] = addressOf(request).split('?', 1)
  return place === undefined || place.href === path ? undefined : { label: labelOf(place), href: place.href }
}
