import type { FormSection } from '../../../clients/fields/form.ts'
import type { ClientView } from '../../../clients/view.ts'
import { DEVICE_CODE_GRANT } from '../../../shared/device-code.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { own } from '../../../shared/own.ts'
import { PKCE_IN_WORDS } from '../../../shared/pkce-rule.ts'
import { inWords } from '../try-it/decode.ts'
import { fieldsIn } from './controls.ts'

/** @param seconds since the epoch */
export const at = (seconds: number): string => minuteOf(seconds * 1000)

const METHODS: Record<string, string> = {
  client_secret_basic: 'A secret, in the header (client_secret_basic)',
  client_secret_post: 'A secret, in the body (client_secret_post)',
  private_key_jwt: 'Its private key (private_key_jwt)',
  none: 'Nothing: it is public',
}

const PROFILES: Record<string, string> = {
  fapi2: 'FAPI 2.0 Security Profile',
  fapi2_message_signing: 'FAPI 2.0 Security Profile with Message Signing',
}

const SOURCES: Record<string, string> = {
  administrator: 'An administrator or the command line',
  dynamic: 'The client itself, with an initial access token',
  open: 'The client itself; registration is open to anybody',
  configuration: 'A configuration file',
}

/** What is required of every request and token. */
const alwaysOf = (client: ClientView): string[] => [
  ...(client.require_pushed_authorization_requests ? ['Requests are pushed (PAR)'] : []),
  ...(client.require_signed_request_object ? ['Requests are signed (request objects)'] : []),
  ...(client.dpop_bound_access_tokens ? ['Tokens are bound to a key (DPoP)'] : []),
  ...(client.profile === 'fapi2_message_signing' ? ['Answers are signed (JARM)'] : []),
]

/** The words that the form has for a value. */
function wordsOf(form: readonly FormSection[], name: string, value: string): string {
  const input = fieldsIn(form).find((field) => field.name === name)?.input
  const choices = input && 'choices' in input ? input.choices : []
  return choices.find((each) => each.value === value)?.label ?? value
}

const RAISED = 'Required by itself: it used PKCE in ten sign-ins, and never went without'

/** What a client is, in words and values. */
export function detailsOf(
  form: readonly FormSection[],
  client: ClientView,
): { label: string; values: string[]; code?: boolean }[] {
  const byBrowser = client.grant_types.includes('authorization_code')
  const asksPeople = byBrowser || client.grant_types.includes(DEVICE_CODE_GRANT)
  const details = [
    { label: 'Client ID', values: [client.client_id], code: true },
    { label: 'Redirect URIs', values: client.redirect_uris, code: true },
    { label: 'Post-logout redirect URIs', values: client.post_logout_redirect_uris, code: true },
    {
      label: 'Profile',
      values: client.profile === undefined ? [] : [own(PROFILES, client.profile) ?? client.profile],
    },
    { label: 'Shows who it is by', values: [METHODS[client.token_endpoint_auth_method] ?? ''] },
    { label: 'Grants', values: client.grant_types.map((grant) => wordsOf(form, 'grant_types', grant)) },
    {
      label: 'Scopes',
      values: [client.scope ?? (asksPeople ? 'All about a person; none of an API' : 'None')],
      code: client.scope !== undefined,
    },
    {
      label: 'PKCE',
      values: byBrowser ? [client.pkce_raised ? RAISED : PKCE_IN_WORDS[client.pkce]] : [],
    },
    {
      label: 'Name and email',
      values: client.grant_types.includes('authorization_code')
        ? [client.id_token_identity_claims ? 'In the ID token and at userinfo' : 'At userinfo only']
        : [],
    },
    { label: 'Always', values: alwaysOf(client) },
    {
      label: 'Asks for consent',
      values: !asksPeople
        ? []
        : client.first_party && byBrowser
          ? ['No, it is your own application']
          : ['Yes'],
    },
    { label: 'Registered', values: [at(client.client_id_issued_at)] },
    { label: 'Registered by', values: [own(SOURCES, client.source) ?? client.source] },
  ]
  return details.filter(({ values }) => values.length > 0)
}

/** @param now milliseconds since the epoch */
export function secretsOf(client: ClientView, now: number) {
  return client.secrets.map((secret, index) => ({
    id: secret.id,
    name: index === 0 ? 'Newest' : 'Before it',
    created: at(secret.issued_at),
    lastUsed: secret.last_used_at === null ? 'Never' : `${at(secret.last_used_at)}, or up to an hour later`,
    expires:
      secret.expires_at === 0
        ? 'When it is replaced'
        : `${at(secret.expires_at)}, in ${inWords(Math.max(0, secret.expires_at - Math.floor(now / 1000)))}`,
  }))
}

/** What was just done: fixed texts, so that a link can put nothing on the page. */
export const notices: Readonly<Record<string, string>> = {
  created: 'The client is registered. The next request knows it.',
  pkce: 'The client may send a nonce instead of PKCE again, and that stays so.',
  narrowed:
    'Saved. The field Scopes was empty, which meant everything about a person; now the client may ask for what is in it and nothing else. If it still needs openid, profile, email, phone, address or offline_access, have them there too.',
  saved: 'Saved. The next request sees it.',
  rotated: 'There is a new secret. Deploy it before the old one ends.',
  replaced: 'There is a new secret, and the old one has ended.',
  removed: 'The secret has ended.',
  disabled: 'The client is disabled, and what it was issued has ended.',
  enabled: 'The client is enabled. Its people sign in anew.',
  deleted: 'The client is deleted, with everything that it was issued.',
  verified: 'The client counts as checked: people are no longer warned.',
}
