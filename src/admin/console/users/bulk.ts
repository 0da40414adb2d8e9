import type { Groups } from '../../../access/groups/groups.ts'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { Bulk, BulkAct } from '../bulk.ts'

/** What is done to several people at once. */
export function usersBulk({
  users,
  groups,
}: {
  users: Pick<Accounts, 'byId' | 'disable' | 'enable'>
  groups: Pick<Groups, 'list' | 'addMember'>
}): Bulk {
  /** @param skips why nothing is done to an account */
  const look =
    (
      skips: (user: NonNullable<Awaited<ReturnType<Accounts['byId']>>>, by: string) => string | undefined,
    ): BulkAct['look'] =>
    async (id, by) => {
      const user = await users.byId(id)
      return user && { id, name: user.displayUsername, left: skips(user, by) }
    }
  return {
    section: 'users',
    list: '/admin/users',
    words: ['user', 'users'],
    acts: {
      disable: {
        permission: 'user.disable',
        label: 'Disable',
        danger: true,
        ends: 'Nobody signs in to them, and every session and token of theirs ends, until they are enabled again.',
        done: 'disabled',
        look: look((user, by) =>
          user.id === by ? 'it is you' : user.disabledAt === null ? undefined : 'disabled already',
        ),
        run: users.disable,
      },
      enable: {
        permission: 'user.enable',
        label: 'Enable',
        danger: false,
        ends: 'They may sign in again. Who was to be deleted is kept.',
        done: 'enabled',
        look: look((user) => (user.disabledAt === null ? 'not disabled' : undefined)),
        run: users.enable,
      },
      'add-to-group': {
        permission: 'group.add_member',
        label: 'Add to a group',
        verb: 'Add',
        danger: false,
        ends: 'They get what the group gives: its roles, and the apps that are for it. Who is in it already stays.',
        done: 'added to the group',
        choose: {
          label: 'Group',
          options: async () =>
            (await groups.list({ limit: 100 })).items.map(({ id, name }) => ({ value: id, label: name })),
        },
        look: look(() => undefined),
        run: (id, group) => groups.addMember(group, id),
      },
    },
  }
}
