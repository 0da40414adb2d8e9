/**
 * The resource server's side of OAuth 2.0, as a Fastify plugin: an API lets in callers with an access token of its
 * issuer. It works alone, with any issuer of JWT access tokens as in RFC 9068.
 *
 *   request ──► credentials ──► jwt (keys ◄── issuer) ──► dpop ──► scope ──► sign-in ──► request.token
 *                           └─► introspection ─────────────┘
 *
 * It does not issue, store or refresh tokens, and knows nothing of who may do what beyond scopes: whether a person may
 * see *this* record is the API's own decision, by `request.token.sub`.
 */
export type { ResourceServerOptions, SigningAlgorithm } from './options.ts'
export { resourceServer } from './plugin.ts'
export type { AccessToken } from './token.ts'
