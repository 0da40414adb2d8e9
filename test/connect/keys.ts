import { generateKeyPairSync, randomUUID } from 'node:crypto'

/** A key pair as a client makes one: the public half is registered, the private half is beside the program. */
export function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomUUID()
  return {
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }] },
    files: { 'private-key.jwk': JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid }) },
  }
}
