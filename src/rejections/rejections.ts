// Owns: what is kept of requests that the protocol refused, why they were refused in plain words, and the one change that may
// be made from there. Does not own: what is refused (src/oidc, which reports it), clients and their rules (src/clients).
//
//   src/oidc/events/events.ts ──record──▶ recorder ─(gather, look up, bounded)─▶ table ──▶ explain ──▶ console, command line
//                                                                                     └─ fix ──▶ clients.update
import type { Clock } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import type { Database } from '../storage/database.ts'
import { align, type Segment } from './alignment.ts'
import { cursorOf, type PageRequest, parsePage } from './cursor.ts'
import { parseFacts } from './details.ts'
import { explain } from './explain.ts'
import { createFixes, type FixMode, type OfferedFix } from './fix.ts'
import { createRecorder, type Refusal } from './recorder.ts'
import type { ClientNow, Explanation, NamedClient, Rejection, RuleContext } from './rejection.ts'
import { BOUNDS, type Bounds, prune } from './retention.ts'
import { createRejectionStore, type RejectionFilter, type RejectionRow } from './store.ts'

export interface RejectionsDependencies {
  db: Pick<Database, 'prisma'>
  clock: Clock
  log: { warn(facts: object, message: string): void }
  clients: {
    /** @throws AppError with status 404 when there is none */
    get(id: string): Promise<ClientNow>
    /** Clients whose id or name is like a text. */
    similarTo(text: string): Promise<NamedClient[]>
    withRedirectUri(uri: string): Promise<NamedClient[]>
    /** Edits a client, by its own rules; refused when it is not at this version any more. */
    setRedirectUris(id: string, uris: string[], ifVersion: string): Promise<unknown>
  }
  /** Why a URI cannot be registered, in words; undefined: it can. */
  redirectUriProblem(uri: string, applicationType: 'web' | 'native'): string | undefined
  bounds?: Partial<Bounds>
}

/** A rejection in a list: with the likely mistake, as far as it can be told without looking anything up. */
export interface ListedRejection extends Rejection {
  title: string
}

/** A rejection with everything that a page shows of it. */
export interface ExplainedRejection {
  rejection: Rejection
  client?: ClientNow | undefined
  explanation: Explanation
  /** A URI that was sent, over the registered one that is nearest. */
  alignment?: { segments: Segment[]; sent: string; registered: string } | undefined
  fix?: OfferedFix | undefined
  /** The redirect URI that was refused is registered now. */
  registeredSince: boolean
}

const rejectionOf = (row: RejectionRow): Rejection => ({
  ...row,
  at: row.at.getTime(),
  facts: parseFacts(row.facts),
})

/** The request id in whatever was pasted. */
const REFERENCE = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/** @returns the reference in a text, in lower case; undefined: there is none */
export const referenceIn = (text: string): string | undefined => REFERENCE.exec(text)?.[0].toLowerCase()

const titled = (rejection: Rejection): ListedRejection => ({
  ...rejection,
  title: explain(rejection, { similar: [], owners: [] }).title,
})

function alignmentOf({ facts }: Rejection): ExplainedRejection['alignment'] {
  const sent = facts.code === undefined ? facts.redirect_uri : undefined
  if (sent === undefined || facts.closest === undefined || facts.closest === sent) return undefined
  return { segments: align(sent, facts.closest), sent, registered: facts.closest }
}

export type Rejections = ReturnType<typeof createRejections>

export function createRejections(deps: RejectionsDependencies) {
  const { clock, clients } = deps
  const store = createRejectionStore(deps.db)
  const recorder = createRecorder({ store, clock, log: deps.log })
  const bounds = { ...BOUNDS, ...deps.bounds }
  const fixes = createFixes(deps)

  async function get(text: string): Promise<Rejection> {
    await recorder.flush()
    const id = referenceIn(text)
    const row = id === undefined ? null : await store.find(id)
    if (row === null)
      throw new AppError('rejection_not_found', 404, 'No refused request is kept under this reference.')
    return rejectionOf(row)
  }

  async function findClient(id: string): Promise<ClientNow | undefined> {
    try {
      return await clients.get(id)
    } catch (error) {
      if (error instanceof AppError && error.status === 404) return undefined
      throw error
    }
  }

  async function surroundings({ clientId, facts }: Rejection): Promise<RuleContext> {
    const claimed = clientId ?? facts.claimed_client_id
    const [client, similar, owners] = await Promise.all([
      claimed === undefined ? undefined : findClient(claimed),
      clientId === null && claimed !== undefined ? clients.similarTo(claimed) : [],
      facts.redirect_uri === undefined ? [] : clients.withRedirectUri(facts.redirect_uri),
    ])
    return { client, similar, owners: owners.filter(({ client_id: id }) => id !== clientId) }
  }

  return {
    /** Keeps a refusal, in the background. Never throws, delays nothing. */
    record: (refusal: Refusal): void => recorder.record(refusal),

    /** @param text a reference, or a text that holds one @throws AppError rejection_not_found (404) */
    get,

    /** A rejection, explained by what is registered now. @throws AppError rejection_not_found (404) */
    async show(text: string): Promise<ExplainedRejection> {
      const rejection = await get(text)
      const around = await surroundings(rejection)
      return {
        rejection,
        client: around.client,
        explanation: explain(rejection, around),
        alignment: alignmentOf(rejection),
        fix: fixes.offer(rejection, around),
        registeredSince: fixes.isRegistered(rejection, around.client),
      }
    },

    /** Newest first. @throws AppError invalid_page (400) */
    async list(
      filter: RejectionFilter & PageRequest = {},
    ): Promise<{ items: ListedRejection[]; next_cursor?: string }> {
      const { limit, after } = parsePage(filter)
      await recorder.flush()
      const rows = await store.list(filter, limit + 1, after)
      const items = rows.slice(0, limit).map(rejectionOf).map(titled)
      const last = rows.length > limit ? rows[limit - 1] : undefined
      return { items, ...(last && { next_cursor: cursorOf(last) }) }
    },

    /** The error codes that there are, to choose from. */
    errors: () => store.errors(),

    /** How many refusals this process did not keep since it started, because too many came at once. */
    dropped: () => recorder.dropped(),

    /**
     * Registers the redirect URI that was sent, where that is safe (redirect-fix.ts).
     * @param version of what the administrator looked at (OfferedFix)
     * @throws AppError rejection_not_found (404) · no_safe_fix (409) · version_conflict (409) · ValidationError
     */
    async fix(id: string, mode: FixMode, version: string): Promise<{ clientId: string }> {
      const rejection = await get(id)
      return fixes.apply(rejection, await surroundings(rejection), mode, version)
    },

    /** Deletes one batch of what is not kept any longer. @returns how many; 0: nothing is left */
    prune: () => prune(store, clock, bounds),

    /** Writes what waits. */
    flush: () => recorder.flush(),
    close: () => recorder.close(),
  }
}
