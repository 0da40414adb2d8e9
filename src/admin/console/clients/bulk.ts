import { unlessCode } from '../../../shared/errors.ts'
import type { Bulk, BulkAct } from '../bulk.ts'
import type { ClientsDependencies } from './dependencies.ts'

/** What is done to several clients at once. */
export function clientsBulk({ clients }: Pick<ClientsDependencies, 'clients'>): Bulk {
  const look =
    (disabled: boolean, why: string): BulkAct['look'] =>
    async (id) => {
      const client = await clients.get(id).catch(unlessCode('client_not_found'))
      if (!client) return undefined
      return { id, name: client.client_name, left: client.disabled === disabled ? why : undefined }
    }
  return {
    section: 'clients',
    list: '/admin/clients',
    words: ['client', 'clients'],
    acts: {
      disable: {
        permission: 'client.disable',
        label: 'Disable',
        danger: true,
        ends: 'They can do nothing, as if they were not registered, and what they were issued ends, until they are enabled again.',
        done: 'disabled',
        look: look(true, 'disabled already'),
        run: clients.disable,
      },
      enable: {
        permission: 'client.enable',
        label: 'Enable',
        danger: false,
        ends: 'They work again. Their people sign in anew.',
        done: 'enabled',
        look: look(false, 'not disabled'),
        run: clients.enable,
      },
    },
  }
}
