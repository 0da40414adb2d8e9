import type { ClientDiagnosis } from '../../shared/client-diagnosis.ts'
import { type Clock, toSeconds } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { hashSecret, secretMatches } from '../secrets.ts'
import { storedMetadata } from '../view.ts'
import { createEvidenceStore } from './store.ts'

interface Named {
  client_id: string
  client_name: string
}

const MAX_FOUND = 3
/** An id as the server makes them: a prefix and 32 hexadecimal digits. */
const OWN_ID = /lk_[0-9a-f]{32}/i
/** So much of either end of an id is no chance. */
const TELLING = 12

const named = ({ id, name }: { id: string; name: string }): Named => ({ client_id: id, client_name: name })

/** The secret without what files, shells and settings put around it. */
const unpadded = (secret: string): string =>
  secret
    .trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .trim()

/**
 * Evidence for administrators who look into a rejected request: whose secret that was, which client was meant. Decides nothing,
 * and is for administrators alone: it tells apart what the protocol answers alike.
 */
export interface ClientEvidence {
  /** @param secret what was sent as the client's secret, if anything */
  diagnose(clientId: string, secret?: string): Promise<ClientDiagnosis>
  /** Clients that were probably meant by a text that is not the id of any: by their id with a mistake, or their name. */
  similarTo(text: string): Promise<Named[]>
  /** Clients that have this redirect URI registered. */
  withRedirectUri(uri: string): Promise<Named[]>
}

export function createClientEvidence({
  db,
  clock,
}: {
  db: Pick<Database, 'prisma'>
  clock: Clock
}): ClientEvidence {
  const store = createEvidenceStore(db)

  async function secretProblem(clientId: string, secret: string): Promise<Partial<ClientDiagnosis>> {
    const now = clock()
    const stored = await store.secretsOf(clientId)
    const live = stored.filter(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > now)
    const hashes = live.map(({ hash }) => hash)
    if (secretMatches(hashes, secret)) return {}
    const bare = unpadded(secret)
    if (bare !== secret && secretMatches(hashes, bare)) return { secret: 'padded' }
    const old = stored.find(({ hash }) => secretMatches([hash], secret) || secretMatches([hash], bare))
    if (old?.expiresAt) return { secret: 'expired', secret_expired_at: toSeconds(old.expiresAt) }
    const owner = await store.ownerOf([hashSecret(secret), hashSecret(bare)])
    if (owner !== undefined) return { secret: 'of_another_client', secret_of: owner }
    return { secret: live.length === 0 ? 'none_valid' : 'unmatched' }
  }

  return {
    async diagnose(clientId, secret) {
      const row = /^[\x20-\x7e]{1,100}$/.test(clientId) ? await store.state(clientId) : null
      if (row === null) return { client: 'unknown' }
      const client = row.disabledAt === null ? 'enabled' : 'disabled'
      return { client, ...(secret !== undefined && (await secretProblem(clientId, secret))) }
    },

    async similarTo(text) {
      const trimmed = text.trim()
      // PostgreSQL refuses NUL.
      if (trimmed === '' || trimmed.length > 300 || trimmed.includes('\0')) return []
      const whole = OWN_ID.exec(trimmed)?.[0].toLowerCase()
      const exact = whole === undefined ? [] : await store.byIds([whole])
      if (exact.length > 0) return exact.map(named)
      const byName = await store.byName(trimmed, MAX_FOUND)
      if (byName.length > 0) return byName.map(named)
      const bare = unpadded(trimmed).toLowerCase()
      if (!/^[\w-]{16,40}$/.test(bare) || !bare.startsWith('lk_')) return []
      return (await store.byEnds(bare.slice(0, TELLING), bare.slice(-TELLING), MAX_FOUND)).map(named)
    },

    async withRedirectUri(uri) {
      // A % would be a wildcard of the search.
      if (uri === '' || uri.length > 500 || uri.includes('%')) return []
      const found = await store.byMetadata(JSON.stringify(uri), 20)
      return found
        .filter((row) => storedMetadata(row).redirect_uris.includes(uri))
        .slice(0, MAX_FOUND)
        .map(named)
    },
  }
}
