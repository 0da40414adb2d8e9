import type { Clock } from '../shared/clock.ts'
import { AppError, VersionConflict } from '../shared/errors.ts'
import type { ClientStore, LockedClient } from './store.ts'
import { versionOf } from './view.ts'

/** The version that an edit was made from; refused when it is not the client's any more. */
export interface IfVersion {
  ifVersion?: string | undefined
}

/**
 * Changes a client while it is locked against other edits.
 * @throws AppError client_not_found (404) · version_conflict (409)
 */
export type EditClient = <Result>(
  id: string,
  change: (client: LockedClient) => Promise<Result>,
  given?: IfVersion,
) => Promise<Result>

export const createEditClient =
  (store: Pick<ClientStore, 'edit'>, clock: Clock): EditClient =>
  async (id, change, { ifVersion } = {}) => {
    const guarded = (client: LockedClient) => {
      if (ifVersion !== undefined && ifVersion !== versionOf(client.row)) throw new VersionConflict('client')
      return change(client)
    }
    const result = isClientId(id) ? await store.edit(id, new Date(clock()), guarded) : undefined
    if (result === undefined) throw clientNotFound()
    return result
  }

/** RFC 6749 appendix A.1: client-id = *VSCHAR. What is not one is not worth a query, and PostgreSQL rejects NUL. */
export const isClientId = (id: string): boolean => /^[\x20-\x7e]{1,100}$/.test(id)

export const clientNotFound = (): AppError =>
  new AppError('client_not_found', 404, 'There is no client with this ID.')
