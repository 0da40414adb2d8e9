/**
 * Scopes by which clients ask other servers for claims about a person, and which they send to this one out of habit. They are no
 * mistake of the client: where this server has no such scope, or the client is not registered for it, the rest of the request is answered (OpenID Connect Core §3.1.2.1: scope
 * values that are not understood should be ignored), and an administrator can see what was left out (left-out.ts).
 */
const HABITUAL = new Set([
  // Programs that ask for all that discovery lists (`scopes_supported`) mean few of them; without `profile` or `email` they would not work.
  'address',
  'phone',
  'identity_provider',
  'groups',
  'group',
  'roles',
  'role',
  'permissions',
  'entitlements',
  'memberships',
  'organization',
  'organizations',
  'user',
  'userinfo',
  'username',
  'user:email',
  'read:user',
  'name',
  'picture',
  'avatar',
  'locale',
  'birthdate',
  'acr',
  'basic',
  'web-origins',
  'microprofile-jwt',
  'service_account',
  'federated:id',
  'device_sso',
  'online_access',
])

export const isHabitual = (scope: string): boolean => HABITUAL.has(scope)
