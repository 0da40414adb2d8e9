import type { ClientView, IssuedSecret } from '../../clients/view.ts'
import { DEVICE_CODE_GRANT } from '../../shared/device-code.ts'
import type { PkceRule } from '../../shared/pkce-rule.ts'
import { PROGRAM } from '../program.ts'
import { labelledLines, table, time } from '../text.ts'

/** A client as people read it. */
export function clientText(client: ClientView & IssuedSecret): string {
  const { secrets, jwks, client_id_issued_at: issuedAt, client_secret_expires_at: _never, ...fields } = client
  const lines = Object.entries(fields).flatMap(([name, value]): [string, string][] => {
    if (!Array.isArray(value)) return [[name, String(value)]]
    return value.map((item, index): [string, string] => [index === 0 ? name : '', String(item)])
  })
  return labelledLines([
    ...lines,
    ...(jwks?.keys ?? []).map((key, index): [string, string] => [
      index === 0 ? 'jwks' : '',
      [key.kid, key.kty, key.crv, key.alg].filter(Boolean).join(' '),
    ]),
    ...secrets.map((secret, index): [string, string] => [
      index === 0 ? 'secrets' : '',
      `${secret.id} of ${time(secret.issued_at * 1000)}${secret.expires_at === 0 ? '' : `, valid until ${time(secret.expires_at * 1000)}`}`,
    ]),
    ['issued_at', time(issuedAt * 1000)],
  ])
}

export const listText = (clients: readonly ClientView[]): string =>
  clients.length === 0
    ? `There is no client yet. Register one with: ${PROGRAM} clients create --name … --redirect-uri …`
    : table([
        ['CLIENT ID', 'NAME', 'AUTHENTICATION', 'GRANTS', 'STATE'],
        ...clients.map((client) => [
          client.client_id,
          client.client_name,
          client.token_endpoint_auth_method,
          client.grant_types.join(' '),
          client.disabled ? 'disabled' : 'enabled',
        ]),
      ])

export const secretsText = (secrets: ClientView['secrets']): string =>
  secrets.length === 0
    ? 'It has no secret.'
    : table([
        ['SECRET ID', 'CREATED', 'VALID UNTIL', 'LAST USED'],
        ...secrets.map(({ id, issued_at: made, expires_at: until, last_used_at: used }) => [
          id,
          time(made * 1000),
          until === 0 ? 'it is replaced' : time(until * 1000),
          used === null ? 'never' : time(used * 1000),
        ]),
      ])

/** What goes into the settings of a program, each under what it is. */
export const linesText = (lines: readonly { label: string; text: string }[]): string =>
  lines.map(({ label, text }) => `--- ${label}\n\n${text.trimEnd()}`).join('\n\n')

/** The answer to a registration: what to copy, where to, and what comes next. */
export function createdText(client: ClientView & IssuedSecret, issuer: string): string {
  const secret = client.client_secret && `${client.client_secret}   (shown once: store it now)`
  const data = labelledLines([
    ['client_id', client.client_id],
    ['client_secret', secret],
    ['profile', client.profile && PROFILES[client.profile]],
    ['authentication', client.token_endpoint_auth_method],
    ['grants', client.grant_types.join(' ')],
    ...client.redirect_uris.map((uri): [string, string] => ['redirect URI', uri]),
    ['discovery', `${issuer}/.well-known/openid-configuration`],
  ])
  return `“${client.client_name}” is registered.\n\n${data}\n\n${nextStep(client)}`
}

const PROFILES: Readonly<Record<NonNullable<ClientView['profile']>, string>> = {
  fapi2: 'fapi2: pushed requests, tokens bound to a key (DPoP), PKCE, PS256 or what was chosen',
  fapi2_message_signing: 'fapi2_message_signing: as fapi2, with signed requests and answers (JARM)',
}

const PKCE: Readonly<Record<PkceRule, string>> = {
  required: ' It must use PKCE (S256), as current libraries do by themselves.',
  auto: ' It uses PKCE (S256), as current libraries do by themselves, or else sends a nonce.',
  optional: '',
}

function nextStep(client: ClientView): string {
  if (!client.grant_types.includes('authorization_code') && client.grant_types.includes(DEVICE_CODE_GRANT)) {
    return 'Next: let the device ask the device_authorization_endpoint (see discovery) for a code: docs/sign-in-on-a-device.md.'
  }
  if (!client.grant_types.includes('authorization_code')) {
    return 'Next: ask the token endpoint (see discovery) for a token with grant_type=client_credentials.'
  }
  return `Next: give these values to the OpenID Connect library of your application.${PKCE[client.pkce]}`
}
