import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { OrganizationDomain } from '../../../organizations/domains/domains.ts'
import type {
  Organization,
  OrganizationInvitation,
  OrganizationMember,
} from '../../../organizations/organization.ts'
import { may } from '../../../shared/administration/authority.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { dayOf, minuteOf } from '../../../shared/moment.ts'
import { askedPlace } from '../../../shared/paging.ts'
import { THE_ADMINISTRATOR } from '../../../shared/the-administrator.ts'
import { countText } from '../access/form.ts'
import type { Held } from '../access/view.ts'
import { administratorOf } from '../context.ts'
import { renderConsole } from '../frame.ts'
import { PAGE_OF_SEVERAL, pageLinks, withQuery } from '../page-links.ts'
import { unfolded } from '../unfolded.ts'
import { drawnOrganization, filledWith, roleBoxes, shownOrganization } from './form.ts'
import type { OrganizationsAreaDependencies } from './routes.ts'
import type { HeldDomain } from './view.ts'

const NOTICES: Readonly<Record<string, TextKey>> = {
  created: 'admin.organizations.done.created',
  saved: 'admin.common.saved.apps',
  added: 'groups.added',
  roles: 'admin.organizations.done.roles',
  removed: 'admin.organizations.done.removed',
  invited: 'organizations.done.invited',
  sent: 'organizations.done.again',
  domain: 'organizations.done.domain',
  verified: 'organizations.done.verified',
  'domain-removed': 'organizations.done.domainRemoved',
  'domain-gone': 'organizations.done.domainGone',
  'invitation-gone': 'organizations.done.invitationGone',
  revoked: 'organizations.done.revoked',
}

const PARTS = {
  ...{
    invited: 'invitations',
    sent: 'invitations',
    revoked: 'invitations',
    'invitation-gone': 'invitations',
  },
  ...{ domain: 'domains', verified: 'domains', 'domain-removed': 'domains', 'domain-gone': 'domains' },
}

const query = z.object({
  section: z.string().max(50).optional().catch(undefined),
  cursor: askedPlace,
  invitations: askedPlace,
  done: z.string().optional().catch(undefined),
})

/** Fieldsets of roles: two forms of one page. */
export const MEMBER_ROLES = 'roles'
export const INVITED_ROLES = 'invited'

export interface Also {
  edit?: Partial<Form>
  /** That the form was sent with. */
  version?: string
  addMember?: Partial<Form>
  invite?: Partial<Form>
  addDomain?: Partial<Form>
  stale?: boolean
  alert?: string
  status?: number
}

export interface OrganizationPage {
  /** Its address. @param done the notice */
  pageOf(id: string, done?: string): string
  /** @param also what a form of the page was refused for */
  show(request: FastifyRequest, reply: FastifyReply, one: Organization, also?: Also): Promise<FastifyReply>
}

/** Who has sent an invitation. */
export const inviterOf = ({ invitedBy }: Pick<OrganizationInvitation, 'invitedBy'>): string =>
  invitedBy === THE_ADMINISTRATOR ? t('admin.common.the_administrator') : invitedBy

/** The page of an organization. */
export function organizationPage(deps: OrganizationsAreaDependencies): OrganizationPage {
  const { organizations, organizationFields: fields, organizationTexts: texts } = deps
  const { members, invitations, domains, template } = organizations
  const pageOf = (id: string, done?: string) =>
    `/admin/organizations/${encodeURIComponent(id)}${done === undefined ? '' : `?${new URLSearchParams({ done })}`}`

  const heldMember = (id: string, one: OrganizationMember): Held => ({
    name: one.username,
    href: `${pageOf(id)}/members/${one.accountId}`,
    detail: [
      one.roles.join(', ') || t('organizations.member.none'),
      one.email,
      t('admin.common.since', { time: dayOf(one.createdAt) }),
    ]
      .filter(Boolean)
      .join(' · '),
    tag: template.manages(one.roles) ? t('groups.manager') : undefined,
    acts: [
      {
        action: `${pageOf(id)}/members/remove`,
        fields: { user: one.accountId },
        label: t('common.remove.next'),
        ask: `${pageOf(id)}/members/remove?user=${one.accountId}`,
      },
    ],
  })

  const heldInvitation = (id: string, one: OrganizationInvitation): Held => {
    const given = { invitation: one.id }
    return {
      name: one.email,
      detail: [
        one.roles.join(', ') || t('organizations.member.none'),
        one.invitedBy === THE_ADMINISTRATOR
          ? t('admin.common.by.administrator')
          : t('admin.common.by', { name: one.invitedBy }),
        t(one.expired ? 'admin.organizations.expired' : 'admin.common.until', {
          time: minuteOf(one.expiresAt),
        }),
      ].join(' · '),
      tag: one.expired ? t('organizations.invitations.expired') : undefined,
      acts: [
        {
          action: `${pageOf(id)}/invitations/send`,
          fields: given,
          label: t('organizations.invitations.again'),
        },
        {
          action: `${pageOf(id)}/invitations/revoke`,
          fields: given,
          label: t('organizations.invitations.revoke.next'),
          ask: `${pageOf(id)}/invitations/revoke?${new URLSearchParams(given)}`,
        },
      ],
    }
  }

  const heldDomain = (id: string, one: OrganizationDomain): HeldDomain => {
    const fields = { domain: one.domain }
    return {
      ...{ domain: one.domain, record: one.record, verified: one.verified },
      detail: [
        one.verifiedAt === null
          ? undefined
          : t('admin.organizations.domain.verified', { time: minuteOf(one.verifiedAt) }),
        one.checkedAt === null
          ? undefined
          : t('admin.organizations.domain.checked', { time: minuteOf(one.checkedAt) }),
      ]
        .filter(Boolean)
        .join(' · '),
      warning:
        one.lostAt === null
          ? undefined
          : t('admin.organizations.domain.lost', { time: minuteOf(one.lostAt) }),
      verify: { action: `${pageOf(id)}/domains/verify`, fields },
      remove: {
        action: `${pageOf(id)}/domains/remove`,
        ask: `${pageOf(id)}/domains/remove?${new URLSearchParams(fields)}`,
      },
    }
  }

  async function show(request: FastifyRequest, reply: FastifyReply, one: Organization, also: Also = {}) {
    const { id } = one
    const given = query.parse(request.query)
    const seesProviders = may(administratorOf(request).authority, 'provider.read')
    const [page, count, waiting, owned, providers] = await Promise.all([
      members.list(id, { cursor: given.cursor, limit: PAGE_OF_SEVERAL }),
      members.count(id),
      invitations.list(id, { cursor: given.invitations, limit: PAGE_OF_SEVERAL }),
      domains.list(id),
      seesProviders ? deps.providers.list() : [],
    ])
    const theirs = providers.filter(({ organization }) => organization === id)
    const values = also.edit?.values ?? filledWith(fields, one, texts)
    const shown = shownOrganization(fields, one, texts)
    const data = {
      title: one.name,
      facts: [
        [t('organizations.members'), countText(count)],
        [t('admin.common.created'), minuteOf(one.createdAt)],
        [t('admin.common.id'), id],
      ] as [string, string][],
      shown,
      disabled: one.disabled,
      alert: also.alert,
      edit: {
        action: `${pageOf(id)}/edit`,
        version: also.version ?? String(one.version),
        values,
        ...also.edit,
      },
      fields: drawnOrganization(fields, values),
      conflict: also.stale ? shown : undefined,
      open: unfolded(
        PARTS,
        given.done,
        given.section,
        also.invite || given.invitations ? 'invitations' : undefined,
        also.addDomain ? 'domains' : undefined,
      ),
      members: page.items.map((each) => heldMember(id, each)),
      pager: pageLinks(pageOf(id), { invitations: given.invitations }, given.cursor, page.next_cursor),
      addMember: { action: `${pageOf(id)}/members`, ...also.addMember },
      memberRoles: [roleBoxes(MEMBER_ROLES, template.names(), also.addMember?.values ?? {})],
      invitations: waiting.items.map((each) => heldInvitation(id, each)),
      invitationPager: pageLinks(
        pageOf(id),
        { cursor: given.cursor },
        given.invitations,
        waiting.next_cursor,
        'invitations',
      ),
      invite: { action: `${pageOf(id)}/invitations`, ...also.invite },
      invitedRoles: [roleBoxes(INVITED_ROLES, template.names(), also.invite?.values ?? {})],
      domains: owned.map((each) => heldDomain(id, each)),
      providers: seesProviders
        ? theirs.map((each) => ({
            href: `/admin/providers/${encodeURIComponent(each.id)}`,
            name: each.name,
            disabled: each.disabled,
            managed: each.managed === true,
          }))
        : undefined,
      addProvider: withQuery('/admin/providers/new', { organization: one.slug, from: id }),
      unverified: theirs.length > 0 && !owned.some(({ verified }) => verified),
      unserved: owned.some(({ verified }) => verified) && theirs.every(({ disabled }) => disabled),
      addDomain: { action: `${pageOf(id)}/domains`, ...also.addDomain },
      domainsHref: `${pageOf(id)}?section=domains#domains`,
      removeHref: `${pageOf(id)}/delete`,
      brandHref: `/admin/branding/organizations/${id}`,
    }
    return renderConsole(request, reply, 'organizations', 'admin/organizations-one', data, {
      notice: also.status === undefined ? noticeIn(NOTICES, given.done) : undefined,
      ...(also.status !== undefined && { status: also.status }),
    })
  }

  return { pageOf, show }
}
