/**
 * Everything that administrators look at and change, once: console and REST name the permission that a route of theirs needs, roles
 * are made of them, and what each takes follows from here. `dangerous`: it opens a door or cannot be taken back, and asks a person
 * for a sign-in of the last fifteen minutes (ASVS 7.5.3). `words` complete “You are about to …” and “This allows to …”.
 */
const TABLE = {
  'overview.read': { needs: 'read', words: 'see the overview with its counts' },
  'setup.update': { needs: 'write', words: 'say which steps of setting up are done' },
  'rejection.read': { needs: 'read', words: 'see requests that were refused' },
  'client.read': { needs: 'read', within: 'clients', words: 'see clients, who uses them and how' },
  'client.create': { needs: 'dangerous', words: 'register a client' },
  'client.update': { needs: 'dangerous', within: 'clients', words: 'change a client' },
  'client.delete': { needs: 'dangerous', words: 'delete a client' },
  'client.disable': { needs: 'dangerous', within: 'clients', words: 'disable a client' },
  'client.enable': { needs: 'dangerous', within: 'clients', words: 'enable a client' },
  'client.verify': { needs: 'dangerous', words: 'mark a client as checked' },
  'client.rotate_secret': { needs: 'dangerous', within: 'clients', words: 'create a new secret of a client' },
  'client.remove_secret': { needs: 'dangerous', within: 'clients', words: 'end a secret of a client' },
  'client.try': { needs: 'dangerous', alone: true, words: 'run the flow of a client' },
  'client.fix_redirect_uri': {
    alone: true,
    needs: 'dangerous',
    words: 'register a redirect URI of a refused request',
  },
  'user.read': {
    needs: 'read',
    within: 'organization',
    words: 'see people, how they sign in, and what happened to their accounts',
  },
  'user.create': { needs: 'dangerous', words: 'add a user' },
  'user.update': { needs: 'dangerous', words: 'change the names, address and attributes of a user' },
  'user.set_role': { needs: 'dangerous', words: 'give a person a role of administration, or take it' },
  'user.delete': { needs: 'dangerous', words: 'delete a user' },
  'user.disable': { needs: 'dangerous', within: 'organization', words: 'disable a user' },
  'user.enable': { needs: 'dangerous', within: 'organization', words: 'enable a user' },
  'user.unlock': { needs: 'dangerous', within: 'organization', words: 'end the lock of a user' },
  'user.send_reset': {
    needs: 'dangerous',
    within: 'organization',
    words: 'send a user a link to set a password',
  },
  'user.send_invitation': { needs: 'dangerous', words: 'send a user an invitation again' },
  'user.withdraw_invitation': { needs: 'dangerous', words: 'withdraw the invitation of a user' },
  'user.end_sessions': { needs: 'dangerous', within: 'organization', words: 'sign a user out everywhere' },
  'user.require_factor': { needs: 'dangerous', words: 'change whether a user has to have a second factor' },
  'user.reset_factors': { needs: 'dangerous', words: 'start the removal of the second factors of a user' },
  'user.stop_recovery': { needs: 'dangerous', words: 'stop the removal of the second factors of a user' },
  'user.impersonate': { needs: 'dangerous', words: 'sign in as a user' },
  'user.read_impersonations': { needs: 'read', words: 'see who is signed in as a person' },
  'user.end_impersonation': { needs: 'dangerous', words: 'end that an administrator is signed in as a user' },
  'group.read': { needs: 'read', words: 'see groups and their members' },
  'group.create': { needs: 'dangerous', words: 'create a group' },
  'group.update': { needs: 'dangerous', words: 'change a group' },
  'group.delete': { needs: 'dangerous', words: 'delete a group' },
  'group.add_member': { needs: 'dangerous', words: 'add a member to a group' },
  'group.remove_member': { needs: 'dangerous', words: 'remove a member from a group' },
  'group.add_manager': { needs: 'dangerous', words: 'let a member manage a group' },
  'group.remove_manager': { needs: 'dangerous', words: 'take the management of a group from a member' },
  'role.read': { needs: 'read', words: 'see roles and who has them' },
  'role.create': { needs: 'dangerous', words: 'create a role' },
  'role.update': { needs: 'dangerous', words: 'change a role' },
  'role.delete': { needs: 'dangerous', words: 'delete a role' },
  'role.assign': { needs: 'dangerous', words: 'give a role to a user or a group' },
  'role.unassign': { needs: 'dangerous', words: 'take a role from a user or a group' },
  'attribute.read': { needs: 'read', words: 'see the attributes that are defined' },
  'attribute.create': { needs: 'dangerous', words: 'define an attribute' },
  'attribute.update': { needs: 'dangerous', words: 'change an attribute' },
  'attribute.delete': { needs: 'dangerous', words: 'delete an attribute' },
  'claim.read': { needs: 'read', words: 'see the claims that are defined' },
  'claim.create': { needs: 'dangerous', words: 'define a claim' },
  'claim.update': { needs: 'dangerous', words: 'change a claim' },
  'claim.delete': { needs: 'dangerous', words: 'delete a claim' },
  'organization.read': {
    needs: 'read',
    within: 'organization',
    words: 'see organizations, their members and invitations',
  },
  'organization.create': { needs: 'dangerous', words: 'create an organization' },
  'organization.update': { needs: 'dangerous', within: 'organization', words: 'change an organization' },
  'organization.delete': { needs: 'dangerous', words: 'delete an organization' },
  'organization.add_member': {
    needs: 'dangerous',
    within: 'organization',
    words: 'add a member to an organization, or change their roles',
  },
  'organization.remove_member': {
    needs: 'dangerous',
    within: 'organization',
    words: 'remove a member from an organization',
  },
  'organization.invite': {
    needs: 'dangerous',
    within: 'organization',
    words: 'invite a person to an organization',
  },
  'organization.revoke_invitation': {
    needs: 'dangerous',
    within: 'organization',
    words: 'revoke an invitation to an organization',
  },
  'organization.add_domain': {
    needs: 'dangerous',
    alone: true,
    words: 'add a domain to an organization',
  },
  'organization.verify_domain': {
    needs: 'dangerous',
    alone: true,
    words: 'verify a domain of an organization',
  },
  'organization.remove_domain': {
    needs: 'dangerous',
    alone: true,
    words: 'remove a domain from an organization',
  },
  'resource.read': { needs: 'read', words: 'see APIs, their scopes and credentials' },
  'resource.create': { needs: 'dangerous', words: 'add an API' },
  'resource.update': { needs: 'dangerous', words: 'change an API' },
  'resource.delete': { needs: 'dangerous', words: 'remove an API' },
  'resource.add_credential': { needs: 'dangerous', words: 'create a credential of an API' },
  'resource.remove_credential': { needs: 'dangerous', words: 'remove a credential of an API' },
  'provider.read': { needs: 'read', words: 'see sign-in providers' },
  'provider.create': { needs: 'dangerous', alone: true, words: 'add a sign-in provider' },
  'provider.update': { needs: 'dangerous', alone: true, words: 'change a sign-in provider' },
  'provider.delete': { needs: 'dangerous', alone: true, words: 'remove a sign-in provider' },
  'provider.disable': { needs: 'dangerous', alone: true, words: 'switch a sign-in provider off' },
  'provider.enable': { needs: 'dangerous', alone: true, words: 'switch a sign-in provider on' },
  'provider.test': { needs: 'write', words: 'check the configuration of a sign-in provider' },
  'administrator_role.read': { needs: 'read', words: 'see administrator roles and who has them' },
  'administrator_role.create': { needs: 'dangerous', alone: true, words: 'define an administrator role' },
  'administrator_role.update': { needs: 'dangerous', alone: true, words: 'change an administrator role' },
  'administrator_role.delete': { needs: 'dangerous', alone: true, words: 'delete an administrator role' },
  'key.read': { needs: 'read', words: 'see the signing keys and who uses them' },
  'key.rotate': { needs: 'dangerous', words: 'rotate the signing keys' },
  'key.retire': { needs: 'dangerous', words: 'withdraw a signing key' },
  'registration_token.read': {
    needs: 'read',
    words: 'see initial access tokens, and clients that registered themselves',
  },
  'registration_token.create': { needs: 'dangerous', words: 'create an initial access token' },
  'registration_token.revoke': { needs: 'dangerous', words: 'revoke an initial access token' },
  'scim_token.read': { needs: 'read', words: 'see SCIM tokens' },
  'scim_token.create': { needs: 'dangerous', alone: true, words: 'create a SCIM token' },
  'scim_token.update': { needs: 'dangerous', alone: true, words: 'rename a SCIM token' },
  'scim_token.delete': { needs: 'dangerous', alone: true, words: 'delete a SCIM token' },
  'hook.read': { needs: 'read', words: 'see hooks' },
  'hook.create': { needs: 'dangerous', alone: true, words: 'define a hook' },
  'hook.update': { needs: 'dangerous', alone: true, words: 'change a hook' },
  'hook.delete': { needs: 'dangerous', alone: true, words: 'delete a hook' },
  'hook.rotate_secret': { needs: 'dangerous', alone: true, words: 'give a hook a new secret' },
  'hook.test': { needs: 'dangerous', alone: true, words: 'try a hook' },
  'webhook.read': { needs: 'read', words: 'see webhooks and what was sent' },
  'webhook.create': { needs: 'dangerous', words: 'create a webhook' },
  'webhook.update': { needs: 'dangerous', words: 'change a webhook' },
  'webhook.delete': { needs: 'dangerous', words: 'delete a webhook' },
  'webhook.rotate_secret': { needs: 'dangerous', words: 'give a webhook a new secret' },
  'webhook.test': { needs: 'write', words: 'send a test event to a webhook' },
  'webhook.replay': { needs: 'write', words: 'send an event to a webhook again' },
  'branding.read': { needs: 'read', words: 'see brands' },
  'branding.update': { needs: 'dangerous', alone: true, words: 'change a brand' },
  'branding.preview': { needs: 'write', alone: true, words: 'look at a brand before it is published' },
  'texts.read': { needs: 'read', words: 'see what pages and messages say' },
  'texts.update': { needs: 'dangerous', alone: true, words: 'change what pages and messages say' },
  'settings.read': { needs: 'read', words: 'see the settings' },
  'settings.update': { needs: 'dangerous', words: 'change the settings' },
  'settings.test_mail': { needs: 'write', words: 'send yourself a test message' },
  'configuration.read': { needs: 'read', words: 'see everything that is configured, as a file' },
  'configuration.apply': { needs: 'dangerous', alone: true, words: 'apply a configuration file' },
  // It says what applying would do, and does nothing: auditors may.
  'configuration.plan': { needs: 'read', words: 'compare a configuration file with what there is' },
  'audit.read': { needs: 'read', words: 'see and export the audit log, of everything and everybody' },
  // It reads the log and leaves an entry that it did: auditors may.
  'audit.verify': { needs: 'read', words: 'verify the audit log' },
} as const satisfies Record<string, Described>

/** What a route needs its caller to be allowed: `read` looks; `write` changes; `dangerous` is a change that the table marks as such. */
export type Needs = 'read' | 'write' | 'dangerous'

interface Described {
  needs: Needs
  words: string
  /** Of administrators alone: who could do it could do everything in the end, or let others. No role that is defined has it. */
  alone?: true
  /** What a role that has it may be limited to. */
  within?: Limit
}

/** What a role may be limited to: the clients, or the organization and its members, that it names. */
export type Limit = 'clients' | 'organization'

export type Permission = keyof typeof TABLE

export const PERMISSIONS: Readonly<Record<Permission, Described>> = TABLE

/** What roles may be made of. */
export const GRANTABLE = (Object.keys(TABLE) as Permission[]).filter((name) => !PERMISSIONS[name].alone)

export const needsOf = (permission: Permission): Needs => PERMISSIONS[permission].needs

type Underscored<Text extends string> = Text extends `${infer Head}-${infer Rest}`
  ? `${Head}_${Underscored<Rest>}`
  : Text

/** The permission of what is done to a user, by its word in paths: `send-reset`. */
export const userPermission = <Act extends string>(act: Act) =>
  `user.${act.replaceAll('-', '_')}` as `user.${Underscored<Act>}`

/** The area of a permission, in words for a heading: “Signing keys”. */
export function areaOf(permission: Permission): string {
  return AREAS[permission.split('.')[0] as Area]
}

type Area = Permission extends infer Name ? (Name extends `${infer First}.${string}` ? First : never) : never

const AREAS: Readonly<Record<Area, string>> = {
  overview: 'Overview',
  setup: 'Setting up',
  rejection: 'Refused requests',
  client: 'Clients',
  user: 'Users',
  group: 'Groups',
  role: 'Roles',
  attribute: 'Attributes',
  claim: 'Claims',
  organization: 'Organizations',
  resource: 'APIs',
  provider: 'Sign-in providers',
  administrator_role: 'Administrator roles',
  key: 'Signing keys',
  registration_token: 'Registration',
  scim_token: 'Provisioning',
  hook: 'Hooks',
  webhook: 'Webhooks',
  branding: 'Branding',
  texts: 'Languages',
  settings: 'Settings',
  configuration: 'Configuration',
  audit: 'Audit log',
}
