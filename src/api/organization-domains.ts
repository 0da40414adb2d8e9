import { z } from 'zod'
import type { OrganizationDomain } from '../organizations/domains/domains.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body, currentPassword, proofBody, text, timestamp } from './fields.ts'
import { operation } from './operation.ts'
import {
  CHANGE,
  isoTime,
  managerOf,
  ONE,
  organizationId,
  organizationTag,
  PROOF,
  READ_ONE,
} from './organization-operations.ts'
import { requirePerson } from './owner.ts'

const domain = z.object({
  domain: z.string(),
  record: z
    .object({ type: z.literal('TXT'), name: z.string(), value: z.string() })
    .meta({ description: 'A record for DNS. Leave it there: it is looked for daily.' }),
  verified: z.boolean(),
  lost_at: timestamp
    .nullable()
    .meta({ description: 'When it is verified no more, unless the record comes back; null: it is there.' }),
})
const domainParams = organizationId.extend({ domain: z.string().max(320) })

const domains = operation({
  id: 'managedOrganizationDomains',
  tag: organizationTag,
  summary: 'The domains of an organization that you manage',
  description: 'All, by name.',
  caller: {},
  safe: true,
  params: organizationId,
  answers: [200, 'All of them.', z.object({ items: z.array(domain) })],
  problems: READ_ONE,
})

const addDomain = operation({
  id: 'addManagedOrganizationDomain',
  tag: organizationTag,
  summary: 'Add a domain to an organization that you manage',
  description: `It counts once its record was found. ${PROOF}`,
  caller: {},
  params: organizationId,
  body: body({ domain: text(400), current_password: currentPassword }).meta({
    examples: [{ domain: 'acme.example', current_password: 'glass otter 72 harbour' }],
  }),
  answers: [201, 'Added.', domain],
  problems: CHANGE,
})

const verifyDomain = operation({
  id: 'verifyManagedOrganizationDomain',
  tag: organizationTag,
  summary: 'Verify a domain of an organization that you manage',
  description: `Looks for its record in DNS: 409 \`domain_record_missing\`, \`domain_record_differs\` or \`domain_taken\`, 503 \`dns_unanswered\`. ${PROOF}`,
  caller: {},
  params: domainParams,
  body: proofBody,
  answers: [200, 'Verified.', domain],
  problems: CHANGE,
})

const removeDomain = operation({
  id: 'removeManagedOrganizationDomain',
  tag: organizationTag,
  summary: 'Remove a domain from an organization that you manage',
  description: PROOF,
  caller: {},
  params: domainParams,
  body: proofBody,
  answers: [204, 'Removed.'],
  problems: READ_ONE,
})

const domainView = (one: OrganizationDomain) => ({
  ...{ domain: one.domain, record: { type: 'TXT' as const, ...one.record }, verified: one.verified },
  lost_at: one.lostAt === null ? null : isoTime(one.lostAt),
})

/** `/api/auth/me/organizations/:id/domains` */
export function organizationDomainRoutes({ known, deps }: ApiContext): void {
  const { managing } = deps.organizations
  const read = deps.limit('token')
  const write = deps.limit('account')
  const manager = managerOf(deps)

  known.get(`${ONE}/domains`, withLimit(domains, read), async (request) => {
    const { account } = requirePerson(request)
    return { items: (await managing.domains(account.id, request.params.id)).map(domainView) }
  })

  known.post(`${ONE}/domains`, withLimit(addDomain, write), async (request, reply) => {
    const { id } = request.params
    const by = await manager(request, id, request.body.current_password)
    return reply.code(201).send(domainView(await managing.addDomain(by, id, request.body.domain)))
  })

  known.post(`${ONE}/domains/:domain/verify`, withLimit(verifyDomain, write), async (request) => {
    const { id, domain } = request.params
    const by = await manager(request, id, request.body.current_password)
    return domainView(await managing.verifyDomain(by, id, domain))
  })

  known.delete(`${ONE}/domains/:domain`, withLimit(removeDomain, write), async (request, reply) => {
    const { id, domain } = request.params
    await managing.removeDomain(await manager(request, id, request.body.current_password), id, domain)
    return reply.code(204).send()
  })
}
