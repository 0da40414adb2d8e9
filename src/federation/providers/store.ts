import { createHash } from 'node:crypto'
import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/driver-errors.ts'
import type { MembershipRule } from './membership-rules.ts'
import type { ProviderName } from './provider.ts'

/** What a connector is made of. */
export interface ConfiguredRow {
  id: string
  kind: string
  name: string
  clientId: string
  sealedSecret: string | null
  /** StoredOptions as JSON. */
  settings: string
  /** Whose it is; null: the whole server's. */
  organizationId: string | null
}

/** A provider as it is stored. */
export interface ProviderRow extends ConfiguredRow {
  disabledAt: Date | null
  createdAt: Date
}

/** What the column `settings` holds: what the kind needs, and what Latchkey itself does with the provider's answers. */
export interface StoredOptions {
  settings: Readonly<Record<string, unknown>>
  emailDomains: readonly string[]
  keepTokens: boolean
  membershipMode: 'add' | 'sync'
  membershipRules: readonly MembershipRule[]
  /** Managers of its organization have set it up: it reaches no address inside, and signs in nobody who administers this server. */
  managed?: true
}

/** Names what is stored of a provider, its secret too: another after every change that makes a difference. */
export function providerVersion(row: ProviderRow): string {
  const { name, clientId, sealedSecret, settings, organizationId, disabledAt } = row
  const more = organizationId === null ? [] : [organizationId]
  const content = JSON.stringify([name, clientId, sealedSecret, settings, disabledAt !== null, ...more])
  return createHash('sha256').update(content).digest('base64url')
}

/** Names what a provider is spoken to by: another after a change of its kind, client ID or settings. */
export function setupOf({
  kind,
  clientId,
  settings,
}: Pick<ConfiguredRow, 'kind' | 'clientId' | 'settings'>): string {
  const { settings: own } = JSON.parse(settings) as StoredOptions
  return createHash('sha256')
    .update(JSON.stringify([kind, clientId, own]))
    .digest('base64url')
    .slice(0, 16)
}

/** Finds a row only as long as its `providerVersion` is that of this one. */
const unchanged = ({
  id,
  name,
  clientId,
  sealedSecret,
  settings,
  organizationId,
  disabledAt,
}: ProviderRow) => ({
  id,
  name,
  clientId,
  sealedSecret,
  settings,
  organizationId,
  disabledAt: disabledAt === null ? null : { not: null },
})

const KINDS = {
  id: 'plain',
  kind: 'plain',
  name: 'plain',
  clientId: 'plain',
  sealedSecret: 'plain',
  settings: 'plain',
  organizationId: 'plain',
} as const

const configuredColumns = columnsOf<ConfiguredRow>(KINDS)
const providerColumns = columnsOf<ProviderRow>({ ...KINDS, disabledAt: 'time', createdAt: 'time' })

/** Providers in the database. Nothing is remembered between calls: another process may edit. */
export function createProviderStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>) {
  return {
    /** False: the id is taken. */
    async insert(row: ProviderRow): Promise<boolean> {
      try {
        await prisma.identityProvider.create({ data: { ...row, updatedAt: row.createdAt } })
        return true
      } catch (error) {
        if (isUniqueViolation(error)) return false
        throw error
      }
    },

    /** False: it is not as it was any more. */
    async update(
      before: ProviderRow,
      row: Pick<ProviderRow, 'name' | 'clientId' | 'sealedSecret' | 'settings' | 'organizationId'>,
      updatedAt: Date,
    ): Promise<boolean> {
      const { count } = await prisma.identityProvider.updateMany({
        where: unchanged(before),
        data: { ...row, updatedAt },
      })
      return count > 0
    },

    list: (): Promise<ProviderRow[]> =>
      providerColumns.all(reads, 'FROM identity_providers ORDER BY created_at, id'),

    ofOrganization: (organizationId: string): Promise<ProviderRow[]> =>
      providerColumns.all(
        reads,
        'FROM identity_providers WHERE organization_id = ? ORDER BY created_at, id',
        [organizationId],
      ),

    find: (id: string): Promise<ProviderRow | undefined> =>
      providerColumns.get(reads, 'FROM identity_providers WHERE id = ?', [id]),

    /** Every sign-in page asks. Oldest first: the buttons stay where they are when one is added. */
    enabled: (): Promise<(Omit<ProviderName, 'managed'> & { settings: string })[]> =>
      reads.all(
        `SELECT id, name, kind, settings, organization_id AS "organizationId" FROM identity_providers
          WHERE disabled_at IS NULL ORDER BY created_at, id`,
      ),

    findEnabled: (id: string): Promise<ConfiguredRow | undefined> =>
      configuredColumns.get(
        reads,
        `FROM identity_providers WHERE id = ? AND disabled_at IS NULL AND (organization_id IS NULL OR EXISTS
           (SELECT 1 FROM organizations o WHERE o.id = organization_id AND o.removed_at IS NULL AND o.disabled = FALSE))`,
        [id],
      ),

    /** @param now sets `disabledAt` along with the time of the change; false: it is so already, or there is none */
    async setDisabled(id: string, disabled: boolean, now: Date): Promise<boolean> {
      const data = { disabledAt: disabled ? now : null, updatedAt: now }
      const other = { id, disabledAt: disabled ? null : { not: null } }
      const { count } = await prisma.identityProvider.updateMany({ where: other, data })
      return count > 0
    },

    /** @param before removes it only as it was */
    async remove(id: string, before?: ProviderRow): Promise<boolean> {
      const where = before === undefined ? { id } : unchanged(before)
      const { count } = await prisma.identityProvider.deleteMany({ where })
      return count > 0
    },
  }
}

export type ProviderStore = ReturnType<typeof createProviderStore>
