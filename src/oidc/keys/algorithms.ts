import type { Configuration } from 'oidc-provider'
import { SIGNING_ALGORITHMS } from '../../shared/signing-algorithms.ts'

type Lists = NonNullable<Configuration['enabledJWA']>

/** Ed25519 is what EdDSA is called since RFC 9864; keys of clients go by either name. */
const OF_CLIENTS = [...SIGNING_ALGORITHMS, 'Ed25519'] as const

/**
 * Every list of algorithms that the library has, also for features that are switched off: its own defaults have HS256, `A*KW` and `dir`,
 * and the key of these is what is stored of a client secret, a hash. A thief of the database could sign request objects with it, and
 * decrypt responses. A list that is missing here does not compile.
 */
export const enabledAlgorithms: { [Name in keyof Required<Lists>]: NonNullable<Lists[Name]> } = {
  clientAuthSigningAlgValues: [...OF_CLIENTS],
  requestObjectSigningAlgValues: [...OF_CLIENTS],
  idTokenSigningAlgValues: [...SIGNING_ALGORITHMS],
  authorizationSigningAlgValues: [...SIGNING_ALGORITHMS],
  introspectionSigningAlgValues: [...SIGNING_ALGORITHMS],
  userinfoSigningAlgValues: [...SIGNING_ALGORITHMS],
  // No RSA: the key stands in the proof, anybody can send one, and a long one takes long to check.
  dPoPSigningAlgValues: ['ES256', 'EdDSA', 'Ed25519'],
  attestSigningAlgValues: ['ES256', 'EdDSA', 'Ed25519'],
  // Nothing is encrypted.
  authorizationEncryptionAlgValues: [],
  authorizationEncryptionEncValues: [],
  idTokenEncryptionAlgValues: [],
  idTokenEncryptionEncValues: [],
  introspectionEncryptionAlgValues: [],
  introspectionEncryptionEncValues: [],
  requestObjectEncryptionAlgValues: [],
  requestObjectEncryptionEncValues: [],
  userinfoEncryptionAlgValues: [],
  userinfoEncryptionEncValues: [],
}
