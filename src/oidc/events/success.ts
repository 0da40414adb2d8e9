import type { Provider } from 'oidc-provider'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import { requestOf } from '../provider/request.ts'

/** An authorization request that ends in a code counts for nothing; one that took a sign-in was two requests. */
export function giveSuccessBack(provider: Provider): void {
  provider.on('authorization.success', (ctx) => {
    const request = requestOf(ctx)
    if (request) void giveBack(request, ctx.oidc.route === 'resume' ? 2 : 1)
  })
}
