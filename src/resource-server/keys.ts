import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { FAILURE_PAUSE, getJson, type IssuerMetadata } from './issuer.ts'
import { createRemembered, type Remembered } from './remembered.ts'

const MINUTE = 60_000

export interface IssuerKeys {
  /** Finds the key of a token's header by `kid` and `alg`; `jwk`, `jku`, `x5c` and `x5u` in it are ignored. */
  find: JWTVerifyGetKey
  /** Loads the keys ahead of the first request. @throws Refusal 503 */
  warm(): Promise<void>
}

/**
 * The issuer's keys. Kept for ten minutes; an unknown `kid` loads them anew, but at most once in `cooldown` seconds, so
 * that a flood of made-up tokens costs one fetch. While the issuer is down, known keys work for an hour more.
 */
export function createIssuerKeys(options: {
  metadata: Remembered<IssuerMetadata>
  fetch: typeof fetch
  clock(): number
  /** Seconds. */
  cooldown: number
}): IssuerKeys {
  const keys = createRemembered({
    clock: options.clock,
    maxAge: 10 * MINUTE,
    staleFor: 60 * MINUTE,
    pause: { failure: FAILURE_PAUSE, renewal: options.cooldown * 1000 },
    async load() {
      const { jwks_uri } = await options.metadata.get()
      // createLocalJWKSet throws unless it is a key set.
      return createLocalJWKSet((await getJson(jwks_uri, options.fetch)) as JSONWebKeySet)
    },
  })
  return {
    async find(header, token) {
      const known = await keys.get()
      try {
        return await known(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
        const renewed = await keys.renew()
        if (renewed === undefined) throw error
        return renewed(header, token)
      }
    },
    async warm() {
      await keys.get()
    },
  }
}
