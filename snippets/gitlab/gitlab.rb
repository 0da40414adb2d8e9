gitlab_rails['omniauth_allow_single_sign_on'] = ['openid_connect']
gitlab_rails['omniauth_block_auto_created_users'] = true
gitlab_rails['omniauth_providers'] = [
  {
    name: 'openid_connect',
    label: 'Latchkey',
    args: {
      name: 'openid_connect',
      scope: [__SCOPES_QUOTED__],
      response_type: 'code',
      issuer: '__ISSUER__',
      discovery: true,
      client_auth_method: '__AUTH__',
      uid_field: 'sub',
      pkce: true,
      client_options: {
        identifier: '__CLIENT_ID__',
        secret: '__CLIENT_SECRET__',
        gitlab: { groups_attribute: 'groups', admin_groups: ['gitlab-admins'] }, # ? groups
        redirect_uri: '__REDIRECT_URI__'
      }
    }
  }
]
