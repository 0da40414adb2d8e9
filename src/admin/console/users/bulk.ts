import type { Groups } from '../../../access/groups/groups.ts'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { TextKey } from '../../../shared/locales/texts.ts'
import { personCalling, refuseAdministrators } from '../../rest/machine.ts'
import { groupChoices } from '../access/form.ts'
import { type Bulk, type BulkAct, bulkTexts, isRefused } from '../bulk.ts'

/** What is done to several people at once. */
export function usersBulk({
  users,
  groups,
}: {
  users: Pick<Accounts, 'byId' | 'disable' | 'enable'>
  groups: Pick<Groups, 'list' | 'addMember' | 'find'>
}): Bulk {
  /** @param skips why nothing is done to an account */
  const look =
    (
      skips: (user: NonNullable<Awaited<ReturnType<Accounts['byId']>>>, by: string) => TextKey | undefined,
    ): BulkAct['look'] =>
    async (id, by) => {
      const user = await users.byId(id)
      if (user === undefined) return undefined
      const beyond = isRefused(() => refuseAdministrators(personCalling(), user))
      const left = beyond ? 'admin.bulk.users.beyond' : skips(user, by)
      return { id, name: user.displayUsername, left }
    }
  return {
    section: 'users',
    list: '/admin/users',
    left: 'admin.bulk.users.left',
    acts: {
      disable: {
        permission: 'user.disable',
        danger: true,
        texts: bulkTexts('users.disable'),
        look: look((user, by) =>
          user.id === by
            ? 'admin.bulk.users.you'
            : user.disabledAt === null
              ? undefined
              : 'admin.bulk.disabled_already',
        ),
        run: users.disable,
      },
      enable: {
        permission: 'user.enable',
        danger: false,
        texts: bulkTexts('users.enable'),
        look: look((user) => (user.disabledAt === null ? 'admin.bulk.not_disabled' : undefined)),
        run: users.enable,
      },
      'add-to-group': {
        permission: 'group.add_member',
        danger: false,
        texts: bulkTexts('users.group'),
        choose: {
          label: 'admin.common.group',
          options: () => groupChoices(groups, new Set()),
          pick: async (idOrName) => (await groups.find(idOrName.trim())).id,
        },
        look: look(() => undefined),
        run: (id, group) => groups.addMember(group, id),
      },
    },
  }
}
