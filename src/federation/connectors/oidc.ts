import { z } from 'zod'
import { saying, t } from '../../shared/locales/texts.ts'
import { isScopeToken } from '../../shared/scope-token.ts'
import { connectorKind } from '../connector-kind.ts'
import { AUTH_METHODS } from './openid/auth.ts'
import { claimNames } from './openid/claims.ts'
import { createOpenIdConnector } from './openid/connector.ts'
import { issuer, issuerField } from './openid/issuer.ts'
import { SIGNATURES } from './openid/metadata.ts'

const oneOf = (values: readonly string[]) =>
  saying('admin.client_errors.one_of', { values: values.join(', ') })

/** RFC 6749 §3.3 */
const scope = z
  .string(saying('admin.common.problem.text'))
  .max(500, saying('admin.client_errors.text.long', { max: '500' }))
  .refine((value) => value.split(' ').every(isScopeToken), saying('admin.providers.problem.scope'))
  .refine((value) => value.split(' ').includes('openid'), saying('admin.providers.problem.scope.openid'))

/** Entra ID for the people of any tenant: an administrator of each one chooses the addresses of its people. */
const isOfEveryTenant = (issuer: string): boolean =>
  /^https:\/\/login\.microsoftonline\.com\/(common|organizations|consumers)(\/|$)/i.test(issuer)

/**
 * Any OpenID provider, found by its discovery document: Keycloak, Authentik, Entra ID, GitLab, Auth0, another Latchkey.
 * The client secret is a private key as JWK where `auth_method` is private_key_jwt.
 */
export const openId = connectorKind({
  about: {
    name: 'OpenID Connect',
    sentence: 'Microsoft Entra ID, Okta, GitLab, Keycloak, another Latchkey',
    docs: 'https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig',
  },
  secret: 'optional',
  defaultName: { hint: 'the host of its issuer', of: ({ issuer }) => new URL(issuer).host },
  problems: ({ issuer, auth_method: method }, { hasSecret }) => [
    ...(method === 'none' || hasSecret
      ? []
      : [
          {
            field: 'client_secret',
            message: t('admin.providers.problem.secret.method', { method }),
          },
        ]),
    ...(isOfEveryTenant(issuer)
      ? [
          {
            field: 'issuer',
            message: t('admin.providers.problem.issuer.tenant'),
          },
        ]
      : []),
  ],
  fields: {
    issuer: {
      ...issuerField,
      schema: issuer,
      label: 'Issuer',
      hint: 'Exactly as its discovery document has it.',
    },
    auth_method: {
      schema: z.enum(AUTH_METHODS, oneOf(AUTH_METHODS)).default('client_secret_basic'),
      input: 'text',
      choices: AUTH_METHODS,
      example: 'client_secret_post',
      option: '--auth-method <method>',
      sentence:
        'client_secret_basic (default), client_secret_post, client_secret_jwt, private_key_jwt (the secret is a JWK), none',
      label: 'How the secret is sent',
    },
    /** Default: what the provider offers out of the list. */
    id_token_alg: {
      schema: z.enum(SIGNATURES, oneOf(SIGNATURES)).optional(),
      input: 'text',
      choices: SIGNATURES,
      example: 'ES256',
      option: '--id-token-alg <alg>',
      sentence: 'the only signature of its id_tokens to accept (default: what it announces)',
    },
    scope: {
      schema: scope.default('openid profile email'),
      input: 'text',
      example: 'openid email',
      option: '--scope <scopes>',
      sentence: 'what it is asked for (default "openid profile email")',
    },
    claims: {
      schema: claimNames,
      input: 'pairs',
      example: { username: 'nickname' },
      option: '--claim <name=claim>',
      sentence: 'where it has something else than usual, for example username=nickname (repeatable)',
    },
    /** Addresses count as verified although the provider does not say so. Entra ID never says so. */
    trust_email: {
      schema: z.boolean(saying('admin.common.problem.boolean')).default(false),
      input: 'flag',
      example: true,
      option: '--trust-email',
      sentence: 'its addresses are verified although it does not say so',
      label: 'Its addresses are verified although it does not say so',
      hint: 'Only for a provider whose administrators give the addresses out, such as your own Entra ID tenant.',
    },
  },
  create: (registration, settings) =>
    createOpenIdConnector(registration, {
      issuer: settings.issuer,
      authMethod: settings.auth_method,
      idTokenAlg: settings.id_token_alg,
      scope: settings.scope,
      claims: settings.claims,
      trustEmail: settings.trust_email,
      parameters: { always: {}, again: { prompt: 'login' } },
      userInfo: true,
      logout: true,
    }),
})
