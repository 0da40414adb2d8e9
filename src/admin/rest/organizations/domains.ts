import { z } from 'zod'
import type { OrganizationDomain } from '../../../organizations/domains/domains.ts'
import { accessGuard } from '../access/guard.ts'
import type { RestContext } from '../context.ts'
import { callerOf } from '../guard.ts'
import { createOnce } from '../idempotency.ts'
import { refuseWeakerOrganizations } from '../machine.ts'
import { operation } from '../operation.ts'
import { idParams, text, time, timestamp } from '../schemas.ts'

const area = 'organizations' as const

const answer = z
  .object({
    domain: z.string().meta({ description: 'Lower case, ASCII.' }),
    record: z
      .object({ type: z.literal('TXT'), name: z.string(), value: z.string() })
      .meta({ description: 'A record for DNS. Leave it there: it is looked for daily.' }),
    verified: z.boolean(),
    verified_at: timestamp.nullable(),
    checked_at: timestamp.nullable().meta({ description: 'When DNS was asked last.' }),
    lost_at: timestamp
      .nullable()
      .meta({ description: 'When it is verified no more, unless the record comes back; null: it is there.' }),
    created_at: timestamp,
  })
  .meta({ id: 'OrganizationDomain' })

const at = (milliseconds: number | null) => (milliseconds === null ? null : time(milliseconds))
const view = ({
  domain,
  record,
  verified,
  verifiedAt,
  checkedAt,
  lostAt,
  createdAt,
}: OrganizationDomain) => ({
  ...{ domain, record: { type: 'TXT' as const, ...record }, verified, verified_at: at(verifiedAt) },
  ...{ checked_at: at(checkedAt), lost_at: at(lostAt), created_at: time(createdAt) },
})

const list = operation({
  id: 'listOrganizationDomains',
  area,
  needs: 'organization.read',
  within: 'organization',
  summary: 'List the domains of an organization',
  description: 'All, by name.',
  safe: true,
  params: idParams,
  answers: [200, 'All of them.', z.object({ items: z.array(answer) })],
})

const add = operation({
  id: 'addOrganizationDomain',
  area,
  needs: 'organization.add_domain',
  summary: 'Add a domain to an organization',
  description:
    'It counts once it is verified. Domains of public mail providers are refused. Several organizations may add one; one has it verified.',
  once: true,
  params: idParams,
  body: z
    .looseObject({ domain: text('A domain of mail.', 'acme.example') }, { error: 'Send a JSON object.' })
    .meta({ examples: [{ domain: 'acme.example' }] }),
  answers: [201, 'Added. Create `record` in DNS.', answer],
})

const params = idParams.extend({ domain: z.string().max(320) })

const verify = operation({
  id: 'verifyOrganizationDomain',
  area,
  needs: 'organization.verify_domain',
  summary: 'Verify a domain of an organization',
  description:
    'Looks for the record in DNS. `domain_record_missing`, `domain_record_differs`: it is not there yet. `domain_taken`: another organization has it. `dns_unanswered` (503): ask again later.',
  params,
  answers: [200, 'Verified.', answer],
  problems: [409],
})

const remove = operation({
  id: 'removeOrganizationDomain',
  area,
  needs: 'organization.remove_domain',
  summary: 'Remove a domain from an organization',
  params,
  answers: [204, 'Removed.'],
})

/** `/organizations/:id/domains` */
export function organizationDomainRoutes({ app, deps }: RestContext): void {
  const { domains } = deps.organizations
  const { refuseOfOrganization } = accessGuard(deps)
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)
  const path = '/organizations/:id/domains'

  app.get(path, { ...list, ...limit }, async (request) => ({
    items: (await domains.list(request.params.id)).map(view),
  }))

  app.post(path, { ...add, ...limit }, async (request, reply) =>
    once(request, reply, async () => {
      await refuseOfOrganization(request, request.params.id)
      return { headers: {}, body: view(await domains.add(request.params.id, request.body.domain)) }
    }),
  )

  app.post(`${path}/:domain/verify`, { ...verify, ...limit }, async (request) => {
    const { id, domain } = request.params
    await refuseOfOrganization(request, id)
    return view(await domains.verify(id, domain))
  })

  app.delete(`${path}/:domain`, { ...remove, ...limit }, async (request, reply) => {
    const { id, domain } = request.params
    await refuseOfOrganization(request, id)
    const { provider_required } = await deps.organizations.get(id)
    refuseWeakerOrganizations(callerOf(request), { domains: [] }, { provider_required, domains: [domain] })
    await domains.remove(id, domain)
    return reply.code(204).send()
  })
}
