/**
 * Everything that administrators change, once: console and REST name the permission that a route of theirs needs, and what
 * that takes follows from here for both. `dangerous`: it opens a door or cannot be taken back, and asks a person for a
 * sign-in of the last fifteen minutes (ASVS 7.5.3). `words` complete “You are about to …”.
 */
const TABLE = {
  'client.create': { needs: 'dangerous', words: 'register a client' },
  'client.update': { needs: 'dangerous', words: 'change a client' },
  'client.delete': { needs: 'dangerous', words: 'delete a client' },
  'client.disable': { needs: 'dangerous', words: 'disable a client' },
  'client.enable': { needs: 'dangerous', words: 'enable a client' },
  'client.verify': { needs: 'dangerous', words: 'mark a client as checked' },
  'client.rotate_secret': { needs: 'dangerous', words: 'make a new secret of a client' },
  'client.remove_secret': { needs: 'dangerous', words: 'end a secret of a client' },
  'client.try': { needs: 'dangerous', words: 'run the flow of a client' },
  'client.fix_redirect_uri': { needs: 'dangerous', words: 'register a redirect URI of a refused request' },
  'user.create': { needs: 'dangerous', words: 'add a user' },
  'user.update': { needs: 'dangerous', words: 'change the names, address or role of a user' },
  'user.delete': { needs: 'dangerous', words: 'delete a user' },
  'user.disable': { needs: 'dangerous', words: 'disable a user' },
  'user.enable': { needs: 'dangerous', words: 'enable a user' },
  'user.unlock': { needs: 'dangerous', words: 'end the lock of a user' },
  'user.send-reset': { needs: 'dangerous', words: 'send a user a link to set a password' },
  'user.send-invitation': { needs: 'dangerous', words: 'send a user an invitation again' },
  'user.withdraw-invitation': { needs: 'dangerous', words: 'withdraw the invitation of a user' },
  'user.end-sessions': { needs: 'dangerous', words: 'sign a user out everywhere' },
  'user.require-factor': { needs: 'dangerous', words: 'change whether a user has to have a second factor' },
  'user.reset-factors': { needs: 'dangerous', words: 'start the removal of the second factors of a user' },
  'user.stop-recovery': { needs: 'dangerous', words: 'stop the removal of the second factors of a user' },
  'user.impersonate': { needs: 'dangerous', words: 'sign in as a user' },
  'user.end-impersonation': { needs: 'dangerous', words: 'end that an administrator is signed in as a user' },
  'group.create': { needs: 'dangerous', words: 'create a group' },
  'group.update': { needs: 'dangerous', words: 'change a group' },
  'group.delete': { needs: 'dangerous', words: 'delete a group' },
  'group.add_member': { needs: 'dangerous', words: 'add a member to a group' },
  'group.remove_member': { needs: 'dangerous', words: 'remove a member from a group' },
  'group.add_manager': { needs: 'dangerous', words: 'let a member manage a group' },
  'group.remove_manager': { needs: 'dangerous', words: 'take the management of a group from a member' },
  'role.create': { needs: 'dangerous', words: 'create a role' },
  'role.update': { needs: 'dangerous', words: 'change a role' },
  'role.delete': { needs: 'dangerous', words: 'delete a role' },
  'role.assign': { needs: 'dangerous', words: 'give a role to a user or a group' },
  'role.unassign': { needs: 'dangerous', words: 'take a role from a user or a group' },
  'attribute.create': { needs: 'dangerous', words: 'define an attribute' },
  'attribute.update': { needs: 'dangerous', words: 'change an attribute' },
  'attribute.delete': { needs: 'dangerous', words: 'delete an attribute' },
  'claim.create': { needs: 'dangerous', words: 'define a claim' },
  'claim.update': { needs: 'dangerous', words: 'change a claim' },
  'claim.delete': { needs: 'dangerous', words: 'delete a claim' },
  'organization.create': { needs: 'dangerous', words: 'create an organization' },
  'organization.update': { needs: 'dangerous', words: 'change an organization' },
  'organization.delete': { needs: 'dangerous', words: 'delete an organization' },
  'organization.add_member': {
    needs: 'dangerous',
    words: 'add a member to an organization, or change their roles',
  },
  'organization.remove_member': { needs: 'dangerous', words: 'remove a member from an organization' },
  'organization.invite': { needs: 'dangerous', words: 'invite a person to an organization' },
  'organization.revoke_invitation': { needs: 'dangerous', words: 'revoke an invitation to an organization' },
  'organization.add_domain': { needs: 'dangerous', words: 'add a domain to an organization' },
  'organization.verify_domain': { needs: 'dangerous', words: 'verify a domain of an organization' },
  'organization.remove_domain': { needs: 'dangerous', words: 'remove a domain from an organization' },
  'resource.create': { needs: 'dangerous', words: 'add an API' },
  'resource.update': { needs: 'dangerous', words: 'change an API' },
  'resource.delete': { needs: 'dangerous', words: 'remove an API' },
  'resource.add_credential': { needs: 'dangerous', words: 'make a credential of an API' },
  'resource.remove_credential': { needs: 'dangerous', words: 'remove a credential of an API' },
  'provider.create': { needs: 'dangerous', words: 'add a sign-in provider' },
  'provider.update': { needs: 'dangerous', words: 'change a sign-in provider' },
  'provider.delete': { needs: 'dangerous', words: 'remove a sign-in provider' },
  'provider.disable': { needs: 'dangerous', words: 'switch a sign-in provider off' },
  'provider.enable': { needs: 'dangerous', words: 'switch a sign-in provider on' },
  'provider.test': { needs: 'write', words: 'check the configuration of a sign-in provider' },
  'key.rotate': { needs: 'dangerous', words: 'rotate the signing keys' },
  'key.retire': { needs: 'dangerous', words: 'withdraw a signing key' },
  'registration_token.create': { needs: 'dangerous', words: 'make an initial access token' },
  'registration_token.revoke': { needs: 'dangerous', words: 'revoke an initial access token' },
  'scim_token.create': { needs: 'dangerous', words: 'create a SCIM token' },
  'scim_token.delete': { needs: 'dangerous', words: 'delete a SCIM token' },
  'hook.create': { needs: 'dangerous', words: 'define a hook' },
  'hook.update': { needs: 'dangerous', words: 'change a hook' },
  'hook.delete': { needs: 'dangerous', words: 'delete a hook' },
  'hook.rotate_secret': { needs: 'dangerous', words: 'give a hook a new secret' },
  'hook.test': { needs: 'dangerous', words: 'try a hook' },
  'webhook.create': { needs: 'dangerous', words: 'create a webhook' },
  'webhook.update': { needs: 'dangerous', words: 'change a webhook' },
  'webhook.delete': { needs: 'dangerous', words: 'delete a webhook' },
  'webhook.rotate_secret': { needs: 'dangerous', words: 'give a webhook a new secret' },
  'webhook.test': { needs: 'write', words: 'send a test event to a webhook' },
  'webhook.replay': { needs: 'write', words: 'send an event to a webhook again' },
  'branding.update': { needs: 'dangerous', words: 'change a brand' },
  'branding.preview': { needs: 'write', words: 'look at a brand before it is published' },
  'texts.update': { needs: 'dangerous', words: 'change what pages and messages say' },
  'settings.update': { needs: 'dangerous', words: 'change the settings' },
  'settings.test_mail': { needs: 'write', words: 'send yourself a test message' },
  'configuration.apply': { needs: 'dangerous', words: 'apply a configuration file' },
  // It says what applying would do, and does nothing: auditors may.
  'configuration.plan': { needs: 'read', words: 'compare a configuration file with what there is' },
  // It reads the log and leaves an entry that it did: auditors may.
  'audit.verify': { needs: 'read', words: 'verify the audit log' },
} as const satisfies Record<string, { needs: Needs; words: string }>

/** What a route needs its caller to be allowed: `read` looks; `write` changes; `dangerous` is a change that the table marks as such. */
export type Needs = 'read' | 'write' | 'dangerous'

export type Permission = keyof typeof TABLE

export const PERMISSIONS: Readonly<Record<Permission, { needs: Needs; words: string }>> = TABLE

/** What a route needs: a permission of the table, or, where it only shows a page or has no row, `read` or `write`. */
export type RouteNeeds = Permission | 'read' | 'write'

export const permissionOf = (route: RouteNeeds | undefined): Permission | undefined =>
  route !== undefined && Object.hasOwn(PERMISSIONS, route) ? (route as Permission) : undefined

export function needsOf(route: RouteNeeds): Needs {
  const permission = permissionOf(route)
  return permission === undefined ? (route as 'read' | 'write') : PERMISSIONS[permission].needs
}
