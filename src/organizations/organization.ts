/** Organizations as administrators, managers and the protocol see them. */
import type { OrganizationContent } from './fields.ts'

/** A company that people sign in for. */
export interface Organization extends OrganizationContent {
  id: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** Raised by each change. */
  version: number
}

/** A person in an organization. */
export interface OrganizationMember {
  accountId: string
  username: string
  email: string | null
  /** Names of the template; what was taken out of it is left out. */
  roles: string[]
  /** Administers this server, or may look at how it is administered. */
  administrator: boolean
  /** Milliseconds since the epoch. */
  createdAt: number
}

/** What a person is in an organization. */
export interface Membership
  extends Omit<
    Organization,
    'provider_required' | 'provider_join' | 'provider_roles' | 'impersonation_forbidden'
  > {
  /** Of the person. */
  roles: string[]
  /** One of the roles manages members and invitations. */
  manages: boolean
}

/** A person is asked to join, by an address. */
export interface OrganizationInvitation {
  id: string
  email: string
  roles: string[]
  invitedBy: string
  /** Milliseconds since the epoch. */
  createdAt: number
  sentAt: number
  expiresAt: number
  /** Its time is over; it can be sent again. */
  expired: boolean
}

interface Named {
  id: string
  name: string
}

export type OrganizationEvent =
  | (Named & { type: 'organization.created' | 'organization.deleted' })
  | (Named & { type: 'organization.updated'; before: object; after: object })
  | (Named & { type: 'organization.member_added'; accountId: string; after: object })
  | (Named & { type: 'organization.member_removed'; accountId: string })
  | (Named & { type: 'organization.member_roles_changed'; accountId: string; before: object; after: object })
  | (Named & {
      type: 'organization.invited' | 'organization.invitation_sent_again' | 'organization.invitation_revoked'
      invitation: string
      after?: object
    })
  | (Named & { type: 'organization.invitation_accepted'; invitation: string; accountId: string })
  | (Named & {
      type:
        | 'organization.domain_added'
        | 'organization.domain_verified'
        | 'organization.domain_lost'
        | 'organization.domain_removed'
      domain: string
    })
