import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { keepQuiet } from '../../http/logging/requests.ts'
import type { RequestOfContext } from '../provider/request.ts'

/** What is decided on a failed authentication: whether it is one of too many, and for how long, in milliseconds. */
interface Judgement {
  allowed: boolean
  left: number
}

export interface FailingClients {
  /** Notes a failed authentication, unless it is one of a client that fails over and over. */
  failed(ctx: KoaContextWithOIDC, request: RequestOfContext, note: () => void): void
}

/** Unknown client_ids share a count: an attacker gains no tries by a new one each time. */
const UNKNOWN = '?'

/**
 * A client in a loop with a wrong secret is answered 429 after a while, and no longer fills log, rejections and audit
 * log. Failures are counted after the fact, by address and client, and the right secret is never refused: else an attacker
 * at the same address could lock the client out.
 */
export function limitFailingClients(
  provider: Provider,
  deps: {
    count(request: RequestOfContext, clientId: string): Promise<Judgement>
  },
): FailingClients {
  const judged = new WeakMap<KoaContextWithOIDC, Promise<Judgement>>()

  provider.use(async (ctx, next) => {
    await next()
    const judgement = await judged.get(ctx as KoaContextWithOIDC)
    if (judgement === undefined || judgement.allowed) return
    ctx.status = 429
    ctx.remove('www-authenticate')
    ctx.set('retry-after', String(Math.max(1, Math.ceil(judgement.left / 1000))))
    const description =
      'This client fails to authenticate all the time. Correct its credentials, and try again later.'
    ctx.body = { error: 'temporarily_unavailable', error_description: description }
  })

  return {
    failed(ctx, request, note) {
      const judgement = deps.count(request, ctx.oidc.client?.clientId ?? UNKNOWN).then((judgement) => {
        if (judgement.allowed) note()
        else keepQuiet(request)
        return judgement
      })
      judged.set(ctx, judgement)
    },
  }
}
