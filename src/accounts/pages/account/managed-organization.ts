import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import type { OrganizationDomain } from '../../../organizations/domains/domains.ts'
import type { ManagedInvitation, ManagedOrganizationMember } from '../../../organizations/managing.ts'
import { AppError, unlessCode } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { dayOf } from '../../../shared/moment.ts'
import { refusedFields, type ValidationError } from '../../../shared/validation-error.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { serves } from './organization-provider.ts'
import { boxesOf, boxOf, type RoleBox, rolesIn } from './role-boxes.ts'
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
    'accounts/account/organization-member': {
      account: AccountFrame
      organization: string
      member: string
      /** The member is the person whose page it is. */
      you: boolean
      form: Form
      roles: readonly RoleBox[]
      remove: ButtonForm
      backHref: string
    }
  }
}

const PATH = '/account/organizations'

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
  cursor: z.string().max(500).optional().catch(undefined),
  invitations: z.string().max(500).optional().catch(undefined),
  done: z.unknown().optional(),
})
const sentForm = z.record(z.string(), z.string().max(400)).default({})
const invitationForm = z.object({ invitation: z.string().max(100).default('') })

const domainForm = z.object({ domain: z.string().max(400).default('') })

/** What DNS said, above the domains. */
const asProblem = (error: unknown): never => {
  if (!(error instanceof AppError) || error.code === 'organization_not_found') throw error
  throw refusedFields({ form: error.publicMessage }, error.status)
}

type ById = { Params: { id: string } }
type OfMember = { Params: { id: string; user: string } }

const withQuery = (path: string, given: Record<string, string | undefined>): string => {
  const known = Object.entries(given).filter((each): each is [string, string] => each[1] !== undefined)
  return known.length === 0 ? path : `${path}?${new URLSearchParams(known)}`
}

/** `/account/organizations/:id`: members, their roles and invitations, for who manages an organization. */
export function managedOrganizationRoutes(
  app: FastifyInstance,
  { http, organizations, ownProvider }: AccountPagesDependencies,
  signedIn: SignedIn,
): void {
  const { managing } = organizations
  const pageOf = (id: string) => `${PATH}/${encodeURIComponent(id)}`
  const memberPage = (id: string, accountId: string) =>
    `${pageOf(id)}/members/${encodeURIComponent(accountId)}`

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
    {
      id,
      invite,
      addDomain,
      status,
    }: { id: string; invite?: Partial<Form>; addDomain?: Partial<Form>; status?: number },
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
        const { name } = await managing.organization(signed.account.id, id)
        const sent = sentForm.parse(request.body ?? {})
        const words = t('act.organizationInvite', { email: sent.email ?? '', organization: name })
        const first = await signedIn.again(request, signed, words)
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
        const { name } = await managing.organization(signed.account.id, id)
        const words = t('act.organizationInvitation', { organization: name })
        const first = await signedIn.again(request, signed, words)
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

  const showDomains =
    (request: FastifyRequest<ById>) => (reply: FastifyReply, signed: Signed, error: ValidationError) => {
      const addDomain = { errors: error.sentences, values: shownAgain(request.body) }
      return show(request, reply, signed, { id: request.params.id, addDomain, status: error.status })
    }

  app.post<ById>(`${PATH}/:id/domains`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(
      PATH,
      async (signed) => {
        const { id } = request.params
        const { name } = await managing.organization(signed.account.id, id)
        const first = await signedIn.again(
          request,
          signed,
          t('act.organizationDomain', { organization: name }),
        )
        if (first) return first
        await managing.addDomain(signed.account.id, id, domainForm.parse(request.body ?? {}).domain)
        return `${pageOf(id)}?done=domain`
      },
      showDomains(request),
    )(request, reply),
  )

  for (const act of ['verify', 'remove'] as const)
    app.post<ById>(`${PATH}/:id/domains/${act}`, http.limit('account'), (request, reply) =>
      signedIn.onSubmit(
        PATH,
        async (signed) => {
          const { id } = request.params
          const { name } = await managing.organization(signed.account.id, id)
          const first = await signedIn.again(
            request,
            signed,
            t('act.organizationDomain', { organization: name }),
          )
          if (first) return first
          const { domain } = domainForm.parse(request.body ?? {})
          if (act === 'verify') {
            await managing.verifyDomain(signed.account.id, id, domain).catch(asProblem)
            return `${pageOf(id)}?done=verified`
          }
          // Another tab may have removed it.
          const removed = await managing
            .removeDomain(signed.account.id, id, domain)
            .then(() => true)
            .catch(unlessCode('domain_not_found'))
          return `${pageOf(id)}?done=${removed ? 'domain-removed' : 'domain-gone'}`
        },
        showDomains(request),
      )(request, reply),
    )

  async function showMember(
    reply: FastifyReply,
    signed: Signed,
    { id, user, form, status }: { id: string; user: string; form?: Partial<Form>; status?: number },
  ) {
    const self = signed.account.id
    const { name, givable } = await managing.organization(self, id)
    const member = await managing.member(self, id, user)
    const you = user === self
    if (!member.changeable && !you) return reply.redirect(pageOf(id), 303)
    const values = form?.values ?? Object.fromEntries(member.roles.map((role) => [boxOf(role), 'on']))
    return renderPage(
      reply,
      'accounts/account/organization-member',
      {
        account: frameOf(signed, PATH),
        organization: name,
        member: member.username,
        you,
        form: { action: memberPage(id, user), ...form },
        roles: boxesOf(givable, values),
        remove: { action: `${memberPage(id, user)}/remove` },
        backHref: pageOf(id),
      },
      status,
    )
  }

  app.get<OfMember>(`${PATH}/:id/members/:user`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    return signed ? showMember(reply, signed, request.params) : reply
  })

  app.post<OfMember>(`${PATH}/:id/members/:user`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(
      PATH,
      async (signed) => {
        const { id, user } = request.params
        const { name } = await managing.organization(signed.account.id, id)
        const words = t('act.organizationRoles', { organization: name })
        const first = await signedIn.again(request, signed, words)
        if (first) return first
        await managing.setRoles(signed.account.id, id, user, rolesIn(sentForm.parse(request.body ?? {})))
        const stays = (await organizations.members.membership(signed.account.id, id))?.manages
        return stays ? `${pageOf(id)}?done=roles` : PATH
      },
      (_reply, signed, error) => {
        const form = { errors: error.sentences, values: shownAgain(request.body) }
        return showMember(reply, signed, { ...request.params, form, status: error.status })
      },
    )(request, reply),
  )

  app.post<OfMember>(`${PATH}/:id/members/:user/remove`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(PATH, async (signed) => {
      const { id, user } = request.params
      const { name } = await managing.organization(signed.account.id, id)
      const words = t('act.organizationRemove', { organization: name })
      const first = await signedIn.again(request, signed, words)
      if (first) return first
      // What another tab has done already is done.
      await managing.remove(signed.account.id, id, user).catch(unlessCode('not_a_member'))
      return user === signed.account.id ? `${PATH}?done=left` : `${pageOf(id)}?done=removed`
    })(request, reply),
  )
}
