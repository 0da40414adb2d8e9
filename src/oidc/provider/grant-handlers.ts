import type { IncomingMessage } from 'node:http'
import type { KoaContextWithOIDC, Provider, TokenEndpointGrantContext } from 'oidc-provider'
import { runInContext } from './context.ts'

/*
 * The handlers of grants, which the library keeps to itself: with all that ours have put around them. A fast path runs one outside of the
 * library's middlewares; what it refuses there, it refuses once more when the library gets the request, in the same words and without doing it again.
 */

type Handler = (ctx: TokenEndpointGrantContext<never>) => void | Promise<void>
type Names = string | readonly string[] | ReadonlySet<string>

const handlers = new WeakMap<Provider, Map<string, Handler>>()
const failures = new WeakMap<IncomingMessage, { ctx: KoaContextWithOIDC; error: unknown }>()

/** Has to be the innermost of the classes that change `registerGrantType`. */
export function withKnownHandlers(Library: typeof Provider): typeof Provider {
  return class extends Library {
    /** The library's constructor calls it for each grant that it knows. */
    override registerGrantType<Params extends object>(
      name: string,
      handler: (ctx: TokenEndpointGrantContext<Params>) => void | Promise<void>,
      params?: Names,
      duplicates?: Names,
    ): void {
      const known = handlers.get(this) ?? new Map<string, Handler>()
      handlers.set(this, known.set(name, handler as unknown as Handler))
      const once: typeof handler = async (ctx) => {
        const before = failures.get(ctx.req)
        if (before === undefined) return handler(ctx)
        // What rejections and events look at is as it was.
        const { entities, params } = before.ctx.oidc
        Object.assign(ctx.oidc.entities, entities)
        Object.assign(ctx.oidc.params, params)
        throw before.error
      }
      super.registerGrantType(name, once, params, duplicates)
    }
  }
}

/**
 * Runs the handler of a grant; it leaves the answer in `ctx.body`.
 * @returns false: it failed, and will do so in the same way when the library gets the request
 */
export async function handleGrant(
  provider: Provider,
  name: string,
  ctx: KoaContextWithOIDC,
): Promise<boolean> {
  const handler = handlers.get(provider)?.get(name)
  if (handler === undefined) return false
  try {
    await runInContext(ctx, () => handler(ctx as unknown as TokenEndpointGrantContext<never>))
    return true
  } catch (error) {
    failures.set(ctx.req, { ctx, error })
    return false
  }
}
