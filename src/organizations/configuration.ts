/** Organizations as a configuration file describes them: by their short names, with their domains, without members and invitations. */

import { unlessCode } from '../shared/errors.ts'
import { t } from '../shared/locales/texts.ts'
import { refusedFields } from '../shared/validation-error.ts'
import { parseDomain } from './domains/name.ts'
import { contentOf, parseOrganization } from './fields.ts'
import type { Organizations } from './organizations.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a configuration does with organizations. */
export function createOrganizationConfiguration(
  organizations: Pick<Organizations, 'list' | 'find' | 'create' | 'update' | 'remove' | 'domains'>,
) {
  return {
    /** @throws ValidationError (422) with every problem at once */
    complete({ domains, ...entry }: Fields): Fields {
      return { ...parseOrganization(entry), ...said(domainsIn(domains ?? [])) }
    },
    /** Managers add domains too: a file that names none leaves them alone. */
    leftToCreation: (entry: Fields): string[] => (entry.domains === undefined ? ['domains'] : []),
    async list(): Promise<Fields[]> {
      const all: Fields[] = []
      for (let cursor: string | undefined; ; ) {
        const page = await organizations.list({ limit: 100, cursor })
        const names = await organizations.domains.namesOf(page.items.map(({ id }) => id))
        all.push(...page.items.map((one) => ({ ...contentOf(one), ...said(names.get(one.id) ?? []) })))
        if (page.next_cursor === undefined) return all
        cursor = page.next_cursor
      }
    },
    async add({ domains, ...fields }: Fields) {
      const wanted = domainsIn(domains ?? [])
      const created = await organizations.create(fields)
      for (const domain of wanted) await organizations.domains.add(created.id, domain)
      return created
    },
    async update(slug: string, { domains, ...changes }: Fields) {
      const { id } = await organizations.find(slug)
      if (Object.keys(changes).length > 0) await organizations.update(id, changes)
      if (domains === undefined) return
      const [wanted, had] = [
        domainsIn(domains ?? []),
        (await organizations.domains.namesOf([id])).get(id) ?? [],
      ]
      for (const domain of had) if (!wanted.includes(domain)) await organizations.domains.remove(id, domain)
      for (const domain of wanted) if (!had.includes(domain)) await organizations.domains.add(id, domain)
    },
    remove: async (slug: string) => organizations.remove((await organizations.find(slug)).id),
  }
}

/** None is not said. */
const said = (domains: string[]): Fields => (domains.length === 0 ? {} : { domains })

/** @throws ValidationError (422) on `domains` */
function domainsIn(given: unknown): string[] {
  if (!Array.isArray(given)) throw refusedFields({ domains: t('organizations.domain.like') })
  return [...new Set(given.map((each) => parseDomain(each, 'domains')))].sort()
}

/** What belongs to an organization, or is limited to one, as a file says it: by the short name. */
export async function namedByOrganization<One extends { organization: string | null }>(
  all: readonly One[],
  organizations: Pick<Organizations, 'get'>,
): Promise<One[]> {
  const ids = [...new Set(all.flatMap(({ organization }) => organization || []))]
  const slugOf = async (id: string) =>
    [id, (await organizations.get(id).catch(unlessCode('organization_not_found')))?.slug ?? id] as const
  const slugs = new Map(await Promise.all(ids.map(slugOf)))
  return all.map((one) => ({ ...one, organization: slugs.get(one.organization ?? '') ?? one.organization }))
}
