import type { ShownClient } from '../../http/pages/pages.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'

interface NamedClient {
  metadata: { client_name: string; logo_uri?: string | undefined }
}

/** @returns what finds the client that an interaction is for, by the interaction's uid; undefined: it is over, or never was */
export const clientOfInteraction =
  (deps: {
    artifacts: Pick<ArtifactStore, 'find'>
    findClient(clientId: string): Promise<NamedClient | undefined>
  }) =>
  async (uid: string): Promise<ShownClient | undefined> => {
    const { params } = (await deps.artifacts.find('Interaction', uid)) ?? {}
    const { client_id: id } = (params ?? {}) as { client_id?: unknown }
    const client = typeof id === 'string' ? await deps.findClient(id) : undefined
    return client && { name: client.metadata.client_name, logoUri: client.metadata.logo_uri }
  }
