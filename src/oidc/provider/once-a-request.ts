import type { KoaContextWithOIDC } from 'oidc-provider'

/** Memoizes a look-up by id for the length of one request of the protocol, of which several steps need it. */
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
