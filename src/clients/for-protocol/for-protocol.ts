import type { Clock } from '../../shared/clock.ts'
import { contentVersion } from '../../shared/content-version.ts'
import type { PkceRule } from '../../shared/pkce-rule.ts'
import type { Database } from '../../storage/database.ts'
import { isClientId } from '../edits.ts'
import type { ClientMetadata } from '../fields/table.ts'
import { hasIdentityClaims, storedMetadata, storedPkce } from '../view.ts'
import { type RecentReads, rememberRecent } from './recent.ts'
import { type EnabledClient, findEnabled } from './store.ts'

/** What the protocol needs of an enabled client. */
export interface ClientForProtocol {
  /** Another one after every change of what is here. */
  version: string
  metadata: ClientMetadata & { client_id: string }
  /** SHA-256, base64url, of the secrets that are valid now: none, one, or two while one replaces the other. */
  secretHashes: string[]
  pkce: PkceRule
  firstParty: boolean
  /** False: people are told, and asked every time. */
  verified: boolean
}

/** Enabled clients as the protocol reads them, remembered for a second (recent.ts). */
export function createProtocolReads(
  reads: Database['reads'],
  clock: Clock,
): Pick<RecentReads<ClientForProtocol>, 'find' | 'forget'> {
  const recent = rememberRecent(
    async (id) => {
      const found = await findEnabled(reads, id, clock())
      return found && { client: forProtocol(id, found), end: found.nextExpiry }
    },
    clock,
    ({ end }) => end,
  )
  return {
    find: async (id) => (isClientId(id) ? (await recent.find(id))?.client : undefined),
    forget: recent.forget,
  }
}

function forProtocol(clientId: string, found: EnabledClient): ClientForProtocol {
  const metadata = storedMetadata(found)
  const id_token_identity_claims = hasIdentityClaims(metadata, found.source)
  return {
    version: contentVersion(found),
    metadata: { client_id: clientId, ...metadata, id_token_identity_claims },
    secretHashes: found.secretHashes,
    pkce: storedPkce(found),
    firstParty: found.firstParty,
    verified: found.verified,
  }
}
