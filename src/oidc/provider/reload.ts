import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JWK } from 'jose'
import type { Provider } from 'oidc-provider'
import type { SigningKeySet, SigningKeys } from '../keys/keys.ts'

/** The provider of this moment, rebuilt when the signing keys change (by a rotation here, or in another process). */
export interface ReloadableProvider {
  current(): Provider
  /** Public keys of ours that are good for checking what we signed, at this moment (SigningKeySet.accepted). */
  acceptedKeys(): readonly JWK[]
  /** Hands a request to it. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Looks whether the keys have changed, and if so swaps the provider. */
  refresh(): Promise<void>
  /** Looks every `interval` milliseconds until `close`. */
  watch(interval: number): void
  close(): Promise<void>
}

export async function createReloadableProvider(deps: {
  keys: SigningKeys
  build(keys: SigningKeySet): Provider
  onError(error: unknown): void
}): Promise<ReloadableProvider> {
  let keys = await deps.keys.load()
  let provider = deps.build(keys)
  let answer = provider.callback()
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined

  async function refresh(): Promise<void> {
    if ((await deps.keys.version()) === keys.version) return
    const next = await deps.keys.load()
    provider = deps.build(next)
    answer = provider.callback()
    keys = next
  }

  return {
    current: () => provider,
    acceptedKeys: () => keys.accepted,
    answer: async (request, response) => void (await answer(request, response)),
    refresh,
    watch(interval) {
      timer = setInterval(() => {
        looking ??= refresh()
          .catch(deps.onError)
          .finally(() => {
            looking = undefined
          })
      }, interval)
      timer.unref()
    },
    async close() {
      clearInterval(timer)
      await looking
    },
  }
}
