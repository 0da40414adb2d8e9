/**
 * Clients that are known by a document (OAuth Client ID Metadata Document, draft-02): their client_id is its URL, and nothing
 * of them is stored here but what people allowed them. Not done by the protocol library, which would take `first_party` and
 * the like from the document, and knows other rules for redirect URIs than our own registration.
 *
 *   client_id ─► is it a document's URL? ─► remembered ─► or fetched (fetch.ts) ─► read (document.ts) ─► a client
 */
import { BoundedMap } from '../../shared/bounded-map.ts'
import type { Clock } from '../../shared/clock.ts'
import { contentVersion } from '../../shared/content-version.ts'
import { AppError } from '../../shared/errors.ts'
import { type DefaultsAmong, withDefaultScopes } from '../default-scopes.ts'
import { refusedMetadata } from '../problems.ts'
import { documentUrl } from './client-id.ts'
import { type DocumentRules, readDocument } from './document.ts'
import type { FetchDocument, FetchedDocument } from './fetch.ts'
import { createFetchQuota } from './quota.ts'

/** As a registered client is found; public or with keys, never verified. */
export interface DocumentClient {
  /** Another one when the document says something else. */
  version: string
  metadata: { client_id: string; client_name: string; logo_uri?: string } & Record<string, unknown>
  secretHashes: readonly string[]
  pkce: 'required'
  firstParty: false
  verified: false
}

export interface DocumentsDependencies extends DocumentRules {
  /** Whether the address of a document is a client at all. This and the rules are read when they are needed. */
  readonly enabled: boolean
  /** Another text when the rules are others: what was found under the old ones is forgotten. */
  readonly rulesVersion: string
  clock: Clock
  fetch: FetchDocument
  defaultsAmong: DefaultsAmong
  log: { warn(fields: object, message: string): void }
}

const MINUTE = 60_000
/** How long a document is remembered, in milliseconds, whatever its Cache-Control says. */
const KEEP = { least: MINUTE, most: 60 * MINUTE }
/** How long it goes on counting while its server cannot be reached, in milliseconds. */
const STALE = 60 * MINUTE
/** How long an error is remembered, in milliseconds. */
const ERROR_TTL = 30_000
/** What is said of a document that did not come, and of each inside that cannot be used: more would tell strangers what is where. */
const NOT_FETCHED = 'it could not be fetched'
/** Documents remembered at once; the oldest goes first. */
const MAX_ENTRIES = 1000

interface Entry {
  client: DocumentClient | undefined
  error: AppError | undefined
  until: number
  staleUntil: number
}

export interface Documents {
  /** Whether a client_id is the address of a document rather than the id of a registered client. */
  isDocument(clientId: string): boolean
  /**
   * @returns undefined: not the address of a document
   * @throws AppError client_document_refused (400), which says why · unavailable (503)
   */
  find(clientId: string): Promise<DocumentClient | undefined>
  /** The client as far as it is remembered: for pages, which fetch nothing. */
  remembered(clientId: string): DocumentClient | undefined
}

export function createDocuments(deps: DocumentsDependencies): Documents {
  const { clock } = deps
  const entries = new BoundedMap<string, Entry>(MAX_ENTRIES)
  const pending = new Map<string, Promise<Entry>>()
  const quota = createFetchQuota(clock)

  let rulesVersion = deps.rulesVersion
  function forgetOldRules(): void {
    if (rulesVersion === deps.rulesVersion) return
    rulesVersion = deps.rulesVersion
    entries.clear()
    pending.clear()
  }

  const remember = (id: string, entry: Entry): Entry => {
    entries.set(id, entry)
    return entry
  }

  async function load(url: URL): Promise<Entry> {
    const before = entries.get(url.href)
    const rules = deps.rulesVersion
    let document: FetchedDocument
    try {
      document = await quota(url.host, () => deps.fetch(url))
      if (document.status >= 500) throw new Error(`status ${document.status}`)
    } catch (error) {
      const busy = error instanceof AppError ? error : undefined
      deps.log.warn({ err: error, client_id: url.href }, 'client metadata document could not be fetched')
      if (before?.client && before.staleUntil > clock())
        return remember(url.href, { ...before, until: clock() + ERROR_TTL })
      if (busy) throw busy
      return remember(url.href, refusalOf(NOT_FETCHED, clock()))
    }
    try {
      if (document.status !== 200)
        throw refusedMetadata([{ field: 'document', message: 'must be answered with the status 200' }])
      const read = readDocument(url, document, deps) as DocumentClient['metadata']
      const metadata = (await withDefaultScopes(
        read,
        deps.policy,
        deps.around,
        deps.defaultsAmong,
      )) as typeof read
      // Rules that changed while it was fetched are those of the next request.
      const until = rules === deps.rulesVersion ? clock() + lifetime(document.cacheControl) : clock()
      const client: DocumentClient = {
        version: contentVersion(metadata),
        metadata,
        secretHashes: [],
        pkce: 'required',
        firstParty: false,
        verified: false,
      }
      return remember(url.href, { client, error: undefined, until, staleUntil: until + STALE })
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (!document.inside) return remember(url.href, refusalOf(error.publicMessage, clock()))
      deps.log.warn(
        { client_id: url.href, status: document.status, reason: error.publicMessage },
        'client metadata document inside cannot be used',
      )
      return remember(url.href, refusalOf(NOT_FETCHED, clock()))
    }
  }

  return {
    isDocument: (clientId: string): boolean =>
      deps.enabled && documentUrl(clientId, deps.around.reach) !== undefined,

    async find(clientId: string): Promise<DocumentClient | undefined> {
      const url = deps.enabled ? documentUrl(clientId, deps.around.reach) : undefined
      if (url === undefined) return undefined
      forgetOldRules()
      const known = entries.get(clientId)
      const entry = known !== undefined && known.until > clock() ? known : await once(url)
      if (entry.error) throw entry.error
      return entry.client
    },

    remembered(clientId: string): DocumentClient | undefined {
      // Most clients are registered ones, and need no look at the rules.
      if (!deps.enabled || entries.get(clientId) === undefined) return undefined
      forgetOldRules()
      return entries.get(clientId)?.client
    },
  }

  /** Many requests at once fetch a document once. */
  function once(url: URL): Promise<Entry> {
    const running = pending.get(url.href) ?? load(url).finally(() => pending.delete(url.href))
    pending.set(url.href, running)
    return running
  }
}

function refusalOf(why: string, now: number): Entry {
  const message = `The client metadata document cannot be used: ${why.replaceAll('\n', '; ')}`
  const error = new AppError('client_document_refused', 400, message.slice(0, 1000))
  return { client: undefined, error, until: now + ERROR_TTL, staleUntil: 0 }
}

function lifetime(cacheControl: string): number {
  const seconds = /(?:^|,)\s*max-age\s*=\s*"?(\d{1,9})/i.exec(cacheControl)?.[1]
  return Math.min(KEEP.most, Math.max(KEEP.least, Number(seconds ?? 0) * 1000))
}
