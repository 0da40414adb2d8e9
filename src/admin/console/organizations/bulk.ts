import type { Organizations } from '../../../organizations/organizations.ts'
import { unlessCode } from '../../../shared/errors.ts'
import type { TextKey } from '../../../shared/locales/texts.ts'
import { type Bulk, type BulkAct, bulkTexts } from '../bulk.ts'

/** What is done to several organizations at once. */
export function organizationsBulk(organizations: Pick<Organizations, 'get' | 'update'>): Bulk {
  const act = (disabled: boolean, why: TextKey): Pick<BulkAct, 'permission' | 'look' | 'run'> => ({
    permission: 'organization.update',
    async look(id) {
      const one = await organizations.get(id).catch(unlessCode('organization_not_found'))
      if (!one) return undefined
      return { id, name: one.name, left: one.disabled === disabled ? why : undefined }
    },
    run: (id) => organizations.update(id, { disabled }),
  })
  return {
    section: 'organizations',
    list: '/admin/organizations',
    left: 'admin.bulk.organizations.left',
    acts: {
      disable: {
        ...act(true, 'admin.bulk.disabled_already'),
        danger: true,
        texts: bulkTexts('organizations.disable'),
      },
      enable: {
        ...act(false, 'admin.bulk.not_disabled'),
        danger: false,
        texts: bulkTexts('organizations.enable'),
      },
    },
  }
}
