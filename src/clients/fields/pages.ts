/** Sign-out, the age and class of a sign-in, and what people are shown of the client. */
import { z } from 'zod'
import { ACR, ACR_VALUES } from '../../shared/acr.ts'
import type { Field } from './field.ts'
import { calledUrl, check, emailList, httpsUrl, oneOf, seconds, text } from './kinds.ts'

export const pages = {
  backchannel_logout_uri: {
    ...calledUrl('https://app.example/backchannel-logout'),
    form: {
      section: 'tokens',
      label: 'Address to tell that somebody signed out',
      hint: 'Back-channel logout: the server calls it.',
    },
    rest: { description: 'Told when a person signs out.' },
    option: { flags: '--backchannel-logout-uri <url>', description: 'told when a person signs out' },
    selfRegistered: true,
  },
  backchannel_logout_session_required: {
    ...check(),
    form: { section: 'tokens', label: 'It needs to know which session ended' },
    rest: { description: 'Told with the session id.' },
    option: { flags: '--backchannel-logout-session', description: 'with the session id (sid)' },
    selfRegistered: true,
  },
  default_max_age: {
    ...seconds(),
    form: {
      section: 'tokens',
      label: 'Oldest sign-in where its request says nothing, in seconds',
      hint: 'Counts as max_age where a request of the app has none. Empty: any age.',
      below: 'id_token_identity_claims',
    },
    rest: { description: 'How old a sign-in may be, in seconds.' },
    option: { flags: '--default-max-age <seconds>', description: 'how old a sign-in may be' },
    selfRegistered: true,
  },
  /** Voluntary (OpenID Connect Core §3.1.2.1), in the order of its preference; `second_factor` is what makes sure. */
  default_acr_values: {
    schema: z
      .array(oneOf(ACR_VALUES), { error: `must be a list of ${ACR_VALUES.join(', ')}` })
      .min(1, { error: 'must not be an empty list' })
      .transform((values) => [...new Set(values)]),
    input: {
      kind: 'boxes',
      prefix: 'acr',
      choices: [
        { value: ACR.phr, label: 'A passkey' },
        { value: ACR.mfa, label: 'A second factor of any kind' },
        { value: ACR.pwd, label: 'A password' },
      ],
    },
    form: {
      section: 'tokens',
      label: 'Sign-ins it prefers, where its request names none',
      hint: 'People are asked for the first that they have, and go on without any. Tokens say in acr what was shown.',
      below: 'default_max_age',
    },
    rest: {
      description: `The \`acr_values\` of a request that names none, in order of preference, and voluntary: ${ACR_VALUES.join(', ')}.`,
      example: [ACR.phr, ACR.mfa],
    },
    option: {
      flags: '--default-acr <acr>',
      description: `the acr_values of a request that names none: ${ACR_VALUES.join(', ')} (repeatable; the preferred one first)`,
    },
    selfRegistered: true,
  },
  logo_uri: {
    ...httpsUrl('page', 'https://app.example/logo.png'),
    form: { section: 'names', label: 'Logo', hint: 'An https address of a square picture.' },
    rest: { description: 'Its logo.' },
    option: { flags: '--logo-uri <url>', description: 'its logo' },
    selfRegistered: true,
  },
  client_uri: {
    ...httpsUrl('page', 'https://app.example'),
    form: { section: 'names', label: 'Home page' },
    rest: { description: 'Its home page.' },
    option: { flags: '--client-uri <url>', description: 'its home page' },
    selfRegistered: true,
  },
  initiate_login_uri: {
    ...httpsUrl('page', 'https://app.example/login'),
    form: {
      section: 'names',
      label: 'Address that begins a sign-in',
      hint: 'Where the list of apps leads people, with `iss`, the address of this server. Empty: its home page.',
    },
    rest: {
      description:
        'What begins a sign-in at the app (OpenID Connect Core §4): the list of apps leads there, with `iss`.',
    },
    option: { flags: '--initiate-login-uri <url>', description: 'what begins a sign-in at it' },
    selfRegistered: true,
  },
  policy_uri: {
    ...httpsUrl('page', 'https://app.example/privacy'),
    form: { section: 'names', label: 'Privacy policy' },
    rest: { description: 'Its privacy policy.' },
    option: { flags: '--policy-uri <url>', description: 'its privacy policy' },
    selfRegistered: true,
  },
  tos_uri: {
    ...httpsUrl('page', 'https://app.example/terms'),
    form: { section: 'names', label: 'Terms of service' },
    rest: { description: 'Its terms of service.' },
    option: { flags: '--tos-uri <url>', description: 'its terms of service' },
    selfRegistered: true,
  },
  contacts: {
    ...emailList(),
    form: {
      section: 'tokens',
      label: 'Contacts',
      hint: 'Email addresses of those who look after it, one on each line. Only administrators see them.',
    },
    rest: { description: 'Who is responsible for it.' },
    option: { flags: '--contact <email>', description: 'who is responsible for it (repeatable)' },
    selfRegistered: true,
  },
  /** The key of the client in a configuration file (src/configuration): named `key` there. */
  software_id: { ...text(), selfRegistered: false },
} as const satisfies Record<string, Field>
