import type { KoaContextWithOIDC } from 'oidc-provider'

/** Reads what has this id once for each request of the protocol, however many steps of it ask. */
export function onceARequest<Found>(find: (id: string) => Promise<Found | undefined>) {
  const requests = new WeakMap<object, Map<string, Promise<Found | undefined>>>()
  return (ctx: KoaContextWithOIDC, id: string): Promise<Found | undefined> => {
    const known = requests.get(ctx.req) ?? new Map<string, Promise<Found | undefined>>()
    requests.set(ctx.req, known)
    const found = known.get(id) ?? find(id)
    known.set(id, found)
    return found
  }
}
