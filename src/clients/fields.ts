import { z } from 'zod'
import { DEVICE_CODE_GRANT } from '../shared/device-code.ts'
import { isLoopbackHost } from '../shared/loopback.ts'
import { PKCE_RULES } from '../shared/pkce-rule.ts'
import { SIGNING_ALGORITHMS } from '../shared/signing-algorithms.ts'
import { PROFILES } from './fapi-profile.ts'
import { jwksSchema } from './jwks.ts'

export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  DEVICE_CODE_GRANT,
] as const
export const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` })

const yesOrNo = z.boolean({ error: 'must be true or false' })

/** What would let one client pass for another: characters that are not seen, or that reorder the others (UAX #9). */
const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Co}\u00AD\u061C\u115F\u1160\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\u{E0000}-\u{E007F}]/u

const text = z
  .string({ error: 'must be text' })
  .trim()
  .min(1, { error: 'must not be empty' })
  .max(200, { error: 'is longer than 200 characters' })
  .refine((value) => !UNSEEN.test(value), { error: 'contains control characters or invisible ones' })

/** Pages and keys of the client: https, so that what the consent page shows or a signature rests on is the client's own. */
const httpsUrl = z.string({ error: 'must be an https URL' }).refine((value) => webUrl(value, ['https:']), {
  error: 'must be an https URL without user name and fragment, for example https://app.example/logo.png',
})

const uriList = z
  .array(z.string({ error: 'must contain text only' }), { error: 'must be a list of URIs' })
  .max(100, { error: 'has more than 100 entries' })
  .transform((values) => [...new Set(values)])

/**
 * RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), separated by spaces. No other white space is taken for one:
 * a reader that splits at spaces alone would see another scope.
 */
export const scopeText = z
  .string({ error: 'must be text: scope values separated by spaces' })
  .max(2000, { error: 'is longer than 2000 characters' })
  .regex(/^ *[\x21\x23-\x5b\x5d-\x7e]+( +[\x21\x23-\x5b\x5d-\x7e]+)* *$/, {
    error: 'must be scope values separated by spaces, for example "openid profile email"',
  })
  .transform((value) => [...new Set(value.split(' ').filter(Boolean))].join(' '))

/** The fields of a registration, one by one: RFC 7591 §2 and the specifications that add to it. */
export const registrationFields = {
  client_name: text,
  redirect_uris: uriList,
  post_logout_redirect_uris: uriList,
  grant_types: z
    .array(oneOf(GRANT_TYPES), { error: `must be a list of ${GRANT_TYPES.join(', ')}` })
    .transform((values) => [...new Set(values)]),
  response_types: z.array(z.literal('code', { error: 'must be ["code"]' }), { error: 'must be ["code"]' }),
  scope: scopeText,
  token_endpoint_auth_method: oneOf(AUTH_METHODS),
  token_endpoint_auth_signing_alg: oneOf(SIGNING_ALGORITHMS),
  jwks: jwksSchema,
  jwks_uri: httpsUrl,
  application_type: oneOf(['web', 'native']),
  logo_uri: httpsUrl,
  client_uri: httpsUrl,
  policy_uri: httpsUrl,
  tos_uri: httpsUrl,
  id_token_signed_response_alg: oneOf(SIGNING_ALGORITHMS),
  id_token_identity_claims: yesOrNo,
  backchannel_logout_uri: z
    .string({ error: 'must be an https URL' })
    .refine((value) => webUrl(value, ['https:']) || loopbackUrl(value), {
      error:
        'must be an https URL (http on loopback only) without fragment, like https://app.example/backchannel-logout',
    }),
  backchannel_logout_session_required: yesOrNo,
  require_pushed_authorization_requests: yesOrNo,
  dpop_bound_access_tokens: yesOrNo,
  request_object_signing_alg: oneOf(SIGNING_ALGORITHMS),
  require_signed_request_object: yesOrNo,
  authorization_signed_response_alg: oneOf(SIGNING_ALGORITHMS),
  default_max_age: z
    .int({ error: 'must be a whole number of seconds, 0 or more, for example 3600' })
    .min(0, { error: 'must be a whole number of seconds, 0 or more, for example 3600' }),
  contacts: z
    .array(z.email({ error: 'must contain e-mail addresses only' }), {
      error: 'must be a list of e-mail addresses',
    })
    .max(10, { error: 'has more than 10 entries' }),
  software_id: text,
  pkce: oneOf(PKCE_RULES),
  first_party: yesOrNo,
  profile: oneOf(PROFILES),
}

export type FieldName = keyof typeof registrationFields
export type FieldValues = { [Name in FieldName]?: z.output<(typeof registrationFields)[Name]> }

function webUrl(value: string, protocols: readonly string[]): boolean {
  const url = URL.parse(value)
  return (
    url !== null &&
    protocols.includes(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    value.length <= 2000 &&
    /^[\x21-\x7e]+$/.test(value) &&
    !/[#\\]/.test(value)
  )
}

const loopbackUrl = (value: string): boolean =>
  webUrl(value, ['http:']) && isLoopbackHost(new URL(value).hostname)
