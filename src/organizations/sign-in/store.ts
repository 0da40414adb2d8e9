import type { Database } from '../../storage/database.ts'
import type { OrganizationProvider } from './sign-in.ts'

export interface SignInStore {
  /** The provider of the organization that has verified a domain: one statement. Undefined: there is none that is on. */
  ofDomain(domain: string): Promise<OrganizationProvider | undefined>
  /** That of an organization, by its ID or short name: one statement. */
  ofOrganization(idOrSlug: string): Promise<OrganizationProvider | undefined>
  /** Whether an organization has verified a domain. */
  owns(organizationId: string, domain: string): Promise<boolean>
}

const COLUMNS = `SELECT o.id AS "organizationId", o.name AS organization, o.provider_required AS required,
  p.id AS provider, p.kind, p.name`
const OF_ORGANIZATION = `JOIN identity_providers p ON p.organization_id = o.id AND p.disabled_at IS NULL
  WHERE o.removed_at IS NULL AND o.disabled = FALSE`
const FIRST = 'ORDER BY p.created_at, p.id LIMIT 1'

type Row = Omit<OrganizationProvider, 'required'> & { required: number | boolean }
const rowOf = (row: Row | undefined): OrganizationProvider | undefined =>
  row && { ...row, required: Boolean(row.required) }

export function createSignInStore({ reads }: Pick<Database, 'reads'>): SignInStore {
  return {
    ofDomain: async (domain) =>
      rowOf(
        await reads.get<Row>(
          `${COLUMNS} FROM organization_domains d JOIN organizations o ON o.id = d.organization_id ${OF_ORGANIZATION}
           AND d.verified = ? ${FIRST}`,
          [domain],
        ),
      ),

    ofOrganization: async (idOrSlug) =>
      rowOf(
        await reads.get<Row>(
          `${COLUMNS} FROM organizations o ${OF_ORGANIZATION} AND (o.id = ? OR o.slug = ?) ${FIRST}`,
          [idOrSlug, idOrSlug],
        ),
      ),

    owns: async (organizationId, domain) =>
      (await reads.get(
        'SELECT 1 AS found FROM organization_domains WHERE organization_id = ? AND verified = ?',
        [organizationId, domain],
      )) !== undefined,
  }
}
