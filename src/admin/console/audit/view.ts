import { z } from 'zod'
import type { Entry } from '../../../audit/entry.ts'
import { type ProblemValues, problemInWords } from '../../../shared/audit-problems.ts'
import { isConsoleText, t } from '../../../shared/locales/texts.ts'
import { secondOf } from '../../../shared/moment.ts'
import { own } from '../../../shared/own.ts'
import { byWhom, nobody, whoOf } from '../actor.ts'
import { type ChangeRow, changeRows } from './diff.ts'
import { type LabelDependencies, labelsOf } from './labels.ts'
import type { AuditDependencies } from './routes.ts'

/** The target of an entry by name; the brand of the server is called so in every language of the log. */
const targetOf = ({ target }: Entry): string | undefined =>
  target?.kind === 'branding' && target.id === 'server'
    ? t('admin.audit.who.this_server')
    : (target?.name ?? target?.id)

const PLACES: Readonly<Record<string, string>> = {
  account: 'users',
  client: 'clients',
  provider: 'providers',
}

/** The page of the actor or target of an entry. The page of one that was deleted since says so. */
const placeOf = (party: { kind: string; id?: string | undefined } | undefined): string | undefined => {
  const place = party?.id === undefined ? undefined : own(PLACES, party.kind)
  return place && `/admin/${place}/${encodeURIComponent(party?.id ?? '')}`
}

/** An entry as one line of the list. */
export interface AuditRow {
  href: string
  when: string
  /** Milliseconds since the epoch. */
  at: number
  who: string
  what: string
  reason: string | undefined
  from: string | undefined
}

export const rowOf = (deps: Pick<AuditDependencies, 'auditSentence'>, entry: Entry): AuditRow => ({
  href: `/admin/audit/${entry.seq}`,
  when: secondOf(entry.at),
  at: entry.at,
  who: whoOf(entry.actor),
  what: deps.auditSentence(entry.action, targetOf(entry)),
  reason: reasonOf(entry),
  from: entry.address,
})

/** A name that entries hold, in words where it has some; else as it is spelt. */
const inWords = (name: string, key: `admin.audit.${string}`): string =>
  isConsoleText(key) ? t(key) : name.replaceAll('_', ' ')

const reasonOf = ({ details: { reason } }: Entry): string | undefined =>
  typeof reason === 'string' ? inWords(reason, `admin.audit.reason.${reason}`) : undefined

/** Who did something, or what it was done to. */
interface PartyView {
  name: string
  /** Beside a name alone. */
  id: string | undefined
  kind: string
  href: string | undefined
}

/** An entry with everything that it has. */
export interface EntryView {
  seq: number
  sentence: string
  action: string
  when: string
  actor: PartyView
  target: PartyView | undefined
  address: string | undefined
  requestId: string | undefined
  reason: string | undefined
  /** Details beside the change. */
  more: { label: string; lines: string[] }[]
  /** What was changed, a field a row, with what forms call it. */
  change: (ChangeRow & { label: string | undefined })[]
  /** Whether the entry has what was before, and what after. */
  sides: { before: boolean; after: boolean }
  hash: string
}

export function entryView(
  deps: Pick<AuditDependencies, 'auditSentence'> & LabelDependencies,
  entry: Entry,
): EntryView {
  const { before, after, reason: _, ...more } = entry.details
  const labelOf = labelsOf(deps, entry.action.split('.', 1)[0] ?? '')
  const party = (who: { kind: string; id?: string | undefined; name?: string | undefined }): PartyView => ({
    name: who.name ?? who.id ?? nobody(who.kind),
    id: who.name === undefined ? undefined : who.id,
    kind: inWords(who.kind, `admin.audit.kind.${who.kind}`),
    href: placeOf(who),
  })
  return {
    seq: entry.seq,
    sentence: t('admin.audit.entry.sentence', {
      who: whoOf(entry.actor),
      did: deps.auditSentence(entry.action, targetOf(entry)),
    }),
    action: entry.action,
    when: secondOf(entry.at),
    actor: party(entry.actor),
    target: entry.target && { ...party(entry.target), name: targetOf(entry) ?? nobody(entry.target.kind) },
    address: entry.address,
    requestId: entry.requestId,
    reason: reasonOf(entry),
    more: changeRows(undefined, more).map(({ field, after: side }) => ({
      label: labelOf(field) ?? field.replaceAll('_', ' '),
      lines: side.map(({ text }) => text),
    })),
    change: changeRows(before, after).map((row) => ({ ...row, label: labelOf(row.field) })),
    sides: { before: before !== undefined, after: after !== undefined },
    hash: entry.hash,
  }
}

/** A verification of the log, as the log has it. */
export interface Verification {
  ok: boolean
  /** How many were verified. */
  entries: number
  when: string
  by: string
  /** What is wrong with the log. */
  messages: string[]
}

/** A problem as an entry holds it. */
const stored = z.object({
  seq: z.number(),
  kind: z.string(),
  message: z.string(),
  values: z
    .object({ count: z.number(), to: z.number(), how: z.string(), what: z.string(), at: z.number() })
    .partial()
    .optional(),
})

/** What is wrong; of an entry that an older version wrote, in its English. */
function problemOf(problem: unknown): string {
  const { data } = stored.safeParse(problem)
  const words = data?.values && problemInWords(data.kind, data.seq, data.values as ProblemValues)
  return words ?? data?.message ?? ''
}

/** The last verification of the log, out of the log. */
export function verificationOf(entry: Entry | undefined): Verification | undefined {
  if (entry === undefined) return undefined
  const { ok, entries, problems } = entry.details
  const messages = (Array.isArray(problems) ? problems : []).map(problemOf)
  return {
    ok: ok === true,
    entries: Number(entries),
    when: secondOf(entry.at),
    by: byWhom(entry.actor),
    messages,
  }
}
