/**
 * The clients that registered themselves (RFC 7591), among all clients: found by their registration access token, listed,
 * counted, and removed again when they were never used. What such a client may ask is decided in src/registration.
 */
import type { Clock } from '../../shared/clock.ts'
import { type Page, type PageRequest, type Position, parsePageRequest, toPage } from '../../shared/paging.ts'
import type { Database } from '../../storage/database.ts'
import { positionOf } from '../page.ts'
import { type ClientView, clientView } from '../view.ts'
import { createSelfRegisteredStore } from './store.ts'

export interface SelfRegisteredDependencies {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  /** Which of these clients hold something that was issued or allowed to them. */
  artifacts: { clientsInUse(clientIds: readonly string[]): Promise<string[]> }
  remove(clientId: string): Promise<void>
}

/** How long an open client without use is kept, in milliseconds. */
const UNUSED = 30 * 86_400_000
const BATCH = 50

export interface SelfRegistered {
  /** The client that the registration access token with this hash is of. Undefined: not this one, or none. */
  findByToken(clientId: string, tokenHash: string): Promise<ClientView | undefined>
  /** Newest first. @throws AppError invalid_page (400) */
  list(request?: PageRequest): Promise<Page<ClientView>>
  /** How many clients have registered without a token in the last so many seconds. */
  countOpen(seconds: number): Promise<number>
  /**
   * Removes open, unverified clients that are older than 30 days and without use. Looks at one batch.
   * @returns how many it looked at; 0: it has seen them all, and begins anew the next time
   */
  purge(): Promise<number>
}

export function createSelfRegistered({
  db,
  clock,
  artifacts,
  remove,
}: SelfRegisteredDependencies): SelfRegistered {
  const store = createSelfRegisteredStore(db)
  let sweptUpTo: Position | undefined

  return {
    async findByToken(clientId: string, tokenHash: string): Promise<ClientView | undefined> {
      if (!/^[\x20-\x7e]{1,100}$/.test(clientId)) return undefined
      const row = await store.findByToken(clientId, tokenHash)
      return row === null ? undefined : clientView(row, clock())
    },

    async list(request: PageRequest = {}): Promise<Page<ClientView>> {
      const { limit, after } = parsePageRequest(request)
      return toPage(await store.list(limit + 1, after), limit, positionOf, (row) => clientView(row, clock()))
    },

    countOpen: (seconds: number): Promise<number> => store.countOpenSince(new Date(clock() - seconds * 1000)),

    async purge(): Promise<number> {
      const rows = await store.listUnverified(new Date(clock() - UNUSED), BATCH, sweptUpTo)
      const ids = rows.map(({ id }) => id)
      const used = new Set(
        ids.length > 0 ? [...(await store.usedOf(ids)), ...(await artifacts.clientsInUse(ids))] : [],
      )
      for (const id of ids) if (!used.has(id)) await remove(id)
      sweptUpTo = rows.at(-1)
      return rows.length
    },
  }
}
