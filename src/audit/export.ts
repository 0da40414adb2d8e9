import { csvCell } from '../shared/csv.ts'
import type { Entry } from './entry.ts'

export type ExportFormat = 'csv' | 'jsonl'

const COLUMNS = [
  'seq',
  'time',
  'action',
  'actor_kind',
  'actor_id',
  'actor_name',
  'target_kind',
  'target_id',
  'target_name',
  'address',
  'request_id',
  'details',
  'hash',
] as const

export type AuditDocument = Record<(typeof COLUMNS)[number], unknown>

/** An entry as programs read it: in the export, the JSON of the command line, the administration API. */
export const auditDocument = ({ actor, target, ...entry }: Entry): AuditDocument => ({
  seq: entry.seq,
  time: new Date(entry.at).toISOString(),
  action: entry.action,
  actor_kind: actor.kind,
  actor_id: actor.id ?? null,
  actor_name: actor.name ?? null,
  target_kind: target?.kind ?? null,
  target_id: target?.id ?? null,
  target_name: target?.name ?? null,
  address: entry.address ?? null,
  request_id: entry.requestId ?? null,
  details: entry.details,
  hash: entry.hash,
})

/** Lines of text, each with its end. CSV is that of RFC 4180. */
export async function* exportLines(format: ExportFormat, batches: AsyncIterable<readonly Entry[]>) {
  if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`
  for await (const batch of batches)
    yield batch.map((entry) => (format === 'csv' ? csvLine(entry) : jsonLine(entry))).join('')
}

const jsonLine = (entry: Entry): string => `${JSON.stringify(auditDocument(entry))}\n`

function csvLine(entry: Entry): string {
  const document = auditDocument(entry)
  return `${COLUMNS.map((column) => csvCell(document[column])).join(',')}\r\n`
}
