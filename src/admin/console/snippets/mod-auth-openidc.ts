import { SECRET, type Snippet } from './snippet.ts'

/** mod_auth_openidc in Apache. Its redirect URI must lie in a protected place where nothing else is. */
export const modAuthOpenidc: Snippet = {
  id: 'mod-auth-openidc',
  name: 'Apache (mod_auth_openidc)',
  kinds: ['web'],
  fits: ({ secret }) => secret !== undefined,
  parts: ({ issuer, clientId, secret, redirectUri, scope }) => [
    {
      label: 'auth_openidc.conf',
      text: `OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${clientId}
OIDCClientSecret "\${${SECRET}}"
OIDCProviderTokenEndpointAuth client_secret_${secret}
OIDCRedirectURI ${redirectUri}
OIDCScope "${scope}"
OIDCPKCEMethod S256
OIDCCryptoPassphrase "\${OIDC_CRYPTO_PASSPHRASE}"

<Location "/">
    AuthType openid-connect
    Require valid-user
</Location>
`,
    },
    {
      label: 'envvars of Apache (/etc/apache2/envvars)',
      text: `export ${SECRET}='…'
export OIDC_CRYPTO_PASSPHRASE='…' # openssl rand -hex 32, once
`,
    },
  ],
}
