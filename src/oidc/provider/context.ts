import { AsyncLocalStorage } from 'node:async_hooks'
import { type KoaContextWithOIDC, Provider } from 'oidc-provider'

const ours = new AsyncLocalStorage<KoaContextWithOIDC>()

/** The context of the protocol's request that is under way: the library's, or the one of a fast path. */
export const currentContext = (): KoaContextWithOIDC | undefined => ours.getStore() ?? Provider.ctx

/** Does a piece of a request outside of the library's middlewares (fast-paths/library-grant.ts). */
export const runInContext = <Done>(ctx: KoaContextWithOIDC, work: () => Done): Done => ours.run(ctx, work)
