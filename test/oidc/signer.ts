import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose'

/** A client's key pair, and what it signs with it. */
export async function createSigner(alg: string, kid = `${alg}-1`) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
  return {
    alg,
    kid,
    privateKey,
    publicKey,
    jwk,
    jwks: { keys: [jwk] },
    sign: (claims: Record<string, unknown>, header: Partial<JWTHeaderParameters> = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
  }
}

export type Signer = Awaited<ReturnType<typeof createSigner>>

/** A JWT without a signature, or with one made by other means. */
export const assemble = (header: object, claims: object, signature = '') =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.${signature}`
