/**
 * What a client's registration says of PKCE. `auto`: PKCE or else a `nonce` with the scope openid, one of them always (RFC 9700
 * §2.1.1). `optional`: neither is asked for. A public client is `required`, whatever was chosen.
 */
export const PKCE_RULES = ['required', 'auto', 'optional'] as const
export type PkceRule = (typeof PKCE_RULES)[number]
