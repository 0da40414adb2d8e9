/** What signs, binds and hides requests, answers and tokens: JOSE algorithms, PAR, DPoP, FAPI 2.0. */
import type { Field } from './field.ts'
import { algorithm, check, choice, oneOf, onOff, seconds } from './kinds.ts'

export const protection = {
  /** What its sign-ins have to show, beside what the settings and the person's role ask for. */
  second_factor: {
    ...choice(
      { required: 'A second factor', phishing_resistant: 'A passkey: a factor that resists phishing' },
      { unset: 'As everywhere here', also: 'any' },
    ),
    // “any” is what none says, too.
    schema: oneOf(['any', 'required', 'phishing_resistant']),
    form: {
      section: 'tokens',
      label: 'Sign-ins need',
      hint: 'Who does not have it yet sets it up on the way to the app.',
    },
    rest: {
      description:
        'any (default), required: a second factor, phishing_resistant: a passkey. Tokens say what was shown in `acr`.',
    },
    option: {
      flags: '--second-factor <what>',
      description: 'what sign-ins need: any (default), required, phishing_resistant',
    },
    selfRegistered: false,
    extra: true,
  },
  max_auth_age: {
    ...seconds(),
    form: {
      section: 'tokens',
      label: 'Oldest sign-in in any case, in seconds',
      hint: 'Who signed in longer ago is asked to sign in again, whatever max_age the app sends. Empty: any sign-in of the session.',
    },
    rest: {
      description: 'The oldest sign-in that is good for it, in seconds, whatever `max_age` a request names.',
      example: 3600,
    },
    option: {
      flags: '--max-auth-age <seconds>',
      description: 'the oldest sign-in that is good for it, whatever max_age it sends',
    },
    selfRegistered: false,
    extra: true,
  },
  id_token_signed_response_alg: {
    ...algorithm(),
    fallback: 'RS256',
    form: { section: 'tokens', label: 'Tokens are signed with' },
    rest: { description: 'RS256 (default), PS256, ES256, EdDSA.' },
    option: { flags: '--id-token-alg <alg>', description: 'RS256 (default), PS256, ES256, EdDSA' },
    selfRegistered: true,
  },
  /** Whether the claims of identity scopes are in the ID Token too. Unset: by who registered it (src/clients/view.ts). */
  id_token_identity_claims: {
    ...onOff(true),
    form: {
      section: 'tokens',
      label: 'Name and email are in the ID token too',
      hint: 'Most libraries look there. Off: only at the userinfo endpoint, as OpenID Connect Core §5.4 has it.',
    },
    rest: {
      description:
        'Name, email and the other claims of the granted scopes are in the ID Token too, not at userinfo alone. True unless the client registered itself.',
    },
    option: {
      flags: '--id-token-identity-claims',
      description: 'name and email are in the ID token too (default for what you register)',
    },
    selfRegistered: false,
    inView: true,
    extra: true,
  },
  token_endpoint_auth_signing_alg: {
    ...algorithm('Any algorithm'),
    form: { section: 'proof', folded: true, label: 'It signs with' },
    rest: { description: 'The only algorithm of its assertions.' },
    option: {
      flags: '--auth-signing-alg <alg>',
      description: 'the only algorithm of its assertions: RS256, PS256, ES256, EdDSA',
    },
    selfRegistered: true,
  },
  require_pushed_authorization_requests: {
    ...check(),
    form: {
      section: 'tokens',
      label: 'Requests are pushed (PAR)',
      hint: 'The client sends each request ahead, where nobody can change it.',
      below: 'dpop_bound_access_tokens',
    },
    rest: { description: 'Pushed requests only (RFC 9126).' },
    option: { flags: '--require-par', description: 'pushed authorization requests only (RFC 9126)' },
    selfRegistered: true,
  },
  dpop_bound_access_tokens: {
    ...check(),
    form: {
      section: 'tokens',
      label: 'Tokens are bound to a key (DPoP)',
      hint: 'A stolen token is of no use. The client has to support it.',
    },
    rest: { description: 'Tokens bound to a key only (RFC 9449).' },
    option: { flags: '--dpop', description: 'tokens bound to a key only (RFC 9449)' },
    selfRegistered: true,
  },
  /** What the client is registered as, as a whole: the rest follows from it (src/clients/fapi-profile.ts). */
  profile: {
    ...choice(
      { fapi2: 'FAPI 2.0 Security Profile', fapi2_message_signing: 'FAPI 2.0 with Message Signing' },
      { unset: 'None: as set below' },
    ),
    form: {
      section: 'proof',
      label: 'Profile',
      hint: 'FAPI 2.0: pushed requests, tokens bound to a key (DPoP), private_key_jwt, PKCE, PS256, ES256 or EdDSA. What is set otherwise here changes along when you choose it.',
    },
    rest: {
      description:
        'fapi2 or fapi2_message_signing: pushed requests, DPoP, private_key_jwt and PS256 follow from it, what contradicts is refused.',
      answer: 'fapi2 or fapi2_message_signing.',
    },
    option: {
      flags: '--profile <profile>',
      description: 'fapi2 or fapi2_message_signing: the rest follows from it (docs/fapi.md)',
    },
    selfRegistered: false,
    extra: true,
  },
  request_object_signing_alg: {
    ...algorithm('Any algorithm, or not at all'),
    form: { section: 'proof', folded: true, label: 'It signs its requests with' },
    rest: { description: 'The only algorithm of its signed requests (RFC 9101).' },
    option: {
      flags: '--request-object-alg <alg>',
      description: 'the only algorithm of its signed requests (RFC 9101): RS256, PS256, ES256, EdDSA',
    },
    selfRegistered: true,
  },
  require_signed_request_object: {
    ...check(),
    form: {
      section: 'proof',
      folded: true,
      label: 'Its requests are always signed',
      hint: 'A request object (RFC 9101): plain parameters are refused.',
    },
    rest: { description: 'Signed requests only (RFC 9101).' },
    option: { flags: '--require-signed-request', description: 'signed requests only (RFC 9101)' },
    selfRegistered: true,
  },
  authorization_signed_response_alg: {
    ...algorithm('RS256'),
    form: {
      section: 'tokens',
      label: 'Signed answers (JARM) are signed with',
      hint: 'For an app that asks with response_mode=jwt.',
      below: 'id_token_signed_response_alg',
    },
    rest: {
      description: 'What signed answers (JARM) are signed with: RS256 (default), PS256, ES256, EdDSA.',
    },
    option: {
      flags: '--response-alg <alg>',
      description: 'what signed answers (JARM) are signed with: RS256 (default), PS256, ES256, EdDSA',
    },
    selfRegistered: true,
  },
} as const satisfies Record<string, Field>
