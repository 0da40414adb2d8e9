import { expect, test } from 'vitest'
import { FIELDS, type FieldName } from '../../../src/clients/fields/table.ts'
import { CLIENTS } from './authorize-requests.ts'

/** Fields that no app of the comparison has, each with the reason why an authorization request is plain whatever they say. */
const EXCUSED: Partial<Record<FieldName, string>> = {
  client_name: 'pages and mails show it',
  client_uri: 'pages show it',
  logo_uri: 'pages show it',
  policy_uri: 'pages show it',
  tos_uri: 'pages show it',
  contacts: 'administrators read it',
  software_id: 'administrators read it',
  initiate_login_uri: 'the launcher and mails link to it',
  post_logout_redirect_uris: 'sign-out asks it',
  grant_types: 'the token endpoint asks it; responseTypeAllowed follows from it',
  response_types: 'responseTypeAllowed asks it',
  jwks_uri: 'its keys are asked for requests that are signed, and for authentication: jwks is compared',
  token_endpoint_auth_signing_alg: 'the token endpoint asks it',
  request_object_signing_alg: 'requests that are signed have a parameter, which is not plain',
  id_token_signed_response_alg: 'the token endpoint asks it',
  id_token_identity_claims: 'the token endpoint asks it',
  groups_filter: 'userinfo and the token endpoint ask it',
}

test('each field of a client is compared by both ways of authorization, or excused', () => {
  const compared = new Set(CLIENTS.flatMap((metadata) => Object.keys(metadata)))
  const names = FIELDS.map(({ name }) => name)
  expect(names.filter((name) => !compared.has(name) && EXCUSED[name] === undefined)).toEqual([])
  expect(Object.keys(EXCUSED).filter((name) => compared.has(name))).toEqual([])
})
