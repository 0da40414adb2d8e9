/**
 * What a client's registration says of PKCE. `auto`: PKCE or else a `nonce` with the scope openid, one of them always (RFC 9700
 * §2.1.1). `optional`: neither is asked for. A public client is `required`, whatever was chosen.
 */
export const PKCE_RULES = ['required', 'auto', 'optional'] as const
export type PkceRule = (typeof PKCE_RULES)[number]

/** What each rule does to a sign-in, for a form or a page. */
export const PKCE_IN_WORDS: Readonly<Record<PkceRule, string>> = {
  required: 'Required: a sign-in without PKCE is refused',
  auto: 'PKCE or a nonce: a sign-in that brings neither is refused',
  optional: 'Not asked for: a sign-in without PKCE and nonce goes on, and only the secret protects its code',
}
