/** Organizations as a configuration file describes them: by their short names, without members and invitations. */
import { contentOf, parseOrganization } from './fields.ts'
import type { Organizations } from './organizations.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a configuration does with organizations. */
export function createOrganizationConfiguration(
  organizations: Pick<Organizations, 'list' | 'find' | 'create' | 'update' | 'remove'>,
) {
  return {
    /** @throws ValidationError (422) with every problem at once */
    complete: (entry: Fields): Fields => parseOrganization(entry),
    async list(): Promise<Fields[]> {
      const all: Fields[] = []
      for (let cursor: string | undefined; ; ) {
        const page = await organizations.list({ limit: 100, cursor })
        all.push(...page.items.map(contentOf))
        if (page.next_cursor === undefined) return all
        cursor = page.next_cursor
      }
    },
    add: (fields: Fields) => organizations.create(fields),
    update: async (slug: string, changes: Fields) =>
      organizations.update((await organizations.find(slug)).id, changes),
    remove: async (slug: string) => organizations.remove((await organizations.find(slug)).id),
  }
}
