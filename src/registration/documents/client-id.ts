import { isPublicHost, type Reach } from '../../http/outgoing/addresses.ts'
import { isLoopbackHost } from '../../shared/loopback.ts'

/** Longer ones are refused; in a column and a cookie they have to have an end. */
const MAX_LENGTH = 500

/**
 * Whether a client_id is the URL of a client metadata document (draft-ietf-oauth-client-id-metadata-document §3): https,
 * with a path, without user name, fragment or dot segments, and spelt as a URL library spells it, so that one document has
 * one client_id. Plain http is for documents on this machine, while the server is on it too.
 */
export function documentUrl(clientId: string, reach: Reach): URL | undefined {
  if (!/^https?:\/\//.test(clientId) || clientId.length > MAX_LENGTH) return undefined
  const url = URL.parse(clientId)
  if (url === null || url.href !== clientId || url.pathname === '/') return undefined
  if (url.username !== '' || url.password !== '' || clientId.includes('#')) return undefined
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) return undefined
  return isPublicHost(url.hostname, reach) ? url : undefined
}
