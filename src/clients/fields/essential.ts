/** What every application decides: its name, where it is, what it may do, how it authenticates. */
import { z } from 'zod'
import { AUTH_METHODS_IN_WORDS } from '../../shared/auth-methods.ts'
import { DEVICE_CODE_GRANT } from '../../shared/device-code.ts'
import { PKCE_IN_WORDS } from '../../shared/pkce-rule.ts'
import { deriveApplicationType } from '../application-type.ts'
import { jwksSchema } from '../jwks.ts'
import type { Field } from './field.ts'
import { choice, httpsUrl, oneOf, onOff, scopeText, text, uriList } from './kinds.ts'

export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  DEVICE_CODE_GRANT,
] as const

export const essential = {
  client_name: {
    ...text(),
    fallback: '',
    form: { section: 'names', label: 'Name', required: true },
    rest: { description: 'What people see on the consent page.', example: 'Photo Shop' },
    option: { flags: '--name <name>', description: 'what people see on the consent page' },
    selfRegistered: true,
  },
  redirect_uris: {
    ...uriList(),
    fallback: [],
    form: {
      section: 'where',
      label: 'Redirect URIs',
      hint: 'One on each line. Compared character by character.',
    },
    rest: {
      description: 'Where sign-in returns to; exact strings.',
      example: ['https://shop.example/callback'],
    },
    option: { flags: '--redirect-uri <uri>', description: 'where sign-in returns to (repeatable)' },
    selfRegistered: true,
  },
  post_logout_redirect_uris: {
    ...uriList({ rows: 2 }),
    fallback: [],
    form: { section: 'where', label: 'Post-logout redirect URIs', hint: 'One on each line.' },
    rest: { description: 'Where sign-out may return to.' },
    option: {
      flags: '--post-logout-redirect-uri <uri>',
      description: 'where sign-out may return to (repeatable)',
    },
    selfRegistered: true,
  },
  grant_types: {
    schema: z
      .array(oneOf(GRANT_TYPES), { error: `must be a list of ${GRANT_TYPES.join(', ')}` })
      .transform((values) => [...new Set(values)]),
    input: {
      kind: 'boxes',
      prefix: 'grant',
      choices: [
        { value: 'authorization_code', label: 'Sign people in (authorization_code)' },
        { value: 'refresh_token', label: 'Stay signed in without the browser (refresh_token)' },
        { value: DEVICE_CODE_GRANT, label: 'Sign people in on a device without a browser (device_code)' },
        { value: 'client_credentials', label: 'Act for itself (client_credentials)' },
      ],
    },
    // RFC 7591 §2.
    fallback: ['authorization_code'],
    form: { section: 'may', label: 'Grants' },
    rest: {
      description: `authorization_code (default), refresh_token, client_credentials, ${DEVICE_CODE_GRANT}.`,
    },
    option: {
      flags: '--grant <grant>',
      description:
        'authorization_code, refresh_token, client_credentials, device_code (repeatable; default authorization_code)',
    },
    selfRegistered: true,
  },
  /** Unset: the identity scopes that the server offers, and no scope of an API. */
  scope: {
    schema: scopeText,
    input: { kind: 'scopes' },
    form: {
      section: 'may',
      label: 'Scopes',
      hint: 'Separated by spaces. Empty: everything about a person, nothing of an API.',
    },
    rest: {
      description: 'Scopes it may ask for; those of an API count only when named here.',
      example: 'openid profile email',
    },
    option: {
      flags: '--scope <scopes>',
      description: 'scopes it may ask for, separated by spaces; those of an API count only when named here',
    },
    selfRegistered: true,
  },
  token_endpoint_auth_method: {
    ...choice(AUTH_METHODS_IN_WORDS),
    // RFC 7591 §2.
    fallback: 'client_secret_basic',
    form: { section: 'proof', label: 'Client authentication', below: 'profile' },
    rest: {
      description: 'client_secret_basic (default), client_secret_post, private_key_jwt, none.',
      example: 'client_secret_basic',
    },
    option: {
      flags: '--auth-method <method>',
      description: 'client_secret_basic (default), client_secret_post, private_key_jwt, none',
    },
    selfRegistered: true,
  },
  /** Follows from grant_types: `code`, or nothing. */
  response_types: {
    schema: z.array(z.literal('code', { error: 'must be ["code"]' }), { error: 'must be ["code"]' }),
    input: { kind: 'lines' },
    fallback: [],
    rest: { description: 'Follows from grant_types; leave it out.' },
    selfRegistered: true,
  },
  jwks: {
    schema: jwksSchema,
    input: { kind: 'keys' },
    form: {
      section: 'proof',
      folded: true,
      label: 'Public keys (JWK Set)',
      hint: 'RSA, P-256 or Ed25519; a JWK Set or one key. Never the private half.',
    },
    rest: { description: 'Its public keys, for private_key_jwt.', answer: 'Public keys.' },
    option: { flags: '--jwks <file>', description: 'its public keys: a JWK Set or one JWK, as JSON' },
    selfRegistered: true,
  },
  jwks_uri: {
    ...httpsUrl('called', 'https://app.example/jwks.json'),
    form: {
      section: 'proof',
      folded: true,
      label: 'Address of its public keys',
      hint: 'Instead of the keys: the client changes them by itself.',
    },
    rest: { description: 'Where its public keys are.' },
    option: { flags: '--jwks-uri <url>', description: 'where its public keys are, for private_key_jwt' },
    selfRegistered: true,
  },
  /** Unset: as the setting pkce_default says for a confidential client; a public client is always `required` (RFC 9700 §2.1.1). */
  pkce: {
    ...choice(PKCE_IN_WORDS, { closed: true }),
    form: {
      section: 'proof',
      label: 'PKCE',
      below: 'token_endpoint_auth_method',
      hint: 'What keeps a code from being used in somebody else’s session. A public client is always required to use PKCE; one of “PKCE or a nonce” is, once it has in ten sign-ins and never gone without. “Not asked for” is for software that can do neither.',
    },
    rest: {
      description:
        'required, auto (PKCE, or else a nonce with the scope openid; the usual default), or optional, for a confidential client whose software cannot do either. A public client is always required.',
    },
    option: {
      flags: '--pkce <rule>',
      description:
        'required, auto (PKCE, or else a nonce with openid; the usual default), or optional for a confidential client whose software can do neither',
    },
    selfRegistered: false,
    column: true,
    inView: true,
  },
  /** The operator's own application: its users are not asked for consent. */
  first_party: {
    ...onOff(false),
    form: {
      section: 'names',
      label: 'It is your own application',
      hint: 'People are not asked whether they allow it.',
      below: 'tos_uri',
    },
    rest: { description: 'An application of your own: people are not asked for consent.' },
    option: { flags: '--first-party', description: 'your own application: people are not asked for consent' },
    selfRegistered: false,
    column: true,
    inView: true,
  },
  application_type: {
    ...choice({
      web: 'Web: https, or http on loopback',
      native: 'Native: schemes of its own, any port on loopback',
    }),
    fallback: deriveApplicationType,
    form: { section: 'where', label: 'Kind of application' },
    rest: { description: 'web or native; derived unless given.' },
    option: { flags: '--application-type <type>', description: 'web or native (derived unless given)' },
    selfRegistered: true,
  },
} as const satisfies Record<string, Field>
