import { z } from 'zod'
import { t } from '../../shared/locales/texts.ts'

/** What there is to see of something, line by line. */
export type Seen = readonly (readonly [label: string, value: string])[]

/** A line that another administrator has changed. */
export interface Change {
  label: string
  value: string
  before: string
}

const sent = z.object({ version: z.string().max(100).default(''), seen: z.string().max(50_000).default('') })
const lines = z.array(z.tuple([z.string(), z.string()]))

/** What the form of a page that asks about a removal holds: the version that the administrator sees, and what it looks like. */
export const seenFields = (version: string, seen: Seen): { version: string; seen: string } => ({
  version,
  seen: JSON.stringify(seen),
})

/** The version that the administrator has seen. */
export const versionSeen = (body: unknown): string => sent.parse(body ?? {}).version

/** What looks different from what the administrator has seen. Of a form without what was seen, nothing is known. */
function changesSince(body: unknown, now: Seen): Change[] {
  const before = textsOf(seenIn(body))
  const after = textsOf(now)
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((label) => {
    const [was, is] = [before.get(label) ?? '–', after.get(label) ?? '–']
    return before.size === 0 || was === is ? [] : [{ label, value: is, before: was }]
  })
}

function seenIn(body: unknown): Seen {
  try {
    return lines.parse(JSON.parse(sent.parse(body ?? {}).seen))
  } catch {
    return []
  }
}

/** By label: one may have several lines. */
const textsOf = (seen: Seen): ReadonlyMap<string, string> =>
  new Map(
    [...Map.groupBy(seen, ([label]) => label)].map(([label, all]) => [
      label,
      all.map(([, value]) => value).join(', '),
    ]),
  )

/** What the page says that was asked about something else by now. */
export const removalRefused = (body: unknown, now: Seen): { alert: string; changes: Change[] } => ({
  alert: t('admin.common.removal.changed'),
  changes: changesSince(body, now),
})
