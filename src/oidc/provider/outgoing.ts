import type { Configuration } from 'oidc-provider'
import { createGuardedFetch } from '../../http/outgoing/guarded-fetch.ts'
import type { PrivateHosts } from '../../http/outgoing/private-hosts.ts'
import { withoutUnfitKeys } from '../../shared/rsa.ts'

type Fetch = NonNullable<Configuration['fetch']>

/** The most that is read of a client's jwks_uri, in bytes. */
export const MAX_JWKS = 64 * 1024

/**
 * The requests that go where a client's registration says: for its keys, and to tell it of a sign-out. None is connected to an
 * address inside that the operator has not named (the library's own guard looks after the connection is made), no redirect is followed: an address was
 * registered, not wherever it leads. While the issuer itself is on loopback, so are the apps, and all addresses are open.
 */
export function createOutgoing(issuer: string, privateHosts: PrivateHosts): Fetch {
  const guarded = createGuardedFetch(issuer, privateHosts)
  return async (input, init) => {
    const response = await guarded(input, init as RequestInit)
    return init?.method === 'GET' ? withFitKeys(response) : response
  }
}

/** An answer with a client's keys, without those of a size that is not accepted. */
async function withFitKeys({ body, status, headers }: Response): Promise<Response> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_JWKS) throw new Error('response too large')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  // An empty body: some statuses must have none.
  return new Response(text === '' ? null : withoutUnfitKeys(text), { status, headers })
}
