import { DEVICE_CODE_GRANT } from '../shared/device-code.ts'
import { isIdentityScope, isMachine } from '../shared/identity-scopes.ts'
import { t } from '../shared/locales/texts.ts'
import type { PkceRule } from '../shared/pkce-rule.ts'
import { profileProblems } from './fapi-profile.ts'
import type { ClientMetadata } from './fields/table.ts'
import { hasPrivateUseScheme } from './redirect-uris/redirect-uris.ts'

interface Rule {
  /** The field that is named in the message. */
  field: string
  /** Other fields the rule looks at. */
  reads: string[]
  message: string
}

interface Context {
  pkce: PkceRule
  firstParty: boolean
  /** As sent; undefined when left to be derived. */
  responseTypes: readonly string[] | undefined
}

/** Fields that are each fine and do not go together, with the change that makes them. */
export function coherenceProblems(metadata: ClientMetadata, context: Context): Rule[] {
  return [
    ...nameRules(metadata),
    ...grantRules(metadata, context),
    ...authenticationRules(metadata, context),
    ...keyRules(metadata),
    ...filterRules(metadata),
    ...profileProblems(metadata, context.pkce),
  ]
}

function nameRules(metadata: ClientMetadata): Rule[] {
  if (metadata.client_name !== '') return []
  return [
    {
      field: 'client_name',
      reads: [],
      message: t('admin.client_errors.name.missing'),
    },
  ]
}

function grantRules(metadata: ClientMetadata, context: Context): Rule[] {
  const rules: Rule[] = []
  const grants = new Set(metadata.grant_types)
  const reads = ['grant_types', 'redirect_uris']
  if (grants.size === 0) {
    rules.push({
      field: 'grant_types',
      reads,
      message: t('admin.client_errors.grants.empty', { device: DEVICE_CODE_GRANT }),
    })
    return rules
  }
  if (grants.has('authorization_code') && metadata.redirect_uris.length === 0) {
    rules.push({
      field: 'redirect_uris',
      reads,
      message: t('admin.client_errors.redirect.missing'),
    })
  }
  const forPeople = grants.has('authorization_code') || grants.has(DEVICE_CODE_GRANT)
  if (grants.has('refresh_token') && !forPeople) {
    rules.push({
      field: 'grant_types',
      reads,
      message: t('admin.client_errors.grants.refresh'),
    })
  }
  if (!grants.has('authorization_code')) {
    for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const) {
      if (metadata[field].length > 0) {
        rules.push({
          field,
          reads,
          message: t('admin.client_errors.redirect.onlyCode'),
        })
      }
    }
  }
  const about = (metadata.scope ?? '').split(' ').filter(isIdentityScope)
  if (about.length > 0 && isMachine(metadata.grant_types)) {
    rules.push({
      field: 'scope',
      reads: ['grant_types'],
      message: t('admin.client_errors.scope.people', { scopes: about.join(', ') }),
    })
  }
  const sent = context.responseTypes
  if (sent !== undefined && sent.length > 0 !== grants.has('authorization_code')) {
    rules.push({
      field: 'response_types',
      reads,
      message: 'follows from grant_types (["code"] with authorization_code, else []); leave it out',
    })
  }
  return rules
}

function authenticationRules(metadata: ClientMetadata, context: Context): Rule[] {
  if (metadata.token_endpoint_auth_method !== 'none') {
    // A web application may have an app that comes back by its own scheme. What is an app alone keeps no secret (RFC 8252 §8.5).
    if (metadata.redirect_uris.length === 0 || !metadata.redirect_uris.every(hasPrivateUseScheme)) return []
    return [
      {
        field: 'redirect_uris',
        reads: ['token_endpoint_auth_method'],
        message: t('admin.client_errors.redirect.privateOnly'),
      },
    ]
  }
  const rules: Rule[] = []
  // RFC 6749 §4.4: this grant is for confidential clients.
  if (metadata.grant_types.includes('client_credentials')) {
    rules.push({
      field: 'grant_types',
      reads: ['token_endpoint_auth_method'],
      message: t('admin.client_errors.grants.public'),
    })
  }
  // RFC 9700 §2.1.1: public clients must use PKCE.
  if (context.pkce === 'optional') {
    rules.push({
      field: 'pkce',
      reads: ['token_endpoint_auth_method'],
      message: t('admin.client_errors.pkce.public'),
    })
  }
  return rules
}

function keyRules(metadata: ClientMetadata): Rule[] {
  const rules: Rule[] = []
  const byKey = metadata.token_endpoint_auth_method === 'private_key_jwt'
  const reads = ['token_endpoint_auth_method', 'jwks', 'jwks_uri']
  if (metadata.jwks !== undefined && metadata.jwks_uri !== undefined) {
    rules.push({ field: 'jwks_uri', reads, message: t('admin.client_errors.keys.both') })
  }
  if (byKey && metadata.jwks === undefined && metadata.jwks_uri === undefined) {
    rules.push({
      field: 'jwks',
      reads,
      message: t('admin.client_errors.keys.missing'),
    })
  }
  const signs =
    metadata.request_object_signing_alg !== undefined || metadata.require_signed_request_object === true
  const hasKeys = metadata.jwks !== undefined || metadata.jwks_uri !== undefined
  if (!byKey && !signs && hasKeys) {
    const field = metadata.jwks === undefined ? 'jwks_uri' : 'jwks'
    rules.push({
      field,
      reads: [...reads, 'request_object_signing_alg', 'require_signed_request_object'],
      message: t('admin.client_errors.keys.unused'),
    })
  }
  if (!byKey && signs && !hasKeys) {
    rules.push({
      field: 'jwks',
      reads,
      message: t('admin.client_errors.keys.signed'),
    })
  }
  if (!byKey && metadata.token_endpoint_auth_signing_alg !== undefined) {
    const field = 'token_endpoint_auth_signing_alg'
    rules.push({ field, reads, message: t('admin.client_errors.keys.alg') })
  }
  return rules
}

function filterRules({ access, groups_filter: filter }: ClientMetadata): Rule[] {
  const named = typeof access === 'object' ? (access.groups ?? []) : []
  if (filter?.assigned === undefined || named.length > 0) return []
  return [
    {
      field: 'groups_filter',
      reads: ['access'],
      message: t('admin.client_errors.groups.none'),
    },
  ]
}
