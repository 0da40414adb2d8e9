/** Sign-out, the age of a sign-in, and what people are shown of the client. */
import type { Field } from './field.ts'
import { calledUrl, check, emailList, httpsUrl, seconds, text } from './kinds.ts'

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
      label: 'A sign-in may be this old, in seconds',
      hint: 'Older than that, people sign in again. Empty: any age.',
      below: 'id_token_identity_claims',
    },
    rest: { description: 'How old a sign-in may be, in seconds.' },
    option: { flags: '--default-max-age <seconds>', description: 'how old a sign-in may be' },
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
