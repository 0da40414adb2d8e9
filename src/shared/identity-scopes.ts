/** The scopes of this server itself, which are about a person (OpenID Connect Core §5.4, §11); every other is of an API. */
export const IDENTITY_SCOPES = [
  'openid',
  'profile',
  'email',
  'address',
  'phone',
  'groups',
  'roles',
  'identity_provider',
  'offline_access',
] as const

const known: ReadonlySet<string> = new Set(IDENTITY_SCOPES)

/** Whether a scope is one of this server itself. The name may come from anywhere. */
export const isIdentityScope = (scope: string): boolean => known.has(scope)

/** Whether a client acts for nobody but itself (RFC 6749 §4.4): scopes about a person mean nothing to it. */
export const isMachine = (grantTypes: readonly unknown[]): boolean =>
  grantTypes.length > 0 && grantTypes.every((grant) => grant === 'client_credentials')
