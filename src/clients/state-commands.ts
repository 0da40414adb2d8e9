import type { Clock } from '../shared/clock.ts'
import type { Clients } from './clients.ts'
import type { EditClient, IfVersion } from './edits.ts'
import type { ClientEvent } from './events.ts'
import type { ClientStore } from './store.ts'
import { type ClientView, clientRecord, clientView } from './view.ts'

/** What cuts a client off, lets it in again, or says that it was looked at. */
export function createStateCommands(deps: {
  store: ClientStore
  edit: EditClient
  clock: Clock
  events(event: ClientEvent): void
  artifacts: { revokeByClient(clientId: string): Promise<void> }
  /** @throws AppError client_not_found (404) */
  get(id: string): Promise<ClientView>
}): Pick<Clients, 'disable' | 'enable' | 'delete' | 'setVerified'> {
  const { store, edit, clock, events, artifacts } = deps

  /** @returns the client as it was */
  const setDisabled = (id: string, disabledAt: Date | null, given?: IfVersion): Promise<ClientView> =>
    edit(
      id,
      async (client) => {
        await client.write({ disabledAt })
        return clientView(client.row, clock())
      },
      given,
    )

  return {
    async disable(id) {
      const { client_name, disabled } = await setDisabled(id, new Date(clock()))
      await artifacts.revokeByClient(id)
      const change = { before: { disabled }, after: { disabled: true } }
      events({ type: 'client.disabled', client_id: id, client_name, ...change })
    },

    async enable(id) {
      await deps.get(id)
      // What another process issued in the second in which it still remembered the client (for-protocol/recent.ts).
      await artifacts.revokeByClient(id)
      const { client_name, disabled } = await setDisabled(id, null)
      const change = { before: { disabled }, after: { disabled: false } }
      events({ type: 'client.enabled', client_id: id, client_name, ...change })
    },

    async setVerified(id, verified, given) {
      const change = async (client: { write(data: { verified: boolean }): Promise<void> }) => {
        await client.write({ verified })
        return true
      }
      await edit(id, change, given)
      events({ type: verified ? 'client.verified' : 'client.unverified', client_id: id })
    },

    // Disabled first: if ending its tokens fails, it stays cut off and the call can be repeated.
    async delete(id, given) {
      const view = await setDisabled(id, new Date(clock()), given)
      await artifacts.revokeByClient(id)
      await store.remove(id)
      const { client_name } = view
      events({ type: 'client.deleted', client_id: id, client_name, before: clientRecord(view) })
    },
  }
}
