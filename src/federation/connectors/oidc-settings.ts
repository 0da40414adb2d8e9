import { z } from 'zod'
import { isAcceptableUrl } from '../upstream.ts'
import { AUTH_METHODS } from './openid/auth.ts'
import { claimNames } from './openid/claims.ts'
import { SIGNATURES } from './openid/metadata.ts'

const example = 'such as https://login.example.com'

/** An issuer identifier (OpenID Connect Core §2). It is compared character by character, so it is not normalised. */
export const issuer = z
  .string({ error: `the provider's issuer, ${example}` })
  .max(500)
  .refine(isAcceptableUrl, { error: `an https URL, ${example}` })
  .refine((value) => !/[?#\s]/.test(value), { error: 'without query, fragment and spaces' })
  .refine((value) => !value.includes('/.well-known/'), { error: 'without /.well-known/… at its end' })

/** RFC 6749 §3.3 */
const scope = z
  .string()
  .max(500)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/, {
    error: 'scopes with one space between them',
  })
  .refine((value) => value.split(' ').includes('openid'), { error: 'must contain openid' })

export const oidcSettings = z.strictObject({
  issuer,
  auth_method: z.enum(AUTH_METHODS).default('client_secret_basic'),
  /** Default: what the provider offers out of the list. */
  id_token_alg: z.enum(SIGNATURES).optional(),
  scope: scope.default('openid profile email'),
  claims: claimNames,
  /** Addresses count as verified although the provider does not say so. Entra ID never says so. */
  trust_email: z.boolean().default(false),
})

export type OidcSettings = z.infer<typeof oidcSettings>
