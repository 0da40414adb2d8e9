import type { FormField, FormSection } from '../../../clients/fields/form.ts'
import type { FieldName } from '../../../clients/fields/table.ts'
import type { ClientView } from '../../../clients/view.ts'
import type { ClientUsage } from '../../../oidc/usage/client-usage.ts'
import { toSeconds } from '../../../shared/clock.ts'
import { DEVICE_CODE_GRANT } from '../../../shared/device-code.ts'
import { described } from '../../../shared/locales/described.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { distanceInWords, minuteOf } from '../../../shared/moment.ts'
import { own } from '../../../shared/own.ts'
import { PKCE_IN_WORDS } from '../../../shared/pkce-rule.ts'
import { fieldsIn, tellField } from './controls.ts'

/** @param seconds since the epoch */
export const at = (seconds: number): string => minuteOf(seconds * 1000)

const SOURCES: Readonly<Record<string, TextKey>> = {
  administrator: 'admin.clients.source.administrator',
  dynamic: 'admin.clients.source.dynamic',
  open: 'admin.clients.source.open',
  configuration: 'admin.clients.source.configuration',
}

/** A rule of PKCE, as the form has it. */
export const pkceInWords = (rule: string): string =>
  described(`admin.client_fields.pkce.choice.${rule}`, own(PKCE_IN_WORDS, rule) ?? rule)

function sourceInWords(source: string): string {
  const key = own(SOURCES, source)
  return key === undefined ? source : t(key)
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
      values: [
        client.scope ?? t(asksPeople ? 'admin.clients.facts.scope.people' : 'admin.clients.facts.scope.none'),
      ],
      code: client.scope !== undefined,
    },
    pkce: {
      values: byBrowser
        ? [client.pkce_raised ? t('admin.clients.facts.pkceRaised') : pkceInWords(client.pkce)]
        : [],
    },
    id_token_identity_claims: {
      values: byBrowser
        ? [
            t(
              client.id_token_identity_claims
                ? 'admin.clients.facts.claims.both'
                : 'admin.clients.facts.claims.userinfo',
            ),
          ]
        : [],
    },
  }
  const always = [
    ...ALWAYS.filter((name) => client[name] === true).map(labelOf),
    ...(client.profile === 'fapi2_message_signing' ? [t('admin.clients.facts.jarm')] : []),
  ]
  const rest = [...fields.values()].filter(
    (field) =>
      field.name !== HEADING &&
      !Object.hasOwn(apart, field.name) &&
      ![...FIRST, ...ALWAYS].includes(field.name) &&
      // Consent is of people.
      (asksPeople || field.name !== 'first_party'),
  )
  const consent = t(
    client.first_party && byBrowser ? 'admin.clients.facts.consent.own' : 'admin.clients.facts.yes',
  )
  const details: Detail[] = [
    { label: t('admin.common.client_id'), values: [client.client_id], code: true },
    ...first.map(told),
    ...Object.entries(apart).map(([name, detail]) => ({ label: labelOf(name as FieldName), ...detail })),
    { label: t('admin.clients.facts.always'), values: always },
    { label: t('admin.clients.facts.consent'), values: asksPeople ? [consent] : [] },
    ...rest.map(told),
    { label: t('admin.common.registered'), values: [at(client.client_id_issued_at)] },
    { label: t('admin.clients.facts.registeredBy'), values: [sourceInWords(client.source)] },
  ]
  return details.filter(({ values }) => values.length > 0)
}

/** @param now milliseconds since the epoch */
export function secretsOf(client: ClientView, now: number) {
  return client.secrets.map((secret, index) => ({
    id: secret.id,
    name: t(index === 0 ? 'admin.clients.secrets.newest' : 'admin.clients.secrets.before'),
    created: at(secret.issued_at),
    lastUsed:
      secret.last_used_at === null
        ? t('admin.clients.secrets.never')
        : t('admin.clients.secrets.used', { at: at(secret.last_used_at) }),
    expires:
      secret.expires_at === 0
        ? t('admin.clients.secrets.replaced')
        : t('admin.clients.secrets.at', {
            at: at(secret.expires_at),
            distance: distanceInWords(Math.max(0, secret.expires_at - toSeconds(now))),
          }),
  }))
}

/** What was just done: fixed texts, so that a link can put nothing on the page. */
export const NOTICES: Readonly<Record<string, TextKey>> = {
  created: 'admin.clients.done.created',
  pkce: 'admin.clients.done.pkce',
  narrowed: 'admin.clients.done.narrowed',
  saved: 'admin.clients.done.saved',
  rotated: 'admin.clients.done.rotated',
  replaced: 'admin.clients.done.replaced',
  removed: 'admin.clients.done.removed',
  disabled: 'admin.clients.done.disabled',
  enabled: 'admin.clients.done.enabled',
  deleted: 'admin.clients.done.deleted',
  verified: 'admin.clients.done.verified',
}

/** What hangs on a client, as texts are filled with it. @param counted more of each are not counted */
export const usageInNumbers = ({ people, grants }: ClientUsage, counted: number) => ({
  people: Math.min(people, counted),
  grants: Math.min(grants, counted),
  morePeople: people > counted ? 'yes' : 'no',
  moreGrants: grants > counted ? 'yes' : 'no',
})
