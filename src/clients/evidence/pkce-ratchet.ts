/**
 * A client that may send a nonce instead of PKCE (`auto`) and has used PKCE in its first ten sign-ins is required to from then on:
 * what it can do anyway, an attacker cannot leave out in its place any more.
 *
 *   auto ──ten sign-ins with PKCE, none without──▶ required (raised) ──an administrator chooses auto──▶ auto (held, for good)
 *
 * Counted in the background when tokens are issued, so that only requests of the authenticated client count. At most ten statements
 * in the life of a client, and one in each process for a client that went without, or whose turn is over.
 */
import { runInAuditContext } from '../../shared/audit-context.ts'
import type { Clock } from '../../shared/clock.ts'
import type { ClientEvent } from '../events.ts'
import type { ClientStore, LockedClient } from '../store.ts'

/** How many sign-ins with PKCE show that a client always uses it. */
const FLOWS = 10
/** Clients that need no more counting, remembered by each process; the oldest goes first. */
const MAX_ENTRIES = 10_000

export interface PkceRatchet {
  /** A code was exchanged by a client that is `auto`, with a verifier or without one. */
  note(clientId: string, used: boolean): void
  /** Leaves sign-ins with PKCE out while `work` runs: they are the console's, not the client's. */
  leaveOut<Result>(clientId: string, work: () => Promise<Result>): Promise<Result>
  /** Resolves when everything is written. */
  idle(): Promise<void>
}

export function createPkceRatchet(deps: {
  store: Pick<ClientStore, 'countPkceFlow' | 'notePkceMissing' | 'edit'>
  clock: Clock
  events(event: ClientEvent): void
  failed(error: unknown): void
}): PkceRatchet {
  const { store, clock, events, failed } = deps
  const settled = new Set<string>()
  const without = new Set<string>()
  const leftOut = new Map<string, number>()
  const running = new Set<Promise<void>>()

  const remember = (ids: Set<string>, id: string) => {
    ids.add(id)
    const oldest = ids.size > MAX_ENTRIES ? ids.values().next().value : undefined
    if (oldest !== undefined) ids.delete(oldest)
  }

  /** Changes the rule of a client that is still as `fits` says. The server does it, not the person who signs in just then. */
  async function turn(id: string, fits: (row: LockedClient['row']) => boolean, to: 'raised' | 'held') {
    const pkce = to === 'raised' ? 'required' : 'auto'
    const before = await store.edit(id, new Date(clock()), async ({ row, write }) => {
      if (!fits(row)) return undefined
      await write({ pkce, pkceRatchet: to })
      return row
    })
    if (before === undefined) return
    const type = to === 'raised' ? 'client.pkce_raised' : 'client.pkce_lowered'
    runInAuditContext({ actor: { kind: 'server' }, settling: [] }, () =>
      events({
        type,
        client_id: id,
        client_name: before.name,
        before: { pkce: before.pkce },
        after: { pkce },
      }),
    )
  }

  async function usedPkce(id: string): Promise<void> {
    const flows = await store.countPkceFlow(id)
    if (flows === undefined) return remember(settled, id)
    const counting = ({ pkce, pkceRatchet, pkceWithout }: LockedClient['row']) =>
      pkce === 'auto' && pkceRatchet === null && !pkceWithout
    if (flows >= FLOWS) await turn(id, counting, 'raised')
  }

  async function wentWithout(id: string): Promise<void> {
    const ratchet = await store.notePkceMissing(id)
    remember(settled, id)
    // It was on its way when the tenth one came: what it did is true, and it must not be locked out for it.
    if (ratchet === 'raised')
      await turn(id, (row) => row.pkceRatchet === 'raised' && row.pkce === 'required', 'held')
  }

  return {
    note(id, used) {
      if (used ? settled.has(id) || leftOut.has(id) : without.has(id)) return
      if (!used) remember(without, id)
      const writing = (used ? usedPkce(id) : wentWithout(id))
        .catch((error: unknown) => {
          without.delete(id)
          failed(error)
        })
        .finally(() => running.delete(writing))
      running.add(writing)
    },
    async leaveOut(id, work) {
      leftOut.set(id, (leftOut.get(id) ?? 0) + 1)
      try {
        return await work()
      } finally {
        const left = (leftOut.get(id) ?? 1) - 1
        if (left > 0) leftOut.set(id, left)
        else leftOut.delete(id)
      }
    },
    async idle() {
      await Promise.all(running)
    },
  }
}
