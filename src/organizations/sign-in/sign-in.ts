/** Signing in at the provider of an organization: who is led there, who may come from there, and who becomes a member by it. */
import { domainOfAddress } from '../../shared/domain-name.ts'
import { isId } from '../../shared/ids.ts'
import type { Members } from '../members/members.ts'
import type { Organization } from '../organization.ts'
import type { RoleTemplate } from '../template.ts'
import type { SignInStore } from './store.ts'

/** The provider of an organization. */
export interface OrganizationProvider {
  organizationId: string
  /** Its name. */
  organization: string
  /** The provider's ID. */
  provider: string
  kind: string
  name: string
  /** Addresses of the organization's domains sign in there only. */
  required: boolean
}

export interface OrganizationSignIn {
  /**
   * Where an address signs in: the provider of the organization that has verified its domain. One statement, none while there is no
   * organization. @param email in canonical form
   */
  ofEmail(email: string): Promise<OrganizationProvider | undefined>
  /** That of an organization, by its ID or short name. */
  ofOrganization(idOrSlug: string): Promise<OrganizationProvider | undefined>
  /** Whether an organization has verified the domain of an address. @param email as a provider says it */
  owns(organizationId: string, email: string): Promise<boolean>
  /** A person has come by the provider of an organization: a member from now on, where it says so. */
  arrived(organizationId: string, accountId: string): Promise<void>
}

export function createOrganizationSignIn({
  store,
  exist,
  get,
  members,
  template,
  canonicalEmail,
}: {
  store: SignInStore
  exist(): boolean
  /** @throws AppError organization_not_found (404) */
  get(id: string): Promise<Organization>
  members: Pick<Members, 'join'>
  template: RoleTemplate
  /** An address in canonical form; undefined: it is none. */
  canonicalEmail(typed: string): string | undefined
}): OrganizationSignIn {
  return {
    ofEmail: async (email) => (exist() ? store.ofDomain(domainOfAddress(email)) : undefined),

    ofOrganization: async (idOrSlug) =>
      exist() && isId(idOrSlug) ? store.ofOrganization(idOrSlug) : undefined,

    async owns(organizationId, email) {
      const canonical = canonicalEmail(email)
      return canonical !== undefined && store.owns(organizationId, domainOfAddress(canonical))
    },

    async arrived(organizationId, accountId) {
      const one = await get(organizationId)
      if (one.provider_join)
        await members.join(one, accountId, template.counting(one.provider_roles.join(' ')))
    },
  }
}
