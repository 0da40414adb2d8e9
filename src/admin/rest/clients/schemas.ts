import { z } from 'zod'
import { DEVICE_CODE_GRANT } from '../../../shared/device-code.ts'
import { PKCE_RULES } from '../../../shared/pkce-rule.ts'
import { field, flag, list, optionalBody, text } from '../schemas.ts'

const texts = z.array(z.string())
const seconds = z.int().meta({ description: 'Seconds since the epoch.' })

const secret = z.object({
  id: z.string(),
  issued_at: seconds,
  expires_at: z.int().meta({ description: 'Seconds since the epoch; 0: until it is replaced.' }),
  last_used_at: z.int().nullable().meta({ description: 'To the hour; null: never.' }),
})

/** Exactly what is shown of a client: what a service adds to its view stays inside until it is named here. */
const shape = {
  client_id: z.string().meta({ examples: ['lk_0f3c2a7d9be14c55a8d21f60c7e9b4aa'] }),
  client_id_issued_at: seconds,
  client_name: z.string(),
  redirect_uris: texts,
  post_logout_redirect_uris: texts,
  grant_types: texts,
  response_types: texts,
  token_endpoint_auth_method: z.string(),
  token_endpoint_auth_signing_alg: z.string().optional(),
  application_type: z.string(),
  id_token_signed_response_alg: z.string(),
  id_token_identity_claims: z.boolean(),
  scope: z.string().optional(),
  jwks: z.looseObject({}).optional().meta({ description: 'Public keys.' }),
  jwks_uri: z.string().optional(),
  logo_uri: z.string().optional(),
  client_uri: z.string().optional(),
  policy_uri: z.string().optional(),
  tos_uri: z.string().optional(),
  backchannel_logout_uri: z.string().optional(),
  backchannel_logout_session_required: z.boolean().optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  dpop_bound_access_tokens: z.boolean().optional(),
  request_object_signing_alg: z.string().optional(),
  require_signed_request_object: z.boolean().optional(),
  authorization_signed_response_alg: z.string().optional(),
  profile: z.string().optional().meta({ description: 'fapi2 or fapi2_message_signing.' }),
  default_max_age: z.int().optional(),
  contacts: texts.optional(),
  pkce: z.enum(PKCE_RULES),
  pkce_raised: z
    .boolean()
    .optional()
    .meta({ description: 'True: required by itself, since it always used PKCE. Set auto to take it back.' }),
  first_party: z.boolean(),
  disabled: z.boolean(),
  source: z.string().meta({ description: 'administrator, configuration, dynamic or open.' }),
  verified: z.boolean().meta({ description: 'False: it registered itself, and nobody has looked at it.' }),
  secrets: z.array(secret).meta({ description: 'Newest first; never their values.' }),
}

/** What is to be known of a client that was just made, changed or read. */
const warnings = z
  .array(z.string())
  .optional()
  .meta({ description: 'A scope that no API has, or that several have. Nothing is refused.' })

export const client = z
  .object(shape)
  .meta({ id: 'Client', description: 'A client in the names of RFC 7591.' })

/** The only answers with a secret in them. */
export const clientWithSecret = z
  .object({
    ...shape,
    warnings,
    client_secret: z.string().optional().meta({ description: 'Shown this once, when it was just made.' }),
    client_secret_expires_at: z.int().optional().meta({ description: '0: it does not expire.' }),
  })
  .meta({ id: 'ClientWithSecret' })

export const rotatedSecret = z.object({
  client_id: z.string(),
  client_secret: z.string().meta({ description: 'Shown this once.' }),
  client_secret_expires_at: z.int(),
  previous_secret_expires_at: z.int().meta({
    description: 'Seconds since the epoch; 0: the one before works no more.',
  }),
})

const registration = {
  client_name: text('What people see on the consent page.', 'Photo Shop'),
  redirect_uris: list('Where sign-in returns to; exact strings.', ['https://shop.example/callback']),
  post_logout_redirect_uris: list('Where sign-out may return to.'),
  grant_types: list(`authorization_code (default), refresh_token, client_credentials, ${DEVICE_CODE_GRANT}.`),
  response_types: list('Follows from grant_types; leave it out.'),
  scope: text('Scopes it may ask for; those of an API count only when named here.', 'openid profile email'),
  token_endpoint_auth_method: text(
    'client_secret_basic (default), client_secret_post, private_key_jwt, none.',
    'client_secret_basic',
  ),
  token_endpoint_auth_signing_alg: text('The only algorithm of its assertions.'),
  jwks: field({ type: 'object' }, 'Its public keys, for private_key_jwt.'),
  jwks_uri: text('Where its public keys are.'),
  application_type: text('web or native; derived unless given.'),
  id_token_signed_response_alg: text('RS256 (default), PS256, ES256, EdDSA.'),
  id_token_identity_claims: flag(
    'Name, e-mail and the other claims of the granted scopes are in the ID Token too, not at userinfo alone. True unless the client registered itself.',
  ),
  logo_uri: text('Its logo.'),
  client_uri: text('Its home page.'),
  policy_uri: text('Its privacy policy.'),
  tos_uri: text('Its terms of service.'),
  contacts: list('Who is responsible for it.'),
  backchannel_logout_uri: text('Told when a person signs out.'),
  backchannel_logout_session_required: flag('Told with the session id.'),
  require_pushed_authorization_requests: flag('Pushed requests only (RFC 9126).'),
  dpop_bound_access_tokens: flag('Tokens bound to a key only (RFC 9449).'),
  request_object_signing_alg: text('The only algorithm of its signed requests (RFC 9101).'),
  require_signed_request_object: flag('Signed requests only (RFC 9101).'),
  authorization_signed_response_alg: text(
    'What signed answers (JARM) are signed with: RS256 (default), PS256, ES256, EdDSA.',
  ),
  profile: text(
    'fapi2 or fapi2_message_signing: pushed requests, DPoP, private_key_jwt and PS256 follow from it, what contradicts is refused.',
  ),
  default_max_age: field({ type: 'integer' }, 'How old a sign-in may be, in seconds.'),
  pkce: text(
    'required, auto (PKCE, or else a nonce with the scope openid; the usual default), or optional, for a confidential client whose software cannot do either. A public client is always required.',
  ),
  first_party: flag('An application of your own: people are not asked for consent.'),
}

/** Other fields get through to the service, which refuses them along with everything else that is wrong. */
const document = () => z.looseObject(registration, { error: 'Send a JSON object.' })

export const clientBody = document().meta({
  examples: [
    {
      client_name: 'Photo Shop',
      redirect_uris: ['https://shop.example/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ],
})

export const clientChanges = document().meta({
  description: 'A JSON merge patch (RFC 7396): what is left out stays, null unsets, a list replaces.',
  examples: [{ client_name: 'Photo Shop', logo_uri: null }],
})

export const rotateBody = optionalBody(
  {
    keep_old_seconds: z
      .int('Use a whole number of seconds.')
      .optional()
      .meta({ description: 'How long the secret before stays valid: 86400 unless given; 0 ends it now.' }),
  },
  { keep_old_seconds: 3600 },
)
