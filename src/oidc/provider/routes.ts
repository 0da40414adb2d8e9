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

/** What programs call. Errors there are JSON, whatever a request accepts: Java’s own HTTP client prefers HTML (RFC 6749 §5.2). */
const forPrograms: ReadonlySet<string> = new Set([
  routes.token,
  routes.userinfo,
  routes.introspection,
  routes.revocation,
  routes.pushed_authorization_request,
  routes.device_authorization,
])

export const isForPrograms = (path: string): boolean => forPrograms.has(path)
