import type { Configuration } from 'oidc-provider'
import type { Reach } from '../../http/outgoing/addresses.ts'
import { guardedLookup, refuseAddressInside } from '../../http/outgoing/guarded-lookup.ts'
import type { PrivateHosts } from '../../http/outgoing/private-hosts.ts'
import { withoutUnfitKeys } from '../../shared/rsa.ts'

type Fetch = NonNullable<Configuration['fetch']>

/** The most that is read of a client's jwks_uri, in bytes. */
export const MAX_JWKS = 64 * 1024

/** The HTTP client below `fetch`: it is part of Node, which names it nowhere but here. */
interface AgentClass {
  new (options: { connect: object }): object
}

function agentClass(): AgentClass {
  // Looking at it loads it.
  void Response
  const known = globalThis as Record<symbol, { constructor: AgentClass } | undefined>
  const agent = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1']
    .map((name) => known[Symbol.for(name)])
    .find((found) => found !== undefined)
  if (agent === undefined)
    throw new Error('this version of Node has no HTTP client that outgoing requests can be guarded in')
  return agent.constructor
}

/**
 * The requests that go where a client's registration says: for its keys, and to tell it of a sign-out. None is connected to an
 * address inside that the operator has not named (the library's own guard looks after the connection is made), no redirect is followed: an address was
 * registered, not wherever it leads. While the issuer itself is on loopback, so are the apps, and all addresses are open.
 */
export function createOutgoing(issuer: string, privateHosts: PrivateHosts): Fetch {
  const reach: Reach = { allowLoopback: false, privateHosts }
  const guarded = issuer.startsWith('https:')
  const dispatcher = guarded ? new (agentClass())({ connect: { lookup: guardedLookup(reach) } }) : undefined
  return async (input, init) => {
    if (guarded) refuseAddressInside(new URL(String(input)), reach)
    const { dispatcher: _theirs, ...options } = (init ?? {}) as RequestInit & { dispatcher?: unknown }
    const request = { redirect: 'error', ...options, ...(dispatcher && { dispatcher }) } as RequestInit
    const response = await fetch(input, request)
    return options.method === 'GET' ? withFitKeys(response) : response
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
