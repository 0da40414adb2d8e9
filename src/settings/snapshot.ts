import { z } from 'zod'
import { ACTOR_KINDS } from '../shared/audit-context.ts'
import type { StoredState } from './store.ts'
import { isSettingName, readValue, type SettingName } from './table.ts'

/** What was stored of a setting. */
const entry = z.object({
  value: z.unknown(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  by: z.string(),
  /** Of the actor (`NamedActor`); older ones have none. */
  kind: z.enum(ACTOR_KINDS).optional().catch(undefined),
})
export type StoredEntry = z.output<typeof entry>

const document = z.record(z.string(), entry)

/** The stored settings as they were read at one moment. */
export interface Snapshot {
  version: number
  /** All that is stored, also what this version of the program does not know. */
  entries: ReadonlyMap<string, StoredEntry>
  /** What of it counts. */
  values: ReadonlyMap<SettingName, unknown>
  /** What of it does not: another version of the program has stored it. */
  refused: ReadonlySet<SettingName>
}

const parsed = (text: string): Record<string, StoredEntry> => {
  try {
    return document.parse(JSON.parse(text))
  } catch (cause) {
    throw new Error('the stored settings are no document of settings', { cause })
  }
}

/** @throws Error when it is nothing that this program writes */
export function snapshotOf(state: StoredState): Snapshot {
  const entries = new Map(Object.entries(parsed(state.document)))
  const values = new Map<SettingName, unknown>()
  const refused = new Set<SettingName>()
  for (const [name, { value }] of entries) {
    if (!isSettingName(name)) continue
    const read = readValue(name, value)
    if ('value' in read) values.set(name, read.value)
    else refused.add(name)
  }
  return { version: state.version, entries, values, refused }
}

export const documentOf = (entries: ReadonlyMap<string, StoredEntry>): string =>
  JSON.stringify(Object.fromEntries(entries))
