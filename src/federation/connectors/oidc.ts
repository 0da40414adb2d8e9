import type { ConnectorKind } from '../connector.ts'
import { type OidcSettings, oidcSettings } from './oidc-settings.ts'
import { createOpenIdConnector } from './openid/connector.ts'

/**
 * Any OpenID provider, found by its discovery document: Keycloak, Authentik, Entra ID, GitLab, Auth0, another Latchkey.
 * The client secret is a private key as JWK where `auth_method` is private_key_jwt.
 */
export const openId: ConnectorKind<OidcSettings> = {
  displayName: 'OpenID Connect',
  settings: oidcSettings,
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
}
