/**
 * What was done, in words behind the name of who did it; `{target}` is what it was done to. Every event of the program has a
 * line here: `Action` is the type of an event, and what has none does not compile.
 */
export const EVENT_TYPES = {
  'account.registered': 'registered the account {target}',
  'account.created': 'created the account {target}',
  'account.invited': 'invited {target}',
  'account.invitation_accepted': 'accepted the invitation of {target}',
  'account.invitation_withdrawn': 'withdrew the invitation of {target}',
  'account.verification_sent': 'had a message sent that verifies the address of {target}',
  'account.verification_withheld':
    'asked for a message that verifies the address of {target}, which was not sent',
  'account.verification_failed': 'failed to verify the address of {target}',
  'account.email_verified': 'verified the address of {target}',
  'account.email_changed': 'changed the address of {target}',
  'account.sessions_ended': 'signed {target} out everywhere',
  'account.impersonated': 'signed in as {target}',
  'account.impersonation_ended': 'ended being signed in as {target}',
  'account.signed_in': 'signed in',
  'account.second_factor_asked': 'is asked for the second factor of {target}',
  'account.sign_in_failed': 'failed to sign in as {target}',
  'account.sign_in_disowned':
    'said that a sign-in to {target} was somebody else’s, and signed it out everywhere',
  'account.locked': 'locked {target} by too many wrong passwords',
  'account.unlocked': 'unlocked {target}',
  'account.password_reset_requested': 'asked to reset the password of {target}',
  'account.password_reset': 'reset the password of {target}',
  'account.password_changed': 'changed the password of {target}',
  'account.profile_changed': 'changed the profile of {target}',
  'account.username_changed': 'changed the username of {target}',
  'account.role_changed': 'changed the role of {target}',
  'account.disabled': 'disabled {target}',
  'account.enabled': 'enabled {target}',
  'account.recovery_started': 'started to recover {target} without its second factors',
  'account.recovery_stopped': 'stopped the recovery of {target}',
  'account.recovery_finished': 'removed every second factor of {target} by a recovery',
  'account.deleted': 'deleted {target}',
  'account.deletion_requested': 'asked for the deletion of {target}',
  'account.deletion_cancelled': 'took back the deletion of {target}',
  'account.purged': 'deleted accounts that never verified an address',
  'account.voided': 'voided {target}: the address turned out to be somebody else’s',
  'account.linked': 'linked a sign-in elsewhere to {target}',
  'account.unlinked': 'removed a sign-in elsewhere from {target}',
  'audit.broken': 'found the end of the audit log changed',
  'audit.reanchored': 'anchored the audit log anew',
  'audit.exported': 'exported the audit log',
  'audit.verified': 'verified the audit log',
  'users.exported': 'exported a list of users',
  'clients.exported': 'exported a list of clients',
  'lists.exported': 'exported a list',
  'branding.updated': 'changed the brand of {target}',
  'client.created': 'registered the client {target}',
  'client.updated': 'changed the client {target}',
  'client.disabled': 'disabled the client {target}',
  'client.enabled': 'enabled the client {target}',
  'client.deleted': 'deleted the client {target}',
  'client.secret_rotated': 'gave the client {target} a new secret',
  'client.secret_removed': 'removed a secret of the client {target}',
  'client.pkce_raised': 'requires PKCE of the client {target}, which always used it',
  'client.pkce_lowered': 'requires PKCE of the client {target} no more, which has gone without',
  'client.tried': 'tried the flow of the client {target}',
  'client.verified': 'marked the client {target} as verified',
  'client.unverified': 'marked the client {target} as not verified',
  'configuration.applied': 'applied a configuration file',
  'consent.allowed': 'allowed {target} access',
  'consent.withdrawn': 'took the access of {target} back',
  'device.approved': 'signed a device in to {target} by its code',
  'device.denied': 'refused a device of {target}',
  'device.ended': 'signed a device out of {target}',
  'device.code_unknown': 'entered a device code that is none',
  'factor.added': 'added a second factor to {target}',
  'factor.removed': 'removed a second factor of {target}',
  'factor.renamed': 'renamed a second factor of {target}',
  'factor.refused': 'used a passkey of {target} whose counter went back: it is refused from now on',
  'factor.code_wrong': 'sent a wrong code, or passkey, of a second factor of {target}',
  'factor.locked': 'sent too many wrong codes of a second factor of {target}',
  'factor.recovery_codes_renewed': 'created new recovery codes of {target}',
  'factor.recovery_code_used': 'used a recovery code of {target}',
  'factor.phone_verified': 'verified a phone number of {target}',
  'factor.sms_sent': 'had a code sent to a phone of {target}',
  'factor.sms_failed': 'asked for a code to a phone of {target}, which the gateway did not send',
  'factor.sms_withheld': 'asked for a code to a phone of {target}, which was not sent',
  'factor.app_password_added': 'created an app password of {target}',
  'factor.app_password_removed': 'removed an app password of {target}',
  'factor.browser_remembered': 'had a browser of {target} remembered',
  'factor.browser_forgotten': 'had a browser of {target} forgotten',
  'group.created': 'created the group {target}',
  'group.updated': 'changed the group {target}',
  'group.deleted': 'deleted the group {target}',
  'group.member_added': 'added a member to the group {target}',
  'group.member_removed': 'removed a member from the group {target}',
  'group.manager_added': 'made a member of the group {target} its manager',
  'group.manager_removed': 'took the management of the group {target} from a member',
  'attribute.created': 'defined the attribute {target}',
  'attribute.updated': 'changed the attribute {target}',
  'attribute.deleted': 'deleted the attribute {target}',
  'claim.created': 'defined the claim {target}',
  'claim.updated': 'changed the claim {target}',
  'claim.deleted': 'deleted the claim {target}',
  'key.created': 'created the signing key {target}',
  'key.retired': 'retired the signing key {target}',
  'organization.created': 'created the organization {target}',
  'organization.updated': 'changed the organization {target}',
  'organization.deleted': 'deleted the organization {target}',
  'organization.member_added': 'added a member to the organization {target}',
  'organization.member_removed': 'removed a member from the organization {target}',
  'organization.member_roles_changed': 'changed the roles of a member of the organization {target}',
  'organization.invited': 'invited a person to the organization {target}',
  'organization.invitation_sent_again': 'sent an invitation to the organization {target} again',
  'organization.invitation_revoked': 'revoked an invitation to the organization {target}',
  'organization.invitation_accepted': 'accepted an invitation to the organization {target}',
  'organization.domain_added': 'added a domain to the organization {target}',
  'organization.domain_verified': 'verified a domain of the organization {target}',
  'organization.domain_lost': 'found a domain of the organization {target} to be verified no more',
  'organization.domain_removed': 'removed a domain from the organization {target}',
  'passwords.imported': 'imported a list of stolen passwords',
  'provider.added': 'added the sign-in provider {target}',
  'provider.disabled': 'disabled the sign-in provider {target}',
  'provider.enabled': 'enabled the sign-in provider {target}',
  'provider.updated': 'changed the sign-in provider {target}',
  'provider.removed': 'removed the sign-in provider {target}',
  'registration_token.created': 'created the initial access token {target}',
  'registration_token.revoked': 'revoked the initial access token {target}',
  'registration_token.used': 'registered a client with the initial access token {target}',
  'resource.added': 'added the API {target}',
  'resource.updated': 'changed the API {target}',
  'resource.removed': 'removed the API {target}',
  'resource.credential_added': 'created a credential of the API {target}',
  'resource.credential_removed': 'removed a credential of the API {target}',
  'administrator_role.created': 'defined the administrator role {target}',
  'administrator_role.updated': 'changed the administrator role {target}',
  'administrator_role.deleted': 'deleted the administrator role {target}',
  'role.created': 'created the role {target}',
  'role.updated': 'changed the role {target}',
  'role.deleted': 'deleted the role {target}',
  'role.assigned': 'gave the role {target}',
  'role.unassigned': 'took the role {target} away',
  'scim_token.created': 'created the SCIM token {target}',
  'scim_token.updated': 'changed the SCIM token {target}',
  'scim_token.deleted': 'deleted the SCIM token {target}',
  'session.ended': 'signed {target} out',
  'settings.updated': 'changed the settings',
  'texts.updated': 'changed what pages and messages say',
  'token.revoked': 'revoked tokens of {target}',
  'hook.created': 'defined the hook {target}',
  'hook.updated': 'changed the hook {target}',
  'hook.deleted': 'deleted the hook {target}',
  'hook.secret_rotated': 'gave the hook {target} a new secret',
  'hook.tested': 'tried the hook {target}',
  'hook.denied': 'was denied something by the hook {target}',
  'webhook.created': 'created the webhook {target}',
  'webhook.updated': 'changed the webhook {target}',
  'webhook.deleted': 'deleted the webhook {target}',
  'webhook.secret_rotated': 'gave the webhook {target} a new secret',
  'webhook.disabled': 'disabled the webhook {target}, which had failed for days',
  'webhook.tested': 'sent a test event to the webhook {target}',
  'webhook.replayed': 'had an event sent to the webhook {target} again',
} as const

export type EventType = keyof typeof EVENT_TYPES

type Family<Type extends string> = Type extends `${infer Beginning}.${string}` ? Beginning : never

/** The families of events, each by the beginning of their names. */
export const FAMILIES: Readonly<Record<Family<EventType>, string>> = {
  account: 'Accounts and sign-ins',
  administrator_role: 'Administrator roles',
  attribute: 'User attributes',
  audit: 'The audit log itself',
  branding: 'Brands',
  claim: 'Custom claims',
  client: 'Clients',
  clients: 'Lists of clients',
  configuration: 'Configuration files',
  consent: 'Consents',
  device: 'Devices that sign in with a code',
  factor: 'Second factors',
  group: 'Groups',
  key: 'Signing keys',
  lists: 'Other lists',
  organization: 'Organizations',
  passwords: 'Stolen passwords',
  provider: 'Sign-in providers',
  registration_token: 'Initial access tokens',
  resource: 'APIs',
  role: 'Roles',
  scim_token: 'SCIM tokens',
  session: 'Sessions',
  settings: 'Settings',
  texts: 'Texts',
  token: 'Tokens',
  hook: 'Hooks',
  users: 'Lists of users',
  webhook: 'Webhooks',
}

/** Actions of one family, to filter by. */
export interface ActionGroup {
  /** What all of them begin with, `client.` for example. */
  prefix: string
  label: string
  actions: string[]
}

/** The kinds of actions and each of them, for a choice. */
export const actionGroups = (): ActionGroup[] => {
  const order = [...new Set(Object.keys(EVENT_TYPES).map(familyOf))]
  return Object.entries(FAMILIES)
    .sort(([one], [other]) => order.indexOf(one) - order.indexOf(other))
    .map(([family, label]) => ({
      prefix: `${family}.`,
      label,
      actions: Object.keys(EVENT_TYPES).filter((action) => familyOf(action) === family),
    }))
}

/** Everything that an action may be filtered by: itself, or the beginning of several. */
export const actionsLike = (prefix: string): string[] => {
  const matching = Object.keys(EVENT_TYPES).filter((action) => action.startsWith(prefix))
  return matching.length > 0 ? matching : [prefix]
}

const familyOf = (action: string): string => action.split('.', 1)[0] ?? ''

/** A sentence without its subject. What another version has written is spelt as it is. */
export function sentenceOf(action: string, target: string | undefined): string {
  const words = Object.hasOwn(EVENT_TYPES, action)
    ? EVENT_TYPES[action as EventType]
    : `did “${action}”${target === undefined ? '' : ' to {target}'}`
  return words.replace('{target}', () => target ?? 'an unknown account')
}
