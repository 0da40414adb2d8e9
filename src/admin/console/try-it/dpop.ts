import { createHash, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/**
 * Proofs of possession (RFC 9449) with a key for one run; none for a client whose tokens are not bound.
 * `header` gives the header of a request. @param issuer where the endpoints are
 */
export async function createProofs(bound: boolean, issuer: string) {
  if (!bound)
    return {
      bound,
      header: async (
        _method: 'GET' | 'POST',
        _path: string,
        _token?: string,
      ): Promise<Record<string, string>> => ({}),
    }
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return {
    bound,
    async header(method: 'GET' | 'POST', path: string, token?: string): Promise<Record<string, string>> {
      const ath = token && createHash('sha256').update(token).digest('base64url')
      const proof = new SignJWT({
        htm: method,
        htu: `${issuer}${path}`,
        jti: randomUUID(),
        ...(ath && { ath }),
      })
      return {
        dpop: await proof
          .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
          .setIssuedAt()
          .sign(privateKey),
      }
    },
  }
}
