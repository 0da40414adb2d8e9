// Owns: what is kept of requests that the protocol refused, why they were refused in plain words, and the one change that may
// be made from there. Does not own: what is refused (src/oidc, which reports it), clients and their rules (src/clients).
//
//   src/oidc/events/events.ts ──record──▶ recorder ─(gather, look up, bounded)─▶ table ──▶ explain ──▶ console, command line
//                                                                                     └─ fix ──▶ clients.update
import type { Clock } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import type { ListExported } from '../shared/listing.ts'
import { message } from '../shared/locales/texts.ts'
import type { Page, PageRequest } from '../shared/paging.ts'
import type { Database } from '../storage/database.ts'
import { align, type Segment } from './alignment.ts'
import { parseDetails } from './details.ts'
import { explain } from './explain.ts'
import { createFixes, type FixMode, type OfferedFix } from './fix.ts'
import { createRejectionListing, type RejectionListing } from './listing.ts'
import { createRecorder, type RejectedRequest } from './recorder.ts'
import type { ClientNow, Explanation, NamedClient, Rejection, RuleContext } from './rejection.ts'
import { BOUNDS, type Bounds, prune } from './retention.ts'
import { createRejectionStore, type RejectionFilter, type RejectionRow } from './store.ts'

export interface RejectionsDependencies {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  log: { warn(fields: object, message: string): void }
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
  events(event: ListExported): void
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

const rejectionOf = ({ facts, at, ...row }: RejectionRow): Rejection => ({
  ...row,
  at: at.getTime(),
  details: parseDetails(facts),
})

/** The request id in whatever was pasted. */
const REFERENCE = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/** @returns the reference in a text, in lower case; undefined: there is none */
export const referenceIn = (text: string): string | undefined => REFERENCE.exec(text)?.[0].toLowerCase()

const titled = (rejection: Rejection): ListedRejection => ({
  ...rejection,
  title: explain(rejection, { similar: [], owners: [] }).title,
})

function alignmentOf({ details }: Rejection): ExplainedRejection['alignment'] {
  const sent = details.code === undefined ? details.redirect_uri : undefined
  if (sent === undefined || details.closest === undefined || details.closest === sent) return undefined
  return { segments: align(sent, details.closest), sent, registered: details.closest }
}

/** The requests that the protocol has rejected lately. */
export interface Rejections {
  /** Keeps a rejection, in the background. Never throws, delays nothing. */
  record(rejected: RejectedRequest): void
  /** @param text a reference, or a text that holds one @throws AppError rejection_not_found (404) */
  get(text: string): Promise<Rejection>
  /** A rejection, explained by what is registered now. @throws AppError rejection_not_found (404) */
  show(text: string): Promise<ExplainedRejection>
  /** As administrators look through them. */
  listing: RejectionListing
  /** Newest first. @throws AppError invalid_page (400) */
  list(filter?: RejectionFilter & PageRequest): Promise<Page<ListedRejection>>
  /** How many came between two moments, in milliseconds since the epoch. */
  countBetween(from: number, until: number): Promise<number>
  /** The error codes that there are, to choose from. */
  errors(): Promise<{ error: string; count: number }[]>
  /** How many rejections this process did not keep since it started, because too many came at once. */
  dropped(): number
  /**
   * Registers the redirect URI that was sent, where that is safe (redirect-fix.ts).
   * @param version of what the administrator looked at (OfferedFix)
   * @throws AppError rejection_not_found (404) · no_safe_fix (409) · version_conflict (409) · ValidationError
   */
  fix(id: string, mode: FixMode, version: string): Promise<{ clientId: string }>
  /** Deletes one batch of what is not kept any longer. @returns how many; 0: nothing is left */
  prune(): Promise<number>
  /** Writes what waits. */
  flush(): Promise<void>
  /** Writes what waits, and takes no more time. */
  close(): Promise<void>
}

export function createRejections(deps: RejectionsDependencies): Rejections {
  const { clock, clients } = deps
  const store = createRejectionStore(deps.db)
  const recorder = createRecorder({ store, clock, log: deps.log })
  const bounds = { ...BOUNDS, ...deps.bounds }
  const fixes = createFixes(deps)
  const listing = createRejectionListing({
    async rows(wanted) {
      await recorder.flush()
      return store.rows(wanted)
    },
    view: (row) => titled(rejectionOf(row)),
    events: deps.events,
  })

  async function get(text: string): Promise<Rejection> {
    await recorder.flush()
    const id = referenceIn(text)
    const row = id === undefined ? undefined : await store.find(id)
    if (row === undefined) throw new AppError('rejection_not_found', 404, message('admin.rejections.gone'))
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

  async function contextOf({ clientId, details }: Rejection): Promise<RuleContext> {
    const claimed = clientId ?? details.claimed_client_id
    const [client, similar, owners] = await Promise.all([
      claimed === undefined ? undefined : findClient(claimed),
      clientId === null && claimed !== undefined ? clients.similarTo(claimed) : [],
      details.redirect_uri === undefined ? [] : clients.withRedirectUri(details.redirect_uri),
    ])
    return { client, similar, owners: owners.filter(({ client_id: id }) => id !== clientId) }
  }

  return {
    record: recorder.record,
    get,

    async show(text) {
      const rejection = await get(text)
      const context = await contextOf(rejection)
      return {
        rejection,
        client: context.client,
        explanation: explain(rejection, context),
        alignment: alignmentOf(rejection),
        fix: fixes.offer(rejection, context),
        registeredSince: fixes.isRegistered(rejection, context.client),
      }
    },

    listing,
    list: ({ limit, cursor, ...where } = {}) => listing.page({ order: '-at', where, limit, cursor }),

    countBetween: (from, until) => store.countBetween(new Date(from), new Date(until)),
    errors: store.errors,
    dropped: recorder.dropped,

    async fix(id, mode, version) {
      const rejection = await get(id)
      return fixes.apply(rejection, await contextOf(rejection), mode, version)
    },

    prune: () => prune(store, clock, bounds),
    flush: recorder.flush,
    close: recorder.close,
  }
}
