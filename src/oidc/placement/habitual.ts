/**
 * Scopes that say who somebody is at other servers, and that apps ask for out of habit. They are no mistake of the
 * request: where this server has no such scope, the rest of the request is answered (OpenID Connect Core §3.1.2.1: what is
 * not understood should be ignored), and an administrator can see it (left-out.ts).
 */
const HABITUAL = new Set([
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
