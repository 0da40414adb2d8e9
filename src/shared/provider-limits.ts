// What bounds the description of a sign-in provider, for what stores it, and for forms and APIs that take it.

/** Most characters. */
export const PROVIDER_LENGTHS = { issuer: 500, clientId: 500, clientSecret: 16_384 } as const

/** How managers of an organization may have the secret of their provider sent (OpenID Connect Core §9). The first one, unless said. */
export const OWN_AUTH_METHODS = ['client_secret_basic', 'client_secret_post'] as const
