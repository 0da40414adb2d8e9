import type { IncomingHttpHeaders } from 'node:http'
import type { Client } from 'oidc-provider'
import type { FormParameters } from './form.ts'

const BASIC = /^basic ([a-z\d+/]+={0,2})$/i
/** What every client_id and secret of ours is made of: it is the same however it is encoded (RFC 6749 §2.3.1). */
const PLAIN = /^[\w.~-]+$/

export interface Credentials {
  id: string
  secret: string
}

/** Undefined: they are not a secret by Basic or in the body, that way alone and as every client of ours sends it. */
export function plainCredentials(
  { authorization }: IncomingHttpHeaders,
  { client_id: id, client_secret: secret, client_assertion: assertion }: FormParameters,
): Credentials | undefined {
  if (assertion) return undefined
  if (authorization === undefined) return id && secret ? checked({ id, secret }) : undefined
  const encoded = BASIC.exec(authorization)?.[1]
  if (secret || encoded === undefined || encoded.length % 4 !== 0) return undefined
  const [name = '', value = '', ...more] = Buffer.from(encoded, 'base64').toString('latin1').split(':')
  if (more.length > 0 || (id && id !== name)) return undefined
  return checked({ id: name, secret: value })
}

const checked = (credentials: Credentials): Credentials | undefined =>
  PLAIN.test(credentials.id) && PLAIN.test(credentials.secret) ? credentials : undefined

/** Whether a secret is what a client authenticates by, and the right one. */
export const isAuthenticated = (client: Client, secret: string): boolean =>
  /^client_secret_(basic|post)$/.test(client.clientAuthMethod ?? '') &&
  !client.clientSecretExpiresAt &&
  (client.compareClientSecret(secret) as boolean)

/** Headers that ask for more than the plain case: CORS, proofs of possession, attestations. */
const OTHERS = ['origin', 'dpop', 'oauth-client-attestation', 'oauth-client-attestation-pop']

export const isPlain = (headers: IncomingHttpHeaders): boolean =>
  OTHERS.every((name) => headers[name] === undefined)
