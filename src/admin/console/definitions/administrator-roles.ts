import type { FastifyInstance } from 'fastify'
import type { AdministratorRoles } from '../../../administrators/administrator-roles.ts'
import { GRANTABLE, type Permission } from '../../../shared/administration/permissions.ts'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { permissionArea, permissionLabel } from '../permission-words.ts'
import type { DefinitionTexts } from './form.ts'
import { definitionPages, type One } from './routes.ts'

export interface AdministratorRolesAreaDependencies {
  administratorRoles: Pick<
    AdministratorRoles,
    'list' | 'get' | 'create' | 'update' | 'remove' | 'holders' | 'nameOf' | 'resolve' | 'givable'
  >
  administratorRoleFields: readonly NamedDefinitionField[]
  definitionTexts: DefinitionTexts
}

/** The permissions in the language of the page: the table of permissions says them, not that of the role's fields. */
const withPermissions = (field: NamedDefinitionField): NamedDefinitionField => ({
  ...field,
  choices: Object.fromEntries(GRANTABLE.map((name) => [name, permissionLabel(name)])),
  headingOf: (name) => permissionArea(name as Permission),
})

/** `/admin/administrator-roles`: what people may do here who are no administrator of everything. */
export async function administratorRolesArea(
  app: FastifyInstance,
  { administratorRoles, administratorRoleFields, definitionTexts }: AdministratorRolesAreaDependencies,
): Promise<void> {
  const names = async ({ id }: One) => {
    const { items, more } = await administratorRoles.holders(id)
    const names = items.map(({ username }) => username).join(', ')
    if (names === '') return t('admin.common.nobody')
    return more ? t('admin.administrator_roles.and_others', { names }) : names
  }
  definitionPages(app, {
    fields: administratorRoleFields,
    spoken: (field) => (field.name === 'permissions' ? withPermissions(field) : field),
    definitions: administratorRoles,
    texts: definitionTexts,
    words: {
      kind: 'administrator_role',
      title: message('admin.administrator_roles.title'),
      define: message('admin.administrator_roles.define'),
      defineButton: message('admin.administrator_roles.define.submit'),
      about: message('admin.administrator_roles.about'),
      empty: message('admin.administrator_roles.empty'),
      columns: ['description'],
      notices: {
        created: message('admin.administrator_roles.done.created'),
        saved: message('admin.administrator_roles.done.saved'),
        deleted: message('admin.administrator_roles.done.deleted'),
      },
      deleteTitle: (name) => message('admin.common.delete.title', { name }),
      deleteButton: message('admin.administrator_roles.delete'),
      deleting: message('admin.administrator_roles.delete.about'),
      ends: message('admin.administrator_roles.delete.ends'),
      facts: async () => [],
      readers: async ({ id }) => {
        const { items, more } = await administratorRoles.holders(id)
        return {
          title: t(more ? 'admin.administrator_roles.holders.newest' : 'admin.administrator_roles.holders'),
          empty: t('admin.administrator_roles.holders.none'),
          items: items.map((each) => ({ href: `/admin/users/${each.id}`, name: each.username })),
        }
      },
      ending: async (one) => [{ label: t('admin.administrator_roles.holders'), value: await names(one) }],
    },
  })
}
