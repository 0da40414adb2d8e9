import type { Reach } from './addresses.ts'
import { guardedLookup, refuseAddressInside } from './guarded-lookup.ts'
import type { PrivateHosts } from './private-hosts.ts'

/** The HTTP client below `fetch`: it is part of Node, which names it nowhere but here. */
interface AgentClass {
  new (options: { connect: object }): object
}

function agentClass(): AgentClass {
  // Reading it loads the client. What reads it has to count: compiling leaves out what does nothing.
  const loaded = typeof Response === 'function'
  const known = globalThis as Record<symbol, { constructor: AgentClass } | undefined>
  const agent = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1']
    .map((name) => known[Symbol.for(name)])
    .find((found) => found !== undefined)
  if (!loaded || agent === undefined)
    throw new Error('this version of Node has no HTTP client that outgoing requests can be guarded in')
  return agent.constructor
}

/**
 * A fetch that is connected to no address inside that the operator has not named, and follows no redirect: an address was
 * given, not wherever it leads. While the issuer itself is on loopback, so is what belongs to it, and all addresses are open.
 */
export function createGuardedFetch(issuer: string, privateHosts: PrivateHosts): typeof fetch {
  const reach: Reach = { allowLoopback: false, privateHosts }
  const guarded = issuer.startsWith('https:')
  const dispatcher = guarded ? new (agentClass())({ connect: { lookup: guardedLookup(reach) } }) : undefined
  return async (input, init) => {
    if (guarded) refuseAddressInside(new URL(String(input)), reach)
    const { dispatcher: _theirs, ...options } = (init ?? {}) as RequestInit & { dispatcher?: unknown }
    return fetch(input, { redirect: 'error', ...options, ...(dispatcher && { dispatcher }) } as RequestInit)
  }
}
