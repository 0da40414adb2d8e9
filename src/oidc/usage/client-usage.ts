import type { ArtifactStore } from '../../storage/artifacts/store.ts'

/** What is in use of a client, and ends with it. */
export interface ClientUsage {
  /** Accounts that have allowed the client something. */
  people: number
  /** Their sign-ins at the client that are still on. */
  grants: number
}

/** More than this is not counted, so that the page of a large client costs no more than that of a small one. */
export const COUNTED = 1000

/** @returns what counts the usage of a client; a number above `COUNTED` says that there are more than that */
export const createClientUsage =
  (artifacts: Pick<ArtifactStore, 'countByClient'>) =>
  async (clientId: string): Promise<ClientUsage> => {
    const [consents, grants] = await Promise.all([
      artifacts.countByClient(clientId, 'Consent', COUNTED + 1),
      artifacts.countByClient(clientId, 'Grant', COUNTED + 1),
    ])
    return { people: consents.accounts, grants: grants.count }
  }
