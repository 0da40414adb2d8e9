import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { AppError, unlessCode } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { refusalOf } from '../access/form.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import type { OrganizationPage } from './page.ts'
import type { OrganizationsAreaDependencies } from './routes.ts'

type ById = { Params: { id: string } }

const sentSchema = z.object({ domain: z.string().max(400).default('') })

/** `/admin/organizations/:id/domains` */
export function domainRoutes(
  app: FastifyInstance,
  { organizations }: OrganizationsAreaDependencies,
  { pageOf, show }: OrganizationPage,
): void {
  const { domains } = organizations
  const formPage = '/admin/organizations/:id'
  const domainIn = (request: FastifyRequest) => sentSchema.parse(request.body ?? {}).domain

  app.post<ById>(
    '/admin/organizations/:id/domains',
    { config: { admin: 'organization.add_domain', formPage } },
    async (request, reply) => {
      const { id } = request.params
      try {
        await domains.add(id, domainIn(request))
      } catch (error) {
        const status = error instanceof AppError ? error.status : 422
        const addDomain = { ...asFormErrors(error), values: shownAgain(request.body) }
        return show(request, reply, await organizations.get(id), { addDomain, status })
      }
      return reply.redirect(pageOf(id, 'domain'), 303)
    },
  )

  async function verify(request: FastifyRequest<ById>, reply: FastifyReply) {
    const { id } = request.params
    try {
      await domains.verify(id, domainIn(request))
    } catch (error) {
      const { alert, status } = refusalOf(error)
      return show(request, reply, await organizations.get(id), { alert, status })
    }
    return reply.redirect(pageOf(id, 'verified'), 303)
  }

  app.post<ById>(
    '/admin/organizations/:id/domains/verify',
    { config: { admin: 'organization.verify_domain', formPage } },
    verify,
  )

  app.get<ById>(
    '/admin/organizations/:id/domains/remove',
    { config: { admin: 'organization.read', within: 'organization' } },
    async (request, reply) => {
      const one = await organizations.get(request.params.id)
      const named = sentSchema.parse(request.query ?? {}).domain
      const domain = (await domains.list(one.id)).find((each) => each.domain === named)
      if (domain === undefined) return reply.redirect(pageOf(one.id, 'domain-gone'), 303)
      const state = domain.verified ? 'organizations.domain.verified' : 'organizations.domain.unverified'
      return renderConsole(request, reply, 'organizations', 'admin/confirm', {
        title: t('organizations.domain.remove.title', {
          domain: domain.domain,
          organization: one.name,
        }),
        ends: t('organizations.domain.remove.ends'),
        facts: [{ label: t('admin.common.state'), value: t(state) }],
        form: { action: `${pageOf(one.id)}/domains/remove`, fields: { domain: domain.domain } },
        label: t('organizations.domain.remove.submit'),
        keepHref: pageOf(one.id),
      })
    },
  )

  app.post<ById>(
    '/admin/organizations/:id/domains/remove',
    { config: { admin: 'organization.remove_domain', formPage } },
    async (request, reply) => {
      const { id } = request.params
      // Another tab may have removed it.
      const removed = await domains
        .remove(id, domainIn(request))
        .then(() => true)
        .catch(unlessCode('domain_not_found'))
      return reply.redirect(pageOf(id, removed ? 'domain-removed' : 'domain-gone'), 303)
    },
  )
}
