import type { Database } from '../../storage/database.ts'

/** An enabled client, as the protocol reads it. */
export interface EnabledClient {
  /** ClientMetadata as JSON. */
  metadata: string
  pkce: string
  firstParty: boolean
  source: string
  verified: boolean
  /** Of the secrets that are valid now. */
  secretHashes: string[]
  /** When the first of them expires, in milliseconds since the epoch; Infinity: none does. */
  nextExpiry: number
}

interface Row {
  metadata: string
  pkce: string
  first_party: number
  source: string
  verified: number
  hash: string | null
  expires_at: string | null
}

const STATEMENT = `SELECT c.metadata, c.pkce, c.first_party, c.source, c.verified, s.hash, s.expires_at
  FROM clients c LEFT JOIN client_secrets s ON s.client_id = c.id
  WHERE c.id = ? AND c.disabled_at IS NULL`

/**
 * The hot read: one prepared statement, an enabled client with its secrets that are valid at `now`.
 * @param now milliseconds since the epoch
 */
export async function findEnabled(
  reads: Database['reads'],
  id: string,
  now: number,
): Promise<EnabledClient | undefined> {
  const rows = await reads.all<Row>(STATEMENT, [id])
  const [first] = rows
  if (first === undefined) return undefined
  const valid = rows.flatMap(({ hash, expires_at: expiresAt }) => {
    const end = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt)
    return hash !== null && end > now ? [{ hash, end }] : []
  })
  return {
    metadata: first.metadata,
    pkce: first.pkce,
    firstParty: first.first_party === 1,
    source: first.source,
    verified: first.verified === 1,
    secretHashes: valid.map(({ hash }) => hash),
    nextExpiry: Math.min(...valid.map(({ end }) => end)),
  }
}
