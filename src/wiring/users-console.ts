import type { UsersDependencies } from '../admin/console/users/routes.ts'
import { sentenceOf } from '../audit/event-types.ts'
import { listDevices } from '../oidc/sessions/devices.ts'
import type { Services } from '../services.ts'
import { connectedApps } from './consents.ts'

/** Entries of a person's history on their page; the audit log has the rest. */
const SHOWN = 10

/** What the users area of the console works with. */
export function usersConsole(services: Services): UsersDependencies {
  const { accounts, audit } = services
  const apps = connectedApps(services)
  return {
    users: {
      byId: accounts.byId,
      search: accounts.search,
      createByAdmin: accounts.createByAdmin,
      updateByAdmin: accounts.updateByAdmin,
      disable: accounts.disable,
      enable: accounts.enable,
      unlock: accounts.unlock,
      sendReset: accounts.sendReset,
      sendInvitation: accounts.sendInvitation,
      withdrawInvitation: accounts.withdrawInvitation,
      endSessions: accounts.endSessions,
      delete: accounts.delete,
      waysIn: accounts.linked.waysIn,
      devices: async (id) => listDevices(services, await accounts.byId(id)),
      async apps(id) {
        const allowed = await apps.list(id)
        return allowed.map(({ clientId, client, scopes }) => ({ clientId, name: client.name, scopes }))
      },
      async history(id) {
        const { items } = await audit.list({ target: id }, { limit: SHOWN })
        return items.map(({ seq, at, action, target, actor, address }) => ({
          at,
          what: sentenceOf(action, target?.name),
          by: [actor.name ?? actor.kind.replace('_', ' '), address].filter(Boolean).join(' from '),
          href: `/admin/audit/${seq}`,
        }))
      },
    },
  }
}
