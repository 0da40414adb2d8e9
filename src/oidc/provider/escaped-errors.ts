import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { ProviderPages } from '../authorization/pages.ts'

/**
 * The library saves the session outside of its own error handler. What fails there would reach Koa, which prints a
 * stack and answers in plain text: here it gets the page or the JSON of any other error, its log line, and 503 when it
 * is an outage (outage.ts). No redirect and no cookie of the half-done answer goes out.
 */
export function answerEscapedErrors(provider: Provider, pages: Pick<ProviderPages, 'renderError'>): void {
  provider.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const context = ctx as KoaContextWithOIDC
      if (!(error instanceof Error) || context.oidc === undefined) throw error
      ctx.remove('location')
      ctx.remove('set-cookie')
      ctx.status = 500
      const out = { error: 'server_error', error_description: 'the request could not be completed' }
      if (ctx.accepts('json', 'html') === 'html') await pages.renderError(context, out, error)
      else ctx.body = out
      provider.emit('server_error', context, error)
    }
  })
}
