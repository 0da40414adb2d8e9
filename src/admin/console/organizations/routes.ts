import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Accounts } from '../../../accounts/accounts.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { NamedOrganizationField } from '../../../organizations/fields.ts'
import type { OrganizationListing } from '../../../organizations/listing/listing.ts'
import type { Organization } from '../../../organizations/organization.ts'
import type { Organizations } from '../../../organizations/organizations.ts'
import { VersionConflict } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { ORGANIZATION_ORDERS } from '../../../shared/orders.ts'
import { withinLimits } from '../../access.ts'
import { countText } from '../access/form.ts'
import { bulkButtons, bulkNotice, bulkRoutes } from '../bulk.ts'
import type { ConsoleDependencies } from '../context.ts'
import { countedVersion, deletionPages } from '../deletion.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import { listedAs } from '../listed.ts'
import type { ProvidersDependencies } from '../providers/routes.ts'
import { organizationsBulk } from './bulk.ts'
import { domainRoutes } from './domains.ts'
import { drawnOrganization, enteredIn, type OrganizationTexts, shownOrganization } from './form.ts'
import { invitationRoutes } from './invitations.ts'
import { memberRoutes } from './members.ts'
import { organizationPage } from './page.ts'

/** What the pages of organizations work on. */
export interface OrganizationsAreaDependencies extends Pick<ProvidersDependencies, 'providers'> {
  organizations: Organizations
  organizationListing: OrganizationListing
  organizationFields: readonly NamedOrganizationField[]
  organizationTexts: OrganizationTexts
  /** By ID, username or address. */
  findPerson: Accounts['find']
}

const NOTICES: Readonly<Record<string, TextKey>> = {
  deleted: 'admin.organizations.done.deleted',
}

type ById = { Params: { id: string } }

const sentSchema = z.record(z.string(), z.string().max(20_000)).default({})
const versionSchema = z.string().regex(/^\d{1,9}$/)

/** `/admin/organizations`: companies that people sign in for, who is in them as what, and who is invited. */
export async function organizationsArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & OrganizationsAreaDependencies,
): Promise<void> {
  const { organizations, organizationFields: fields, organizationTexts: texts } = deps
  const { pageOf, show } = organizationPage(deps)
  const bulk = organizationsBulk(organizations)
  bulkRoutes(app, bulk)
  const listed = listedAs(app, {
    path: '/admin/organizations',
    permission: 'organization.read',
    listing: deps.organizationListing,
    orders: ORGANIZATION_ORDERS,
    usual: 'slug',
    filters: {
      disabled: { label: 'admin.common.disabled', parameter: 'state', value: 'disabled' },
      provider: { label: 'admin.organizations.chip.provider', parameter: 'provider', value: 'own' },
      second_factor: {
        ...{ label: 'admin.organizations.chip.second_factor', parameter: 'factor', value: 'required' },
      },
    },
    heads: {
      name: { label: 'admin.common.organization', first: 'name' },
      slug: { label: 'admin.organizations.slug', first: 'slug' },
      created: { label: 'admin.common.created', first: '-created' },
    },
    file: { name: 'organizations', label: 'admin.organizations.csv' },
    only() {
      const { only } = withinLimits.organizations()
      return only === undefined ? undefined : [only]
    },
    clock: deps.clock,
  })

  app.get(
    '/admin/organizations',
    { config: { admin: 'organization.read', within: 'organization' } },
    async (request, reply) => {
      const { page, tools } = await listed(request)
      const data = {
        ...tools,
        bulk: bulkButtons(bulk, request),
        organizations: page.items.map(({ id, name, slug, disabled, createdAt: created }) => ({
          ...{ id, href: pageOf(id), name, slug, disabled, created },
        })),
      }
      const notice =
        noticeIn(NOTICES, (request.query as { done?: unknown }).done) ?? bulkNotice(bulk, request.query)
      return renderConsole(request, reply, 'organizations', 'admin/organizations', data, { notice })
    },
  )

  const showNew = (request: FastifyRequest, reply: FastifyReply, form: Partial<Form> = {}, status = 200) =>
    renderConsole(
      request,
      reply,
      'organizations',
      'admin/access-new',
      {
        title: t('admin.organizations.new'),
        about: t('admin.organizations.new.about'),
        form: { action: '/admin/organizations', ...form },
        fields: drawnOrganization(fields, form.values ?? {}),
        label: t('admin.organizations.new.submit'),
        backHref: '/admin/organizations',
      },
      { status },
    )

  app.get('/admin/organizations/new', { config: { admin: 'organization.create' } }, async (request, reply) =>
    showNew(request, reply),
  )

  app.post(
    '/admin/organizations',
    { config: { admin: 'organization.create', formPage: '/admin/organizations/new' } },
    async (request, reply) => {
      try {
        const sent = sentSchema.parse(request.body ?? {})
        const { id } = await organizations.create(enteredIn(fields, sent, texts))
        return reply.redirect(pageOf(id, 'created'), 303)
      } catch (error) {
        return showNew(request, reply, { ...asFormErrors(error), values: shownAgain(request.body) }, 422)
      }
    },
  )

  app.get<ById>(
    '/admin/organizations/:id',
    { config: { admin: 'organization.read', within: 'organization' } },
    async (request, reply) => show(request, reply, await organizations.get(request.params.id)),
  )

  app.post<ById>(
    '/admin/organizations/:id/edit',
    {
      config: { admin: 'organization.update', within: 'organization', formPage: '/admin/organizations/:id' },
    },
    async (request, reply) => {
      const { id } = request.params
      const sent = sentSchema.parse(request.body ?? {})
      const version = versionSchema.parse(sent.version)
      try {
        await organizations.update(id, enteredIn(fields, sent, texts), { ifVersion: Number(version) })
        return reply.redirect(pageOf(id, 'saved'), 303)
      } catch (error) {
        const values = shownAgain(request.body)
        if (error instanceof VersionConflict)
          return show(request, reply, await organizations.get(id), {
            ...{ edit: { values }, stale: true, status: 409 },
          })
        const edit = { ...asFormErrors(error), values }
        // The version that was sent: what another administrator changed since is still to be shown.
        return show(request, reply, await organizations.get(id), { edit, version, status: 422 })
      }
    },
  )

  memberRoutes(app, deps, { pageOf, show })
  invitationRoutes(app, deps, { pageOf, show })
  domainRoutes(app, deps, { pageOf, show })

  async function ending({ id }: Organization) {
    const [members, invitations] = await Promise.all([
      organizations.members.count(id),
      organizations.invitations.count(id),
    ])
    return [
      { label: t('organizations.members'), value: countText(members) },
      { label: t('admin.organizations.invitations'), value: countText(invitations) },
    ]
  }

  deletionPages(app, {
    section: 'organizations',
    path: '/admin/organizations/:id/delete',
    permissions: ['organization.read', 'organization.delete'],
    find: (request) => organizations.get((request.params as ById['Params']).id),
    ask: async (one) => ({
      title: t('admin.common.delete.title', { name: one.name }),
      ends: t('admin.organizations.delete.ends'),
      facts: [{ label: t('admin.organizations.slug'), value: one.slug }, ...(await ending(one))],
      form: { action: `${pageOf(one.id)}/delete` },
      label: t('admin.organizations.delete'),
      keepHref: pageOf(one.id),
      version: one.version,
      seen: shownOrganization(fields, one, texts).map(({ label, value }) => [label, value]),
    }),
    remove: ({ id }, version) => organizations.remove(id, { ifVersion: countedVersion(version) }),
    done: '/admin/organizations?done=deleted',
  })
}
