import { unlessCode } from '../../../shared/errors.ts'
import type { TextKey } from '../../../shared/locales/texts.ts'
import { personCalling, refuseAdminClients } from '../../rest/machine.ts'
import { type Bulk, type BulkAct, bulkTexts, isRefused } from '../bulk.ts'
import type { ClientsDependencies } from './dependencies.ts'

/** What is done to several clients at once. */
export function clientsBulk({ clients }: Pick<ClientsDependencies, 'clients'>): Bulk {
  const look =
    (disabled: boolean, why: TextKey): BulkAct['look'] =>
    async (id) => {
      const client = await clients.get(id).catch(unlessCode('client_not_found'))
      if (!client) return undefined
      const beyond = isRefused(() => refuseAdminClients(personCalling(), client))
      const left = beyond ? 'admin.bulk.clients.beyond' : client.disabled === disabled ? why : undefined
      return { id, name: client.client_name, left }
    }
  return {
    section: 'clients',
    list: '/admin/clients',
    left: 'admin.bulk.clients.left',
    acts: {
      disable: {
        permission: 'client.disable',
        danger: true,
        texts: bulkTexts('clients.disable'),
        look: look(true, 'admin.bulk.disabled_already'),
        run: clients.disable,
      },
      enable: {
        permission: 'client.enable',
        danger: false,
        texts: bulkTexts('clients.enable'),
        look: look(false, 'admin.bulk.not_disabled'),
        run: clients.enable,
      },
    },
  }
}
