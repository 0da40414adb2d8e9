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

/** Bytes of each of the two numbers of an ES256 signature. */
const HALF = 32

/**
 * R and S of an ES256 signature one after the other (RFC 7518 §3.4). `node:crypto` does that too (`dsaEncoding`), and takes as long for it as for
 * two thirds of a signature, since it exports the key each time.
 * @param der SEQUENCE { INTEGER r, INTEGER s }, with lengths of one byte (RFC 3279 §2.2.3)
 */
export function concatenated(der: Buffer): Buffer {
  const both = Buffer.alloc(2 * HALF)
  let start = 2
  for (const end of [HALF, 2 * HALF]) {
    const length = der[start + 1] ?? 0
    const number = der.subarray(start + 2, start + 2 + length)
    // A byte of zero stands before a high bit; leading ones of a small number are left out.
    const digits = number.subarray(Math.max(0, length - HALF))
    digits.copy(both, end - digits.length)
    start += 2 + length
  }
  return both
}

/** How `node:crypto` makes the signatures of an algorithm (RFC 7518 §3.3 to 3.5, RFC 8037 §3.1). */
interface Recipe {
  /** That of its keys (RFC 7518 §3.4). */
  curve?: string
  digest: string | null
  options?: { padding: number; saltLength: number }
  /** What a signature becomes in a JWS. */
  encode?: (signature: Buffer) => Buffer
  /** A signature takes long, and is made by a thread beside; what is made at once costs half as much. */
  aside?: true
}

const RECIPES: Readonly<Record<SigningAlgorithm, Recipe>> = {
  ES256: { curve: 'P-256', digest: 'sha256', encode: concatenated },
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
    const { digest, encode, aside } = this.#recipe
    if (aside) return signAside(digest, data, this.#private)
    const signature = sign(digest, data, this.#private)
    return encode ? encode(signature) : signature
  }
}

/** Private keys as the library signs with them; one of an algorithm or a curve that is not known here as it is: the library judges it. */
export const signersOf = (jwks: readonly JWK[]): (JWK | ExternalSigningKey)[] =>
  jwks.map((jwk) => {
    const recipe = own(RECIPES, jwk.alg ?? '')
    return recipe && (recipe.curve ?? jwk.crv) === jwk.crv ? new Signer(jwk, recipe) : jwk
  })
