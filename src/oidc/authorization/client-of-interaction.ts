import type { ShownClient } from '../../http/pages/pages.ts'
import { setBrand } from '../../shared/branded-by.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { namedOrganization } from '../organizations/standing.ts'

interface NamedClient {
  verified?: boolean
  metadata: { client_name: string; logo_uri?: string | undefined }
}

/** Messages that the request sends from then on wear its brand. @returns what finds the client that an interaction is for, by the interaction's uid; undefined: it is over, or never was */
export const clientOfInteraction =
  (deps: {
    artifacts: Pick<ArtifactStore, 'find'>
    findClient(clientId: string): Promise<NamedClient | undefined>
  }) =>
  async (uid: string): Promise<ShownClient | undefined> => {
    const { params } = (await deps.artifacts.find('Interaction', uid)) ?? {}
    const given = (params ?? {}) as Readonly<Record<string, unknown>>
    const { client_id: id } = given
    const client = typeof id === 'string' ? await deps.findClient(id) : undefined
    if (typeof id !== 'string' || client === undefined) return undefined
    const { client_name: name, logo_uri: logoUri } = client.metadata
    // As of clientView: what nobody has checked wears no logo and no brand.
    if (client.verified === false) return { name }
    const brand = { client: id, organization: namedOrganization(given) }
    setBrand(brand)
    return { name, logoUri, brand }
  }
