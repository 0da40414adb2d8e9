import type { Provider } from 'oidc-provider'
import type { SigningKeys } from './keys.ts'

/** The provider of this moment, rebuilt when the signing keys change (by a rotation here, or in another process). */
export interface HotProvider {
  current(): Provider
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
  let version = first.version
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined

  async function refresh(): Promise<void> {
    if ((await deps.keys.version()) === version) return
    const next = await deps.keys.load()
    provider = deps.build(next.jwks)
    version = next.version
  }

  return {
    current: () => provider,
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
