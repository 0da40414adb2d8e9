/** Where the protocol lives. Clients find these by discovery; only the well-known paths are fixed by standards. */
export const routes = {
  authorization: '/authorize',
  token: '/token',
  userinfo: '/userinfo',
  jwks: '/jwks',
  introspection: '/introspect',
  revocation: '/revoke',
  pushed_authorization_request: '/par',
  device_authorization: '/device_authorization',
  /** Short: people type it. */
  code_verification: '/device',
  end_session: '/logout',
}
