/**
 * What has to protect an authorization code from being injected into another session (RFC 9700 §2.1.1, §4.5): one rule for the
 * request, for the interaction that waits for a person, and for the code. That a code and its verifier fit is the library's check.
 */
import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { PkceRule } from '../../shared/pkce-rule.ts'
import { isClaimable } from './claimable.ts'

/** What a request, a waiting interaction and a code have in common. */
export interface Protected {
  redirectUri: unknown
  codeChallenge: unknown
  nonce: unknown
  scope: unknown
}

/** The protection that a client has to use and that a request lacks. */
export type MissingProtection = 'pkce' | 'pkce_or_nonce'

const given = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** A nonce protects by the id_token that carries it back, which there is with the scope openid only. */
const hasNonce = ({ nonce, scope }: Protected): boolean =>
  given(nonce) && typeof scope === 'string' && scope.split(' ').includes('openid')

/** Undefined: nothing is missing. */
export function missingProtection(client: Client, request: Protected): MissingProtection | undefined {
  if (given(request.codeChallenge)) return undefined
  // An attacker who receives the code there cannot redeem it without the verifier; a nonce is in the URL of the request, for all to read.
  if (isClaimable(request.redirectUri)) return 'pkce'
  const rule = client.pkce as PkceRule | undefined
  if (rule === 'optional') return undefined
  if (rule === 'auto') return hasNonce(request) ? undefined : 'pkce_or_nonce'
  return 'pkce'
}

/** What to do. The explanations know them by their beginnings. */
const MESSAGES: Readonly<Record<MissingProtection, string>> = {
  pkce: 'PKCE is required: send code_challenge with code_challenge_method=S256 (RFC 7636 section 4.3)',
  pkce_or_nonce:
    'PKCE or a nonce is required: send code_challenge with code_challenge_method=S256 or, with the scope openid, a nonce (RFC 9700 section 2.1.1)',
}

/** The line that switches PKCE on in the software that a request is of, where it is known. */
export type PkceLine = (userAgent: string | undefined, clientName: string | undefined) => string | undefined

const PLAIN: Readonly<Record<string, string>> = {
  '’': "'",
  '“': "'",
  '”': "'",
  '"': "'",
  '…': '...',
  '\\': '/',
}

/** Of the characters that an error_description may have (RFC 6749 §4.1.2.1). */
const plain = (text: string): string =>
  text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, (each) => PLAIN[each] ?? '')

/**
 * The library's question whether a request has to have a code_challenge, at the authorization endpoint and when it is pushed.
 * @returns a function that throws errors.InvalidRequest, which names what is missing and how to send it
 */
export const refuseUnprotected =
  (lineOf: PkceLine) =>
  (ctx: KoaContextWithOIDC, client: Client): boolean => {
    const params: Readonly<Record<string, unknown>> = ctx.oidc.params ?? {}
    const missing = missingProtection(client, {
      redirectUri: params.redirect_uri,
      codeChallenge: params.code_challenge,
      nonce: params.nonce,
      scope: params.scope,
    })
    if (missing === undefined) return false
    const line = lineOf(ctx.get('user-agent') || undefined, client.clientName)
    throw new errors.InvalidRequest([MESSAGES[missing], ...(line ? [plain(line)] : [])].join('. '))
  }
