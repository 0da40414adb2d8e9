import type { ArtifactStore } from '../../storage/artifacts/store.ts'

/** What is in use of a client, and ends with it. */
export interface ClientUsage {
  /** Accounts that have allowed the client something. */
  people: number
  /** Their sign-ins at the client that are still on. */
  grants: number
  /** Access and refresh tokens that work now; JWT access tokens are not stored, and not counted. */
  tokens: number
}

const TOKENS = ['AccessToken', 'RefreshToken', 'ClientCredentials']

/** @returns what counts the usage of a client */
export const createClientUsage =
  (artifacts: Pick<ArtifactStore, 'countByClient'>) =>
  async (clientId: string): Promise<ClientUsage> => {
    const counts = await artifacts.countByClient(clientId)
    const of = (model: string) => counts.find((each) => each.model === model)
    return {
      people: of('Consent')?.accounts ?? 0,
      grants: of('Grant')?.count ?? 0,
      tokens: TOKENS.reduce((sum, model) => sum + (of(model)?.count ?? 0), 0),
    }
  }
