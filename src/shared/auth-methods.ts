/** How a client may authenticate at the token endpoint (RFC 7591 §2, OpenID Connect Core §9), in the words of forms and pages. */
export const AUTH_METHODS_IN_WORDS = {
  client_secret_basic: 'A secret, in the header (client_secret_basic)',
  client_secret_post: 'A secret, in the body (client_secret_post)',
  private_key_jwt: 'Its private key (private_key_jwt)',
  none: 'Nothing: a public client, with PKCE (none)',
} as const
