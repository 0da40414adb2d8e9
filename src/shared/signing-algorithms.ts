/**
 * What the server signs with, and what clients and APIs may choose of: one key is kept for each. No `none`, and nothing symmetric:
 * what is stored of a client secret is a hash, which would be the key (docs/security-model.md).
 */
export const SIGNING_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

/** Of a name that a library or a row gives. */
export const isSigningAlgorithm = (name: unknown): name is SigningAlgorithm =>
  (SIGNING_ALGORITHMS as readonly unknown[]).includes(name)

/** Those that FAPI 2.0 allows (Security Profile §5.4.1). */
export const FAPI_ALGORITHMS = ['PS256', 'ES256', 'EdDSA'] as const satisfies readonly SigningAlgorithm[]
