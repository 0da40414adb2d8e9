import type { EventType } from '../event-types.ts'

/**
 * What programs outside are told of the events of the audit log, by webhooks and `latchkey events tail`: each has its type here, or
 * null, where it is nothing but a matter of this server. What has no line does not compile. Several may have one type; `action` of
 * an event says which it was.
 */
const OUTSIDE = {
  'account.registered': 'user.created',
  'account.created': 'user.created',
  'account.invited': 'user.created',
  'account.invitation_accepted': 'user.invitation_accepted',
  'account.invitation_withdrawn': 'user.invitation_withdrawn',
  'account.verification_sent': null,
  'account.verification_withheld': null,
  'account.verification_failed': null,
  'account.email_verified': 'user.email_verified',
  'account.email_changed': 'user.updated',
  'account.sessions_ended': 'user.signed_out_everywhere',
  'account.signed_in': 'user.signed_in',
  'account.second_factor_asked': null,
  'account.sign_in_failed': 'user.sign_in_failed',
  'account.sign_in_disowned': 'user.sign_in_disowned',
  'account.locked': 'user.locked',
  'account.unlocked': 'user.unlocked',
  'account.password_reset_requested': 'user.password_reset_requested',
  'account.password_reset': 'user.password_changed',
  'account.password_changed': 'user.password_changed',
  'account.profile_changed': 'user.updated',
  'account.username_changed': 'user.updated',
  'account.role_changed': 'user.updated',
  'account.disabled': 'user.disabled',
  'account.enabled': 'user.enabled',
  'account.recovery_started': 'user.recovery_started',
  'account.recovery_stopped': 'user.recovery_stopped',
  'account.recovery_finished': 'user.recovery_finished',
  'account.deleted': 'user.deleted',
  'account.deletion_requested': 'user.deletion_requested',
  'account.deletion_cancelled': 'user.deletion_cancelled',
  'account.purged': 'user.purged',
  'account.voided': 'user.deleted',
  'account.linked': 'user.linked',
  'account.unlinked': 'user.unlinked',
  'audit.broken': 'audit.broken',
  'audit.reanchored': 'audit.reanchored',
  'audit.exported': null,
  'audit.verified': null,
  'client.created': 'client.created',
  'client.updated': 'client.updated',
  'client.disabled': 'client.disabled',
  'client.enabled': 'client.enabled',
  'client.deleted': 'client.deleted',
  'client.secret_rotated': 'client.secret_rotated',
  'client.secret_removed': 'client.secret_removed',
  'client.pkce_raised': 'client.updated',
  'client.pkce_lowered': 'client.updated',
  'client.tried': null,
  'client.verified': 'client.updated',
  'client.unverified': 'client.updated',
  'configuration.applied': 'configuration.applied',
  'consent.allowed': 'consent.granted',
  'consent.withdrawn': 'consent.revoked',
  'device.approved': 'device.approved',
  'device.denied': 'device.denied',
  'device.ended': 'device.ended',
  'device.code_unknown': null,
  'factor.added': 'factor.added',
  'factor.removed': 'factor.removed',
  'factor.renamed': null,
  'factor.refused': 'factor.refused',
  'factor.code_wrong': 'factor.failed',
  'factor.locked': 'factor.locked',
  'factor.recovery_codes_renewed': 'factor.recovery_codes_renewed',
  'factor.recovery_code_used': 'factor.recovery_code_used',
  'factor.phone_verified': 'factor.phone_verified',
  'factor.sms_sent': null,
  'factor.sms_failed': null,
  'factor.sms_withheld': null,
  'factor.app_password_added': 'factor.app_password_added',
  'factor.app_password_removed': 'factor.app_password_removed',
  'factor.browser_remembered': 'factor.browser_remembered',
  'factor.browser_forgotten': 'factor.browser_forgotten',
  'group.created': 'group.created',
  'group.updated': 'group.updated',
  'group.deleted': 'group.deleted',
  'group.member_added': 'group.member_added',
  'group.member_removed': 'group.member_removed',
  'key.created': 'key.created',
  'key.retired': 'key.retired',
  'passwords.imported': null,
  'provider.added': 'provider.created',
  'provider.disabled': 'provider.disabled',
  'provider.enabled': 'provider.enabled',
  'provider.updated': 'provider.updated',
  'provider.removed': 'provider.deleted',
  'registration_token.created': null,
  'registration_token.revoked': null,
  'registration_token.used': null,
  'resource.added': 'resource.created',
  'resource.updated': 'resource.updated',
  'resource.removed': 'resource.deleted',
  'resource.credential_added': 'resource.credential_added',
  'resource.credential_removed': 'resource.credential_removed',
  'role.created': 'role.created',
  'role.updated': 'role.updated',
  'role.deleted': 'role.deleted',
  'role.assigned': 'role.assigned',
  'role.unassigned': 'role.unassigned',
  'session.ended': 'session.ended',
  'settings.updated': 'settings.updated',
  'token.revoked': 'token.revoked',
  'webhook.created': null,
  'webhook.updated': null,
  'webhook.deleted': null,
  'webhook.secret_rotated': null,
  'webhook.disabled': 'webhook.disabled',
  'webhook.tested': null,
  'webhook.replayed': null,
} as const satisfies Record<EventType, string | null>

export type OutsideType = Exclude<(typeof OUTSIDE)[EventType], null>

/** The type of an audit event for programs outside; undefined: they are not told of it. */
export const outsideType = (action: string): OutsideType | undefined =>
  Object.hasOwn(OUTSIDE, action) ? (OUTSIDE[action as EventType] ?? undefined) : undefined

/** Every type, with the audit events behind it. */
export const OUTSIDE_TYPES: ReadonlyMap<OutsideType, readonly EventType[]> = Map.groupBy(
  (Object.keys(OUTSIDE) as EventType[]).filter((action) => OUTSIDE[action] !== null),
  (action) => OUTSIDE[action] as OutsideType,
)

/** Whether a pattern takes in a type: itself, all of a family (`user.*`), or everything (`*`). */
export const matchesType = (pattern: string, type: string): boolean =>
  pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)))

/** Whether a pattern takes in any type at all. */
export const isTypePattern = (pattern: string): boolean =>
  [...OUTSIDE_TYPES.keys()].some((type) => matchesType(pattern, type))
