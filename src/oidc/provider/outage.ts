import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { AppError } from '../../shared/errors.ts'

/** Translates an error of the storage into the error that answers the request; returns any other error as it is. */
export type Translate = (error: unknown) => unknown

/** The error as one that passes (503), when it is one: the database is away, the server has too much to do. */
export function outageOf(error: unknown, translate: Translate): AppError | undefined {
  const known = translate(error)
  return known instanceof AppError && known.status === 503 ? known : undefined
}

/**
 * The library answers whatever it does not know with 500 `server_error`. For what passes by itself this makes it 503
 * `temporarily_unavailable` with Retry-After, so that clients try again instead of giving up (RFC 9110 §15.6.4).
 * A page was rendered by `renderError` (authorization/pages.ts), which says the same in words.
 */
export function answerOutages(provider: Provider, translate: Translate): void {
  provider.on('server_error', (ctx: KoaContextWithOIDC, error) => {
    const outage = outageOf(error, translate)
    if (outage === undefined) return
    ctx.status = outage.status
    ctx.set('retry-after', String(outage.retryAfter ?? 5))
    const { body } = ctx as { body: unknown }
    if (typeof body === 'object' && body !== null && 'error' in body)
      ctx.body = { error: 'temporarily_unavailable', error_description: outage.publicMessage }
  })
}
