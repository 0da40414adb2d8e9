import type { Command } from 'commander'
import type { OrganizationDomain } from '../../organizations/domains/domains.ts'
import { type Cli, createCommand, type Options } from '../context.ts'
import { PROGRAM } from '../program.ts'
import { labelledLines, table, time } from '../text.ts'

const ORGANIZATION = ['<organization>', 'its ID or short name'] as const
const DOMAIN = ['<domain>', 'like acme.example'] as const

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())
const document = ({
  domain,
  record,
  verified,
  verifiedAt,
  checkedAt,
  lostAt,
  createdAt,
}: OrganizationDomain) => ({
  ...{ domain, record: { type: 'TXT', ...record }, verified, verified_at: iso(verifiedAt) },
  ...{ checked_at: iso(checkedAt), lost_at: iso(lostAt), created_at: iso(createdAt) },
})

const stateOf = ({ verified, lostAt }: OrganizationDomain): string => {
  if (!verified) return 'not verified'
  return lostAt === null ? 'verified' : `record missing, verified until ${time(lostAt)}`
}

const list = (cli: Cli): Command =>
  createCommand('domains', 'list the domains of an organization')
    .argument(...ORGANIZATION)
    .action(async (idOrSlug: string, options: Options) => {
      const { organizations } = await cli.services()
      const { id, name, slug } = await organizations.find(idOrSlug)
      const all = await organizations.domains.list(id)
      const rows = all.map((one) => [one.domain, stateOf(one), one.record.name, one.record.value])
      const shown =
        rows.length === 0
          ? `${name} has no domain. Add one with: ${PROGRAM} organizations add-domain ${slug} DOMAIN`
          : table([['DOMAIN', '', 'TXT RECORD', 'VALUE'], ...rows])
      cli.answer(options, { items: all.map(document) }, shown)
    })

const add = (cli: Cli): Command =>
  createCommand('add-domain', 'add a domain to an organization; says which record to make in DNS')
    .argument(...ORGANIZATION)
    .argument(...DOMAIN)
    .action(async (idOrSlug: string, domain: string, options: Options) => {
      const { organizations } = await cli.services()
      const { id, slug } = await organizations.find(idOrSlug)
      const added = await organizations.domains.add(id, domain)
      const record = labelledLines([
        ['type', 'TXT'],
        ['name', added.record.name],
        ['value', added.record.value],
      ])
      const next = `Next: ${PROGRAM} organizations verify-domain ${slug} ${added.domain}`
      cli.answer(
        options,
        document(added),
        `Make this record in DNS, and leave it there.\n\n${record}\n\n${next}`,
      )
    })

const verify = (cli: Cli): Command =>
  createCommand('verify-domain', 'look for the record of a domain in DNS')
    .argument(...ORGANIZATION)
    .argument(...DOMAIN)
    .action(async (idOrSlug: string, domain: string, options: Options) => {
      const { organizations } = await cli.services()
      const { id, name } = await organizations.find(idOrSlug)
      const verified = await organizations.domains.verify(id, domain)
      cli.answer(options, document(verified), `${verified.domain} is verified for ${name}.`)
    })

const remove = (cli: Cli): Command =>
  createCommand('remove-domain', 'remove a domain from an organization')
    .argument(...ORGANIZATION)
    .argument(...DOMAIN)
    .action(async (idOrSlug: string, domain: string, options: Options) => {
      const { organizations } = await cli.services()
      const { id, name } = await organizations.find(idOrSlug)
      await organizations.domains.remove(id, domain)
      cli.answer(options, { domain, removed: true }, `${domain} is no domain of ${name} any more.`)
    })

/** `latchkey organizations …`, of domains. */
export const domainCommands = [list, add, verify, remove]
