import { compactVerify, createLocalJWKSet, decodeJwt, type JWK } from 'jose'
import type { Client, Provider } from 'oidc-provider'
import { SIGNING_ALGORITHMS } from '../../shared/signing-algorithms.ts'

/** An id_token of ours for a client, as the library hands it on. */
interface Checked {
  header: Record<string, unknown>
  payload: Record<string, unknown>
}

/**
 * Which id_tokens are accepted as `id_token_hint` (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2): those that we
 * signed for this client, expired or not, also by a key that is no longer published, and by whichever of our algorithms the
 * client had when it got it. Nothing else that we sign is one: access tokens and logout tokens say in `typ` what they are.
 * @returns what reads an id_token of ours, for whatever client
 */
export function acceptHints(provider: Provider, keys: readonly JWK[]): (jwt: string) => Promise<Checked> {
  const ours = createLocalJWKSet({ keys: [...keys] })
  const read = async (jwt: string): Promise<Checked> => {
    const { protectedHeader: header } = await compactVerify(jwt, ours, {
      algorithms: [...SIGNING_ALGORITHMS],
    })
    const payload = decodeJwt(jwt)
    const { iss, sub } = payload
    if (header.typ !== undefined && header.typ.toUpperCase() !== 'JWT') throw new Error('not an id_token')
    if (iss !== provider.issuer || typeof sub !== 'string') throw new Error('not an id_token of ours')
    return { header: { ...header }, payload }
  }
  const validate = async (jwt: string, client: Pick<Client, 'clientId'>): Promise<Checked> => {
    const checked = await read(jwt)
    if (checked.payload.aud !== client.clientId) throw new Error('an id_token of another client')
    return checked
  }
  Object.assign(provider.IdToken, { validate })
  return read
}
