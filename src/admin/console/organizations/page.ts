import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeOf } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { OrganizationDomain } from '../../../organizations/domains/domains.ts'
import type {
  Organization,
  OrganizationInvitation,
  OrganizationMember,
} from '../../../organizations/organization.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { countText } from '../access/form.ts'
import type { Held } from '../access/view.ts'
import { renderConsole } from '../context.ts'
import { pageLinks } from '../page-links.ts'
import { drawnOrganization, filledWith, roleBoxes, shownOrganization } from './form.ts'
import type { OrganizationsAreaDependencies } from './routes.ts'
import type { HeldDomain, HeldMember } from './view.ts'

const NOTICES: Readonly<Record<string, string>> = {
  created: 'The organization is created. Add or invite who is in it.',
  saved: 'Saved. Apps are told of it with their next token.',
  added: 'Added.',
  roles: 'Saved. Apps are told of the roles with their next token.',
  removed: 'Removed. Their tokens of this organization have ended.',
  invited: 'An invitation is on its way.',
  sent: 'An invitation is on its way again. The link before leads nowhere.',
  domain: 'Added. It counts once its record was found in DNS.',
  verified: 'The domain is verified. Leave its record in DNS: it is looked for daily.',
  'domain-removed': 'The domain is removed.',
  revoked: 'The invitation is revoked: its link leads nowhere.',
}

const query = z.object({
  cursor: z.string().max(500).optional().catch(undefined),
  invitations: z.string().max(500).optional().catch(undefined),
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

/** The page of an organization. */
export function organizationPage(deps: OrganizationsAreaDependencies): OrganizationPage {
  const { organizations, organizationFields: fields, organizationTexts: texts } = deps
  const { members, invitations, domains, template } = organizations
  const pageOf = (id: string, done?: string) =>
    `/admin/organizations/${encodeURIComponent(id)}${done === undefined ? '' : `?${new URLSearchParams({ done })}`}`

  const heldMember = (id: string, one: OrganizationMember): HeldMember => ({
    name: one.username,
    href: `${pageOf(id)}/members/${one.accountId}`,
    detail: [one.email, `since ${minuteOf(one.createdAt)}`].filter(Boolean).join(' · '),
    tag: template.manages(one.roles) ? 'Manager' : undefined,
    roles: one.roles.join(', ') || 'no role',
    acts: [{ action: `${pageOf(id)}/members/remove`, fields: { user: one.accountId }, label: 'Remove' }],
  })

  const heldInvitation = (id: string, one: OrganizationInvitation): Held => {
    const given = { invitation: one.id }
    return {
      name: one.email,
      detail: [
        one.roles.join(', ') || 'no role',
        `by ${one.invitedBy}`,
        `${one.expired ? 'expired' : 'until'} ${minuteOf(one.expiresAt)}`,
      ].join(' · '),
      tag: one.expired ? 'Expired' : undefined,
      acts: [
        { action: `${pageOf(id)}/invitations/send`, fields: given, label: 'Send again' },
        { action: `${pageOf(id)}/invitations/revoke`, fields: given, label: 'Revoke' },
      ],
    }
  }

  const heldDomain = (id: string, one: OrganizationDomain): HeldDomain => {
    const fields = { domain: one.domain }
    return {
      ...{ domain: one.domain, record: one.record, verified: one.verified },
      detail: [
        one.verifiedAt === null ? undefined : `verified ${minuteOf(one.verifiedAt)}`,
        one.checkedAt === null ? undefined : `looked for ${minuteOf(one.checkedAt)}`,
      ]
        .filter(Boolean)
        .join(' · '),
      warning:
        one.lostAt === null
          ? undefined
          : `Its record is missing in DNS. Verified no more from ${minuteOf(one.lostAt)} on, unless it comes back.`,
      verify: { action: `${pageOf(id)}/domains/verify`, fields },
      remove: { action: `${pageOf(id)}/domains/remove`, fields },
    }
  }

  async function show(request: FastifyRequest, reply: FastifyReply, one: Organization, also: Also = {}) {
    const { id } = one
    const given = query.parse(request.query)
    const [page, count, waiting, owned] = await Promise.all([
      members.list(id, { cursor: given.cursor }),
      members.count(id),
      invitations.list(id, { cursor: given.invitations }),
      domains.list(id),
    ])
    const values = also.edit?.values ?? filledWith(fields, one, texts)
    const shown = shownOrganization(fields, one, texts)
    const data = {
      title: one.name,
      facts: [
        ['Members', countText(count)],
        ['Created', minuteOf(one.createdAt)],
        ['ID', id],
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
      addDomain: { action: `${pageOf(id)}/domains`, ...also.addDomain },
      removeHref: `${pageOf(id)}/delete`,
      brandHref: `/admin/branding/organizations/${id}`,
    }
    return renderConsole(request, reply, 'organizations', 'admin/organizations-one', data, {
      notice: also.status === undefined ? noticeOf(NOTICES, given.done) : undefined,
      ...(also.status !== undefined && { status: also.status }),
    })
  }

  return { pageOf, show }
}
