import type { Clock } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import type { Clients } from './clients.ts'
import type { EditClient, IfVersion } from './edits.ts'
import type { ClientEvent } from './events.ts'
import type { Revocations } from './revocation/revocation.ts'
import type { LockedClient } from './store.ts'
import { type ClientView, clientRecord, clientView } from './view.ts'

/** What cuts a client off, lets it in again, or says that it was looked at. */
export function createStateCommands(deps: {
  edit: EditClient
  clock: Clock
  events(event: ClientEvent): void
  revocations: Revocations
  /** Told when what a client was issued could not be ended at once. */
  failed(error: unknown): void
  /** @throws AppError client_not_found (404) */
  get(id: string): Promise<ClientView>
}): Pick<Clients, 'disable' | 'enable' | 'delete' | 'setVerified'> {
  const { edit, clock, events, revocations, failed } = deps

  /** @returns the client as it was */
  const change = (
    id: string,
    how: (client: LockedClient) => Promise<void>,
    given?: IfVersion,
  ): Promise<ClientView> =>
    edit(
      id,
      async (client) => {
        const before = clientView(client.row, clock())
        await how(client)
        return before
      },
      given,
    )

  /** What is not ended now is noted, and the job goes on with it. */
  const revoke = async (id: string): Promise<void> => {
    await revocations.begin(id).catch(failed)
  }

  return {
    async disable(id) {
      const at = new Date(clock())
      const { client_name, disabled } = await change(id, async (client) => {
        await client.write({ disabledAt: at })
        await client.noteRevocation(at)
      })
      const changed = { before: { disabled }, after: { disabled: true } }
      events({ type: 'client.disabled', client_id: id, client_name, ...changed })
      await revoke(id)
    },

    async enable(id) {
      // Another process may have issued something in the second in which it still knew the client (for-protocol/recent.ts).
      if ((await deps.get(id)).disabled && !(await revocations.begin(id))) throw stillRevoking()
      const { client_name, disabled } = await change(id, async (client) => {
        await client.write({ disabledAt: null })
        await client.dropRevocation()
      })
      const changed = { before: { disabled }, after: { disabled: false } }
      events({ type: 'client.enabled', client_id: id, client_name, ...changed })
    },

    async setVerified(id, verified, given) {
      await change(id, (client) => client.write({ verified }), given)
      events({ type: verified ? 'client.verified' : 'client.unverified', client_id: id })
    },

    // Gone from one moment on, with a note of what is to be ended: its ID is never given again.
    async delete(id, given) {
      const view = await change(
        id,
        async (client) => {
          await client.noteRevocation(new Date(clock()))
          await client.remove()
        },
        given,
      )
      const { client_name } = view
      events({ type: 'client.deleted', client_id: id, client_name, before: clientRecord(view) })
      await revoke(id)
    },
  }
}

const stillRevoking = (): AppError =>
  new AppError(
    'client_still_revoking',
    409,
    'What the client was issued is still being ended. It can be enabled when that is done, in a few minutes.',
  )
