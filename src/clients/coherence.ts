import { DEVICE_CODE_GRANT } from '../shared/device-code.ts'
import { isIdentityScope, isMachine } from '../shared/identity-scopes.ts'
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
      message: 'is missing; give the name that people see on the consent page',
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
      message: `is empty; use authorization_code, client_credentials or ${DEVICE_CODE_GRANT}`,
    })
    return rules
  }
  if (grants.has('authorization_code') && metadata.redirect_uris.length === 0) {
    rules.push({
      field: 'redirect_uris',
      reads,
      message:
        'is missing: the authorization_code grant needs one, like https://app.example/callback (a client without users takes the grant client_credentials, one without a browser device_code)',
    })
  }
  const forPeople = grants.has('authorization_code') || grants.has(DEVICE_CODE_GRANT)
  if (grants.has('refresh_token') && !forPeople) {
    rules.push({
      field: 'grant_types',
      reads,
      message: 'has refresh_token, which needs authorization_code or device_code beside it',
    })
  }
  if (!grants.has('authorization_code')) {
    for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const) {
      if (metadata[field].length > 0) {
        rules.push({
          field,
          reads,
          message: 'is only for the authorization_code grant; add that grant or leave it out',
        })
      }
    }
  }
  const about = (metadata.scope ?? '').split(' ').filter(isIdentityScope)
  if (about.length > 0 && isMachine(metadata.grant_types)) {
    rules.push({
      field: 'scope',
      reads: ['grant_types'],
      message: `has ${about.join(', ')}, which is about people, and with the grant client_credentials alone there are none; leave it out, and name scopes of APIs`,
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
        message:
          'has private-use schemes only, as a native app has, which keeps no secret: register it as one (token_endpoint_auth_method none), or add the https URI of the web application beside it',
      },
    ]
  }
  const rules: Rule[] = []
  // RFC 6749 §4.4: this grant is for confidential clients.
  if (metadata.grant_types.includes('client_credentials')) {
    rules.push({
      field: 'grant_types',
      reads: ['token_endpoint_auth_method'],
      message:
        'has client_credentials, which a public client cannot use; use client_secret_basic or private_key_jwt',
    })
  }
  // RFC 9700 §2.1.1: public clients must use PKCE.
  if (context.pkce === 'optional') {
    rules.push({
      field: 'pkce',
      reads: ['token_endpoint_auth_method'],
      message: 'can be optional for a confidential client only; a public client always uses PKCE',
    })
  }
  return rules
}

function keyRules(metadata: ClientMetadata): Rule[] {
  const rules: Rule[] = []
  const byKey = metadata.token_endpoint_auth_method === 'private_key_jwt'
  const reads = ['token_endpoint_auth_method', 'jwks', 'jwks_uri']
  if (metadata.jwks !== undefined && metadata.jwks_uri !== undefined) {
    rules.push({ field: 'jwks_uri', reads, message: 'excludes jwks (RFC 7591 §2); keep one of them' })
  }
  if (byKey && metadata.jwks === undefined && metadata.jwks_uri === undefined) {
    rules.push({
      field: 'jwks',
      reads,
      message: 'is missing: private_key_jwt needs the public keys in jwks or jwks_uri',
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
      message:
        'is used with token_endpoint_auth_method private_key_jwt only, or for signed requests (request_object_signing_alg)',
    })
  }
  if (!byKey && signs && !hasKeys) {
    rules.push({
      field: 'jwks',
      reads,
      message: 'is missing: signed requests are checked with the public keys in jwks or jwks_uri',
    })
  }
  if (!byKey && metadata.token_endpoint_auth_signing_alg !== undefined) {
    const field = 'token_endpoint_auth_signing_alg'
    rules.push({ field, reads, message: 'is used with token_endpoint_auth_method private_key_jwt only' })
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
      message:
        'has assigned, which are the groups that access names, and it names none; name some, or give a prefix',
    },
  ]
}
