import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import type { OrganizationDomain } from '../../../organizations/domains/domains.ts'
import type { ManagedInvitation, ManagedOrganizationMember } from '../../../organizations/managing.ts'
import { unlessCode } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { dayOf } from '../../../shared/moment.ts'
import { askedPlace } from '../../../shared/paging.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { managedDomainRoutes } from './managed-domains.ts'
import { managedMemberRoutes } from './managed-member.ts'
import { freshSignInOf, memberPage, PATH, pageOf, sentForm } from './organization-paths.ts'
import { serves } from './organization-provider.ts'
import { boxesOf, type RoleBox, rolesIn } from './role-boxes.ts'
import { type AccountFrame, frameOf, type Signed, type SignedIn } from './signed-in.ts'

interface Pager {
  first?: string | undefined
  next?: string | undefined
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/organization': {
      account: AccountFrame
      name: string
      members: {
        name: string
        roles: readonly string[]
        detail: string
        you: boolean
        href?: string | undefined
      }[]
      pager: Pager
      invitations: {
        email: string
        detail: string
        expired: boolean
        /** Undefined: it is another manager's to change. */
        acts?: { again: ButtonForm; revokeHref: string } | undefined
      }[]
      invitationPager: Pager
      invite: Form
      domains: {
        domain: string
        record: { name: string; value: string }
        verified: boolean
        /** The record is missing: until when the domain is verified. */
        warning?: string | undefined
        verify: ButtonForm
        removeHref: string
      }[]
      addDomain: Form
      providerHref: string
      /** It has a provider, and no verified domain. */
      unserved: boolean
      roles: readonly RoleBox[]
    }
  }
}

const NOTICES: Readonly<Record<string, TextKey>> = {
  roles: 'organizations.done.roles',
  removed: 'organizations.done.removed',
  invited: 'organizations.done.invited',
  again: 'organizations.done.again',
  revoked: 'organizations.done.revoked',
  domain: 'organizations.done.domain',
  verified: 'organizations.done.verified',
  'domain-removed': 'organizations.done.domainRemoved',
  'domain-gone': 'organizations.done.domainGone',
  'invitation-gone': 'organizations.done.invitationGone',
  'provider-removed': 'organizations.done.providerRemoved',
}

const pageQuery = z.object({
  cursor: askedPlace,
  invitations: askedPlace,
  done: z.unknown().optional(),
})
const invitationForm = z.object({ invitation: z.string().max(100).default('') })

type ById = { Params: { id: string } }
/** What is shown: an organization, and what a form of its page was refused for. */
interface Shown {
  id: string
  invite?: Partial<Form>
  addDomain?: Partial<Form>
  status?: number
}

export type ShowOrganization = (
  request: FastifyRequest,
  reply: FastifyReply,
  signed: Signed,
  shown: Shown,
) => Promise<FastifyReply>

const withQuery = (path: string, given: Record<string, string | undefined>): string => {
  const known = Object.entries(given).filter((each): each is [string, string] => each[1] !== undefined)
  return known.length === 0 ? path : `${path}?${new URLSearchParams(known)}`
}

/** `/account/organizations/:id`: members, their roles and invitations, for who manages an organization. */
export function managedOrganizationRoutes(
  app: FastifyInstance,
  deps: AccountPagesDependencies,
  signedIn: SignedIn,
): void {
  const { http, organizations, ownProvider } = deps
  const { managing } = organizations
  const freshSignIn = freshSignInOf(organizations, signedIn)

  const memberView = (id: string, self: string, one: ManagedOrganizationMember) => ({
    name: one.username,
    roles: one.roles,
    detail: t('groups.since', { day: dayOf(one.createdAt) }),
    you: one.accountId === self,
    href: one.changeable || one.accountId === self ? memberPage(id, one.accountId) : undefined,
  })

  const invitationView = (id: string, one: ManagedInvitation) => {
    const fields = { invitation: one.id }
    return {
      email: one.email,
      detail: t('organizations.invitations.until', {
        roles: one.roles.join(', ') || t('organizations.member.none'),
        day: dayOf(one.expiresAt),
      }),
      expired: one.expired,
      acts: one.changeable
        ? {
            again: { action: `${pageOf(id)}/invitations/send`, fields },
            revokeHref: `${pageOf(id)}/invitations/revoke?${new URLSearchParams(fields)}`,
          }
        : undefined,
    }
  }

  const domainView = (id: string, { domain, record, verified, lostAt }: OrganizationDomain) => {
    const fields = { domain }
    return {
      ...{ domain, record, verified },
      warning: lostAt === null ? undefined : t('organizations.domain.lost', { day: dayOf(lostAt) }),
      verify: { action: `${pageOf(id)}/domains/verify`, fields },
      removeHref: `${pageOf(id)}/domains/remove?${new URLSearchParams(fields)}`,
    }
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    signed: Signed,
    { id, invite, addDomain, status }: Shown,
  ) {
    const { cursor, invitations, done } = pageQuery.parse(request.query)
    const self = signed.account.id
    const one = await managing.organization(self, id)
    const [page, waiting, owned] = await Promise.all([
      managing.members(self, id, { cursor }),
      managing.invitations(self, id, { cursor: invitations }),
      managing.domains(self, id),
    ])
    const data = {
      account: frameOf(signed, PATH, { notice: status === undefined ? noticeIn(NOTICES, done) : undefined }),
      name: one.name,
      members: page.items.map((each) => memberView(id, self, each)),
      pager: {
        first: cursor === undefined ? undefined : withQuery(pageOf(id), { invitations }),
        next: page.next_cursor && withQuery(pageOf(id), { invitations, cursor: page.next_cursor }),
      },
      invitations: waiting.items.map((each) => invitationView(id, each)),
      invitationPager: {
        first: invitations === undefined ? undefined : withQuery(pageOf(id), { cursor }),
        next: waiting.next_cursor && withQuery(pageOf(id), { cursor, invitations: waiting.next_cursor }),
      },
      invite: { action: `${pageOf(id)}/invitations`, ...invite },
      roles: boxesOf(one.givable, invite?.values ?? {}),
      domains: owned.map((each) => domainView(id, each)),
      addDomain: { action: `${pageOf(id)}/domains`, ...addDomain },
      providerHref: `${pageOf(id)}/provider`,
      unserved: !owned.some(({ verified }) => verified) && serves(await ownProvider.get(self, id)) === false,
    }
    return renderPage(reply, 'accounts/account/organization', data, status)
  }

  app.get<ById>(`${PATH}/:id`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    return signed ? show(request, reply, signed, request.params) : reply
  })

  app.post<ById>(`${PATH}/:id/invitations`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(
      PATH,
      async (signed) => {
        const { id } = request.params
        const sent = sentForm.parse(request.body ?? {})
        const words = (organization: string) =>
          t('act.organizationInvite', { email: sent.email ?? '', organization })
        const first = await freshSignIn(request, signed, id, words)
        if (first) return first
        await managing.invite(signed.account.id, id, { email: sent.email ?? '', roles: rolesIn(sent) })
        return `${pageOf(id)}?done=invited`
      },
      (_reply, signed, error) => {
        const invite = { errors: error.sentences, values: shownAgain(request.body) }
        return show(request, reply, signed, { id: request.params.id, invite, status: error.status })
      },
    )(request, reply),
  )

  for (const act of ['send', 'revoke'] as const)
    app.post<ById>(`${PATH}/:id/invitations/${act}`, http.limit('account'), (request, reply) =>
      signedIn.onSubmit(PATH, async (signed) => {
        const { id } = request.params
        const words = (organization: string) => t('act.organizationInvitation', { organization })
        const first = await freshSignIn(request, signed, id, words)
        if (first) return first
        const { invitation } = invitationForm.parse(request.body ?? {})
        // Accepted since, or ended in another tab.
        const done = await managing[act === 'send' ? 'sendAgain' : 'revoke'](
          signed.account.id,
          id,
          invitation,
        )
          .then(() => (act === 'send' ? 'again' : 'revoked'))
          .catch(unlessCode('invitation_not_found'))
        return `${pageOf(id)}?done=${done ?? 'invitation-gone'}`
      })(request, reply),
    )

  managedDomainRoutes(app, deps, signedIn, show)
  managedMemberRoutes(app, deps, signedIn)
}
