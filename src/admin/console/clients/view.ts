import type { FormField, FormSection } from '../../../clients/fields/form.ts'
import type { FieldName } from '../../../clients/fields/table.ts'
import type { ClientView } from '../../../clients/view.ts'
import { toSeconds } from '../../../shared/clock.ts'
import { DEVICE_CODE_GRANT } from '../../../shared/device-code.ts'
import { distanceInWords, minuteOf } from '../../../shared/moment.ts'
import { own } from '../../../shared/own.ts'
import { PKCE_IN_WORDS } from '../../../shared/pkce-rule.ts'
import { fieldsIn, tellField } from './controls.ts'

/** @param seconds since the epoch */
export const at = (seconds: number): string => minuteOf(seconds * 1000)

const SOURCES: Record<string, string> = {
  administrator: 'An administrator or the command line',
  dynamic: 'The client itself, with an initial access token',
  open: 'The client itself; registration is open to anybody',
  configuration: 'A configuration file',
}

/** What is required of every request and token: one line for all of it. */
const ALWAYS: readonly FieldName[] = [
  'require_pushed_authorization_requests',
  'require_signed_request_object',
  'dpop_bound_access_tokens',
]
/** What the page shows before all others, in this order, in the words of the form. */
const FIRST: readonly FieldName[] = [
  'redirect_uris',
  'post_logout_redirect_uris',
  'profile',
  'token_endpoint_auth_method',
  'grant_types',
]
/** The heading of the page. */
const HEADING: FieldName = 'client_name'

const RAISED = 'Required by itself: it used PKCE in ten sign-ins, and never went without'

interface Detail {
  label: string
  values: string[]
  code?: boolean
}

/** What a client is, in words and values: some of its fields first, in words of their own, then every other one that is set. */
export function detailsOf(form: readonly FormSection[], client: ClientView): Detail[] {
  const byBrowser = client.grant_types.includes('authorization_code')
  const asksPeople = byBrowser || client.grant_types.includes(DEVICE_CODE_GRANT)
  const fields = new Map<FieldName, FormField>(fieldsIn(form).map((field) => [field.name, field]))
  const labelOf = (name: FieldName): string => fields.get(name)?.form.label ?? name
  const told = (field: FormField): Detail => ({
    label: field.form.label,
    ...tellField(field, client[field.name]),
  })
  const first = FIRST.flatMap((name) => fields.get(name) ?? [])
  /** In words of their own. */
  const apart: { readonly [Name in FieldName]?: Omit<Detail, 'label'> } = {
    scope: {
      values: [client.scope ?? (asksPeople ? 'All about a person; none of an API' : 'None')],
      code: client.scope !== undefined,
    },
    pkce: { values: byBrowser ? [client.pkce_raised ? RAISED : PKCE_IN_WORDS[client.pkce]] : [] },
    id_token_identity_claims: {
      values: byBrowser
        ? [client.id_token_identity_claims ? 'In the ID token and at userinfo' : 'At userinfo only']
        : [],
    },
  }
  const always = [
    ...ALWAYS.filter((name) => client[name] === true).map(labelOf),
    ...(client.profile === 'fapi2_message_signing' ? ['Answers are signed (JARM)'] : []),
  ]
  const rest = [...fields.values()].filter(
    (field) =>
      field.name !== HEADING &&
      !Object.hasOwn(apart, field.name) &&
      ![...FIRST, ...ALWAYS].includes(field.name) &&
      // Consent is of people.
      (asksPeople || field.name !== 'first_party'),
  )
  const consent = client.first_party && byBrowser ? 'No, it is your own application' : 'Yes'
  const details: Detail[] = [
    { label: 'Client ID', values: [client.client_id], code: true },
    ...first.map(told),
    ...Object.entries(apart).map(([name, detail]) => ({ label: labelOf(name as FieldName), ...detail })),
    { label: 'Always', values: always },
    { label: 'Asks for consent', values: asksPeople ? [consent] : [] },
    ...rest.map(told),
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
        : `${at(secret.expires_at)}, in ${distanceInWords(Math.max(0, secret.expires_at - toSeconds(now)))}`,
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
