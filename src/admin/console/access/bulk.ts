import type { Groups } from '../../../access/groups/groups.ts'
import type { Roles } from '../../../access/roles/roles.ts'
import { unlessCode } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { type Bulk, bulkTexts } from '../bulk.ts'
import { countText, nameOfRole, pickedRole, roleChoices } from './form.ts'

/** What is done to several groups at once. */
export function groupsBulk({
  groups,
  roles,
}: {
  groups: Pick<Groups, 'get' | 'countMembers' | 'remove'>
  roles: Pick<Roles, 'list' | 'find' | 'assign'>
}): Bulk {
  /** With how many lose it, or get something by it. */
  const look = async (id: string) => {
    const group = await groups.get(id).catch(unlessCode('group_not_found'))
    if (!group) return undefined
    const members = await groups.countMembers(id)
    return { id, name: t('admin.bulk.groups.one', { name: group.name, members, shown: countText(members) }) }
  }
  return {
    section: 'groups',
    list: '/admin/groups',
    left: 'admin.bulk.groups.left',
    acts: {
      'give-role': {
        permission: 'role.assign',
        danger: false,
        texts: bulkTexts('groups.role'),
        choose: {
          label: 'admin.common.role',
          options: () => roleChoices(roles, new Set()),
          pick: (idOrName) => pickedRole(roles, idOrName),
        },
        look,
        run: (id, role) => roles.assign(role, { group: id }),
      },
      delete: {
        permission: 'group.delete',
        danger: true,
        texts: bulkTexts('groups.delete'),
        look,
        run: (id) => groups.remove(id),
      },
    },
  }
}

/** What is done to several roles at once. */
export const rolesBulk = (roles: Pick<Roles, 'get' | 'countAccounts' | 'groups' | 'remove'>): Bulk => ({
  section: 'roles',
  list: '/admin/roles',
  left: 'admin.bulk.roles.left',
  acts: {
    delete: {
      permission: 'role.delete',
      danger: true,
      texts: bulkTexts('roles.delete'),
      async look(id) {
        const role = await roles.get(id).catch(unlessCode('role_not_found'))
        if (!role) return undefined
        const [people, groups] = await Promise.all([roles.countAccounts(id), roles.groups(id)])
        return {
          id,
          name: t('admin.bulk.roles.one', {
            name: nameOfRole(role),
            ...{ people, shownPeople: countText(people) },
            ...{ groups: groups.length, shownGroups: countText(groups.length) },
          }),
        }
      },
      run: (id) => roles.remove(id),
    },
  },
})
