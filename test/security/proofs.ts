import { createHash } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** A key that signs DPoP proofs (RFC 9449 §4), well or badly. */
export interface Prover {
  privateKey: CryptoKey
  jwk: JWK
  jkt: string
}

export async function createProver(alg = 'ES256'): Promise<Prover> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  return { privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) }
}

export interface ProofOptions {
  claims?: Record<string, unknown>
  header?: Record<string, unknown>
  accessToken?: string
  signer?: CryptoKey | Uint8Array
}

/** A proof for one request; what is undefined in `claims` is left out. */
export async function prove(
  prover: Prover,
  htm: string,
  htu: string,
  options: ProofOptions = {},
): Promise<string> {
  const claims: Record<string, unknown> = {
    htm,
    htu,
    jti: crypto.randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    ...(options.accessToken && {
      ath: createHash('sha256').update(options.accessToken).digest('base64url'),
    }),
    ...options.claims,
  }
  for (const [name, value] of Object.entries(claims)) if (value === undefined) delete claims[name]
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: prover.jwk, ...options.header })
    .sign(options.signer ?? prover.privateKey)
}
