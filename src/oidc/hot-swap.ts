import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import type { SigningKeys } from './keys.ts'

/** The provider of this moment, rebuilt when the signing keys change (by a rotation here, or in another process). */
export interface HotProvider {
  current(): Provider
  /** Hands a request to it. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Looks whether the keys have changed, and if so swaps the provider. */
  refresh(): Promise<void>
  /** Looks every `interval` milliseconds until `close`. */
  watch(interval: number): void
  close(): Promise<void>
}

type KeySet = Awaited<ReturnType<SigningKeys['load']>>

export async function createHotProvider(deps: {
  keys: SigningKeys
  build(jwks: KeySet['jwks']): Provider
  onError(error: unknown): void
}): Promise<HotProvider> {
  const first = await deps.keys.load()
  let provider = deps.build(first.jwks)
  let answer = provider.callback()
  let version = first.version
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined

  async function refresh(): Promise<void> {
    if ((await deps.keys.version()) === version) return
    const next = await deps.keys.load()
    provider = deps.build(next.jwks)
    answer = provider.callback()
    version = next.version
  }

  return {
    current: () => provider,
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
