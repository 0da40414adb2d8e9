import type { FastifyInstance } from 'fastify'
import type { AdministratorRoles } from '../../../administrators/administrator-roles.ts'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import type { DefinitionTexts } from './form.ts'
import { definitionPages, type One } from './routes.ts'

export interface AdministratorRolesAreaDependencies {
  administratorRoles: Pick<
    AdministratorRoles,
    'list' | 'get' | 'create' | 'update' | 'remove' | 'holders' | 'nameOf' | 'resolve'
  >
  administratorRoleFields: readonly NamedDefinitionField[]
  definitionTexts: DefinitionTexts
}

/** `/admin/administrator-roles`: what people may do here who are no administrator of everything. */
export async function administratorRolesArea(
  app: FastifyInstance,
  { administratorRoles, administratorRoleFields, definitionTexts }: AdministratorRolesAreaDependencies,
): Promise<void> {
  const names = async ({ id }: One) => {
    const { items, more } = await administratorRoles.holders(id)
    return `${items.map(({ username }) => username).join(', ') || 'nobody'}${more ? ' and others' : ''}`
  }
  definitionPages(app, {
    fields: administratorRoleFields,
    definitions: administratorRoles,
    texts: definitionTexts,
    words: {
      kind: 'administrator_role',
      title: 'Administrator roles',
      define: 'Define an administrator role',
      defineButton: 'Define administrator role',
      about:
        'What somebody may do in this console and by its API, without being an administrator of everything. Give it to a person on their page.',
      empty:
        'There is no administrator role yet. Administrators may do everything, and auditors see everything; a role of yours is what is between: a help desk, or who looks after one organization or some apps.',
      columns: ['description'],
      notices: {
        created: 'The role is defined. Give it to a person on their page.',
        saved: 'Saved. It counts with the next request of everybody who has it.',
        deleted: 'The role is deleted. Who had it is a user now, and signed out.',
      },
      deleteTitle: (name) => `Delete ${name}?`,
      deleteButton: 'Delete administrator role',
      deleting: 'Who has it is a user from then on, and signed out.',
      ends: 'Everybody who has it is a user from then on, without access to this console, and signed out everywhere.',
      facts: async () => [],
      readers: async ({ id }) => {
        const { items, more } = await administratorRoles.holders(id)
        return {
          title: more ? 'Who has it (the newest)' : 'Who has it',
          empty: 'Nobody yet. Give it to a person on their page.',
          items: items.map((each) => ({ href: `/admin/users/${each.id}`, name: each.username })),
        }
      },
      ending: async (one) => [{ label: 'Who has it', value: await names(one) }],
    },
  })
}
