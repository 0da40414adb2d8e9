import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { t } from '../../../shared/locales/texts.ts'
import { withinLimits } from '../../access.ts'
import { personAccess } from '../access/person.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { renderConsole } from '../frame.ts'
import { heldMembership } from '../organizations/form.ts'
import { type AlsoAttributes, attributesSection } from './attributes.ts'
import { factorsSection, type UserFactorsSection } from './factors.ts'
import { historyOf } from './history.ts'
import { lockCauseOf } from './lock-cause.ts'
import { partOf } from './notices.ts'
import { moreFields, nameFields, personValues } from './person-form.ts'
import { givableRoles } from './role-options.ts'
import type { UsersDependencies } from './routes.ts'
import { shownDevices } from './sessions.ts'
import { actionsOf, bannersOf, detailsOf, tagsOf, when } from './view.ts'

/** What a form of the page was refused for, and what the page says. */
export interface AlsoOfUser {
  edit?: Partial<Form>
  attributes?: AlsoAttributes
  remove?: Partial<Form>
  access?: { group?: Partial<Form>; role?: Partial<Form> }
  alert?: string
  notice?: string | undefined
  status?: number
}

const query = z.object({ section: z.string().max(40).catch(''), done: z.string().max(40).catch('') })

/** The parts that the page shows at once: those that the address names, that an act was done in, or that something is to be mended in. */
function openParts(request: FastifyRequest, also: AlsoOfUser, { recovery }: UserFactorsSection): string[] {
  const { section, done } = query.parse(request.query)
  return [
    section,
    partOf(done),
    also.edit && 'edit',
    also.attributes && 'attributes',
    also.access && 'access',
    also.remove && 'delete',
    recovery && 'factors',
  ].filter((each) => each !== undefined)
}

/** The page of one person. */
export function userPage(deps: ConsoleDependencies & UsersDependencies) {
  const { users, clock } = deps

  return async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    user: Account,
    also: AlsoOfUser = {},
  ) {
    const limit = withinLimits.users().organization
    const [ways, devices, apps, history, factors, waiting, access, memberships] = await Promise.all([
      users.signInMethods(user.id),
      limit === undefined ? users.devices(user.id) : [],
      // Who looks after one organization is not told what else a person does.
      limit === undefined ? users.apps(user.id) : [],
      limit === undefined ? historyOf(deps, user.id) : [],
      deps.factors.list(user.id),
      deps.factors.recovery.waiting(user),
      personAccess(deps, user.id, also.access),
      deps.organizations.members.ofAccount(user.id),
    ])
    const base = `/admin/users/${user.id}`
    const isLocked = user.lockedUntil !== null && user.lockedUntil > clock()
    const shownFactors = factorsSection(user, deps.secondFactor(), factors, waiting)
    const data = {
      title: user.displayUsername,
      details: detailsOf(user),
      tags: tagsOf(user, clock(), deps.administratorRoles.nameOf),
      alert: also.alert,
      edit: {
        action: `${base}/edit`,
        version: String(user.updatedAt),
        values: {
          ...personValues(user),
          email: user.pendingEmail ?? user.email ?? '',
          role: user.role,
        },
        ...also.edit,
      },
      attributes: attributesSection(deps, user, also.attributes),
      names: nameFields(),
      more: moreFields(),
      base,
      banners: bannersOf(user, isLocked ? await lockCauseOf(deps, user.id) : undefined),
      actions: actionsOf(user),
      roles:
        user.id === administratorOf(request).id ? undefined : await givableRoles(request, deps, user.role),
      impersonate:
        user.id !== administratorOf(request).id && (await deps.impersonations.problemOf(user)) === undefined
          ? `${base}/impersonate`
          : undefined,
      access,
      limited: limit !== undefined,
      organizations: memberships
        .filter(({ id }) => limit === undefined || id === limit)
        .map((each) => heldMembership(user.id, each)),
      factors: shownFactors,
      open: openParts(request, also, shownFactors),
      password: ways.password,
      identities: ways.identities.map(({ provider, label, lastUsedAt }) => ({
        name: provider,
        detail: t(label === null ? 'admin.users.identity.last_used' : 'admin.users.identity.last_used_as', {
          label: label ?? '',
          time: when(lastUsedAt),
        }),
      })),
      devices: shownDevices(user.id, devices),
      apps: apps.map(({ clientId, client: { name }, access }) => ({
        href: `/admin/clients/${encodeURIComponent(clientId)}`,
        name,
        scopes: [
          ...access.own.map(({ title }) => title),
          ...access.apis.map((api) => `${api.name}: ${api.scopes.map(({ title }) => title).join(', ')}`),
        ].join(' · '),
      })),
      history,
      remove: { action: `${base}/delete`, ...also.remove },
    }
    const { notice, status } = also
    return renderConsole(request, reply, 'users', 'admin/users-one', data, {
      notice,
      ...(status !== undefined && { status }),
    })
  }
}
