import { AsyncLocalStorage } from 'node:async_hooks'
import { type Client, type KoaContextWithOIDC, Provider } from 'oidc-provider'

const ours = new AsyncLocalStorage<KoaContextWithOIDC>()

/** The context of the protocol's request that is under way: the library's, or the one of a fast path. */
export const currentContext = (): KoaContextWithOIDC | undefined => ours.getStore() ?? Provider.ctx

/** Does a piece of a request outside of the library's middlewares (fast-paths/library-grant.ts). */
export const runInContext = <Done>(ctx: KoaContextWithOIDC, work: () => Done): Done => ours.run(ctx, work)

/** A client by its id; the one that asks was looked up for that already. Undefined: there is none, or it is disabled. */
export async function clientById(provider: Provider, id: string): Promise<Client | undefined> {
  const asking = currentContext()?.oidc?.client
  return asking?.clientId === id ? asking : provider.Client.find(id)
}
