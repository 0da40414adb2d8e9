import { z } from 'zod'
import { t } from '../shared/locales/texts.ts'
import { schemaProblems, ValidationError } from '../shared/validation-error.ts'
import { actionsLike } from './event-types.ts'
import { type Condition, sqlTime } from './store.ts'

const text = z.string().trim().max(500)

/** Whether the calendar has a day; `Date` counts 30 February as 2 March. */
const isDay = (day: string): boolean => {
  const at = Date.parse(day)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}

/** A day, or a moment in ISO 8601; in UTC unless it says otherwise. Milliseconds since the epoch. */
const moment = (end: boolean) =>
  z.string().transform((value, context) => {
    const day = /^\d{4}-\d{2}-\d{2}$/.test(value)
    const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/.test(value)
    const zoned = day || /(Z|[+-]\d{2}:\d{2})$/.test(value) ? value : `${value}Z`
    const at = (day || iso) && isDay(value.slice(0, 10)) ? Date.parse(zoned) : Number.NaN
    if (Number.isNaN(at)) {
      context.addIssue({ code: 'custom', message: t('admin.audit.moment') })
      return z.NEVER
    }
    return day && end ? at + 86_400_000 : at
  })

const filters = z.object({
  /** One action (`client.updated`) or the beginning of several (`client.`). */
  action: text.optional(),
  /** An id, a username, or a kind of actor: `provider`, `command_line`, `server`, `anonymous`. */
  actor: text.optional(),
  /** An id or a username. */
  target: text.optional(),
  address: text.optional(),
  /** From this moment on. */
  from: moment(false).optional(),
  /** Before this moment; a day counts whole. */
  to: moment(true).optional(),
  /** What the names, the ids or the details hold, upper or lower case. */
  text: text.optional(),
})

/** As they are typed. What is empty does not count. */
export type AuditFilters = { [Name in keyof z.input<typeof filters>]?: string | undefined }

const KINDS: readonly string[] = [
  ...['account', 'client', 'provider', 'scim'],
  ...['command_line', 'server', 'anonymous'],
]

/**
 * What the entries have to fulfil.
 * @param identify the ids that a name may stand for
 * @throws ValidationError invalid_filter (400)
 */
export async function conditionsOf(
  typed: AuditFilters,
  identify: (name: string) => Promise<readonly string[]>,
): Promise<Condition[]> {
  const given = Object.fromEntries(
    Object.entries(typed).filter(([, value]) => value !== '' && value !== undefined),
  )
  const parsed = filters.safeParse(given)
  if (!parsed.success)
    throw new ValidationError(schemaProblems(parsed.error), { code: 'invalid_filter', status: 400 })
  const { action, actor, target, address, from, to, text: words } = parsed.data
  const conditions: Condition[] = []
  const add = (condition: string, ...values: Condition['values']) =>
    conditions.push({ text: condition, values, walks: true })
  if (action !== undefined) conditions.push(oneOf('action', actionsLike(action)))
  if (actor !== undefined)
    if (KINDS.includes(actor)) add('actor_kind = ?', actor)
    else conditions.push(oneOf('actor_id', [actor, ...(await identify(actor))]))
  if (target !== undefined) conditions.push(oneOf('target_id', [target, ...(await identify(target))]))
  if (address !== undefined) add('address = ?', address)
  if (from !== undefined)
    conditions.push({ text: 'at >= ?', values: [sqlTime(from)], walks: true, times: { from } })
  if (to !== undefined) conditions.push({ text: 'at < ?', values: [sqlTime(to)], walks: true, times: { to } })
  if (words !== undefined) {
    const pattern = `%${words.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`
    const columns = ['actor_name', 'actor_id', 'target_name', 'target_id', 'request_id', 'details']
    const like = columns.map((column) => `lower(${column}) LIKE lower(?) ESCAPE '\\'`).join(' OR ')
    add(`(${like})`, ...columns.map(() => pattern))
  }
  return conditions
}

const oneOf = (column: string, values: readonly string[]): Condition => {
  const distinct = [...new Set(values)]
  return { text: `${column} IN (${distinct.map(() => '?').join(', ')})`, values: distinct }
}
