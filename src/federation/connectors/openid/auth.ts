import { importJWK } from 'jose'
import * as oidc from 'openid-client'
import { z } from 'zod'
import { message } from '../../../shared/locales/texts.ts'
import { rsaSizeProblem } from '../../../shared/rsa.ts'
import { type Registration, UpstreamError } from '../../connector.ts'
import { SIGNATURES, type Signature } from './metadata.ts'

/** How Latchkey proves who it is at the token endpoint (OpenID Connect Core §9). */
export const AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'none',
] as const

export type AuthMethod = (typeof AUTH_METHODS)[number]

const privateJwk = z.looseObject({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  crv: z.string().exactOptional(),
  d: z.string(),
  kid: z.string().exactOptional(),
  alg: z.enum(SIGNATURES).exactOptional(),
})

/** What the key signs with where it does not say so. */
function signatureOf({ kty, crv }: z.infer<typeof privateJwk>): Signature {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'OKP') return 'EdDSA'
  return crv === 'P-384' ? 'ES384' : 'ES256'
}

async function privateKeyJwt(secret: string): Promise<oidc.ClientAuth> {
  try {
    const jwk = privateJwk.parse(JSON.parse(secret))
    const problem = rsaSizeProblem(jwk)
    if (problem !== undefined)
      throw new UpstreamError('refused', `the private key of the client ${problem.english}`)
    const alg = jwk.alg ?? signatureOf(jwk)
    const key = await importJWK(jwk, alg)
    if (!(key instanceof CryptoKey)) throw new TypeError('not a private key')
    return oidc.PrivateKeyJwt(jwk.kid === undefined ? key : { key, kid: jwk.kid }, {
      // The library calls an Ed25519 signature so; most providers know it as EdDSA.
      [oidc.modifyAssertion]: (header) => {
        header.alg = alg
      },
    })
  } catch (error) {
    if (error instanceof UpstreamError) throw error
    // The cause would quote the key.
    throw new UpstreamError('refused', message('provider.problem.no_jwk'))
  }
}

/** @throws UpstreamError `refused` when the secret that the method needs is missing or no key */
export async function clientAuthentication(
  method: AuthMethod,
  { clientSecret }: Registration,
): Promise<oidc.ClientAuth> {
  if (method === 'none') return oidc.None()
  if (clientSecret === undefined || clientSecret === '')
    throw new UpstreamError('refused', message('provider.problem.no_secret', { method }))
  switch (method) {
    case 'client_secret_basic':
      return oidc.ClientSecretBasic(clientSecret)
    case 'client_secret_post':
      return oidc.ClientSecretPost(clientSecret)
    case 'client_secret_jwt':
      return oidc.ClientSecretJwt(clientSecret)
    case 'private_key_jwt':
      return privateKeyJwt(clientSecret)
  }
}
