import { type Client, errors, type Provider } from 'oidc-provider'
import { BoundedMap } from '../../shared/bounded-map.ts'
import { AppError } from '../../shared/errors.ts'
import { type FindClient, type ProtocolClient, REDIRECTS } from './adapter.ts'

/** Clients of the library that are kept; the oldest goes first. */
const MAX_ENTRIES = 1000

/**
 * Keeps what the library makes of a client as long as the client has the same version. The library's own way hashes the whole
 * registration on every request. How new a client is, is decided where it is read (src/clients/for-protocol/recent.ts), not here.
 */
export function keepClients(provider: Provider, find: FindClient): void {
  const make = provider.Client.find.bind(provider.Client)
  const kept = new BoundedMap<string, { version: string; client: Client | undefined }>(MAX_ENTRIES)
  provider.Client.find = async (id) => {
    // A parameter that is sent twice is a list, which names no client.
    if (typeof id !== 'string') return undefined
    const found = await find(id)
    if (found === undefined) return undefined
    const known = kept.get(id)
    if (known?.version === found.version) return known.client
    const client = await make(id)
    if (client) Object.assign(client, redirectsOf(client))
    kept.set(id, { version: found.version, client })
    return client
  }
}

/**
 * Tells the developer of a client what is wrong with the document that the client_id names.
 * @param find @throws AppError client_document_refused (400), with what is wrong in its message
 */
export const refusingDocuments =
  (find: (clientId: string) => Promise<ProtocolClient | undefined>): FindClient =>
  (clientId) =>
    find(clientId).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'client_document_refused')
        throw new errors.InvalidClient(error.publicMessage, error.message)
      throw error
    })

/** All redirect URIs of a client, those of its app among them (adapter.ts). */
const redirectsOf = (client: Client) =>
  Object.fromEntries(
    REDIRECTS.flatMap(({ ofApp, made }) => {
      const more = client[ofApp]
      return Array.isArray(more) ? [[made, [...(client[made] ?? []), ...more]]] : []
    }),
  )
