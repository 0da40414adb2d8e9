import { hash } from 'node:crypto'
import type { Entry, Target } from '../entry.ts'
import { type OutsideType, outsideType } from './types.ts'

/** An event as programs outside are told of it (Standard Webhooks: id, type, timestamp, data). */
export interface OutsideEvent {
  /** The same, always, for one event; no other event has it. */
  id: string
  type: OutsideType
  /** RFC 3339, UTC. */
  time: string
  data: EventData
}

interface Party {
  id?: string
  name?: string
}

/** Ids, and the names of what was changed: no values, no secrets. Who may know more reads it by the administration API. */
export interface EventData {
  /** The event of the audit log. */
  action: string
  /** The number of its entry there: events have an order, in which they are not promised to arrive. */
  seq: number
  actor: { kind: string; id?: string }
  user?: Party
  /** Of other targets, by their kind: `client`, `group`, `role`, `resource`, `provider`, `key`. */
  [target: string]: unknown
  /** Names of the fields that were changed. */
  changed?: string[]
}

/** Details that are told as they are: words of ours and numbers. */
const TOLD: Readonly<Record<string, string>> = {
  reason: 'reason',
  method: 'method',
  provider: 'provider',
  count: 'count',
}

/** Events of which the account is the actor, and named only there. */
const OF_ACTOR = /^(consent|device|token|session)\./
/** The network address is what these are about. */
const WITH_ADDRESS = /^account\.sign(ed_in|_in_failed)$/

/** Undefined: programs outside are not told of it. */
export function outsideEvent(entry: Entry): OutsideEvent | undefined {
  const { action, actor, address, at, details, seq, target } = entry
  const type = outsideType(action)
  if (type === undefined) return undefined
  const user =
    target?.kind === 'account'
      ? party(target)
      : party({
          id: details.accountId ?? (OF_ACTOR.test(action) && actor.kind === 'account' ? actor.id : undefined),
        })
  const other =
    target === undefined || target.kind === 'account' ? undefined : { [target.kind]: party(told(target)) }
  const group = typeof details.groupId === 'string' ? { group: { id: details.groupId } } : undefined
  const changed = [...new Set([...Object.keys(details.before ?? {}), ...Object.keys(details.after ?? {})])]
  return {
    id: eventId(entry),
    type,
    time: new Date(at).toISOString(),
    data: {
      action,
      seq,
      actor: { kind: actor.kind, ...(actor.id !== undefined && { id: actor.id }) },
      ...(user && { user }),
      ...other,
      ...group,
      ...(changed.length > 0 && { changed }),
      ...Object.fromEntries(
        Object.entries(TOLD).flatMap(([name, as]) => {
          const value = details[name]
          return typeof value === 'string' || typeof value === 'number' ? [[as, value]] : []
        }),
      ),
      ...(action.startsWith('factor.') && typeof details.kind === 'string' && { factor: details.kind }),
      ...(WITH_ADDRESS.test(action) && address !== undefined && { address }),
    },
  }
}

/** From the place in the chain, which no two entries share, also after an older copy of the database was restored. */
const eventId = ({ seq, hash: chained }: Pick<Entry, 'seq' | 'hash'>): string =>
  `evt_${seq}_${hash('sha256', `event ${seq} ${chained}`, 'base64url').slice(0, 22)}`

/** The name of a webhook is its address, which may be a secret of its receiver's. */
const told = ({ kind, id, name }: Target): { id?: unknown; name?: unknown } =>
  kind === 'webhook' ? { id } : { id, name }

function party({ id, name }: { id?: unknown; name?: unknown }): Party | undefined {
  const known = { ...(typeof id === 'string' && { id }), ...(typeof name === 'string' && { name }) }
  return Object.keys(known).length === 0 ? undefined : known
}
