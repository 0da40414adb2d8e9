import type { Provider } from 'oidc-provider'
import { settleCurrent } from '../../shared/audit-context.ts'

/**
 * Holds an answer of the library back until the audit entries of its request are on disk: a reply that was handed over
 * (provider/mount.ts) passes no `onSend` hook. An entry that cannot be written is an error of the request.
 */
export function recordBeforeAnswering(provider: Provider): void {
  provider.use(async (_ctx, next) => {
    await next()
    await settleCurrent()
  })
}
