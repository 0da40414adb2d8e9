import {
  constants,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { JWK } from 'jose'
import { ExternalSigningKey } from 'oidc-provider'
import { own } from '../../shared/own.ts'
import type { SigningAlgorithm } from '../../shared/signing-algorithms.ts'

const signAside = promisify(sign)

/** How `node:crypto` makes the signatures of an algorithm (RFC 7518 §3.3 to 3.5, RFC 8037 §3.1). */
interface Recipe {
  digest: string | null
  options?: { dsaEncoding: 'ieee-p1363' } | { padding: number; saltLength: number }
  /** A signature takes long, and is made by a thread beside; what is made at once costs half as much. */
  aside?: true
}

const RECIPES: Readonly<Record<SigningAlgorithm, Recipe>> = {
  ES256: { digest: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { digest: null },
  RS256: { digest: 'sha256', aside: true },
  PS256: {
    digest: 'sha256',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
    aside: true,
  },
}

/**
 * A signing key whose signatures `node:crypto` makes. The library's own go through WebCrypto, a job of a thread for each: for ES256 that
 * costs more than the signature.
 */
class Signer extends ExternalSigningKey {
  readonly #recipe: Recipe
  readonly #private: KeyObject
  readonly #public: KeyObject

  constructor(jwk: JWK, recipe: Recipe) {
    super()
    this.#recipe = recipe
    this.#private = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
    this.#public = createPublicKey(this.#private)
    // `sign` reads its options of what it is given: of the key itself they cost half of what they do of an object around it.
    Object.assign(this.#private, recipe.options)
    Object.assign(this, { kid: jwk.kid, alg: jwk.alg })
  }

  override keyObject(): KeyObject {
    return this.#public
  }

  override sign(data: Uint8Array): Promise<Uint8Array> | Uint8Array {
    const { digest, aside } = this.#recipe
    return aside ? signAside(digest, data, this.#private) : sign(digest, data, this.#private)
  }
}

/** Private keys as the library signs with them; one of an algorithm that is not known here as it is. */
export const signersOf = (jwks: readonly JWK[]): (JWK | ExternalSigningKey)[] =>
  jwks.map((jwk) => {
    const recipe = own(RECIPES, jwk.alg ?? '')
    return recipe ? new Signer(jwk, recipe) : jwk
  })
