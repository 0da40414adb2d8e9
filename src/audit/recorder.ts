import { type Actor, type AuditContext, currentAuditContext } from '../shared/audit-context.ts'
import { own } from '../shared/own.ts'
import type { Details, NewEntry, Target } from './entry.ts'
import type { EventType } from './event-types.ts'

/** An event of a feature. Which of its fields name the target depends on its type (TARGETS); the others are details. */
export type AuditEvent = object & { type: EventType }

/** The target of an event, by the family of its type: the fields that hold its id and name. */
const TARGETS: Readonly<Record<string, { kind: string; id: string; name: string }>> = {
  account: { kind: 'account', id: 'accountId', name: 'username' },
  factor: { kind: 'account', id: 'accountId', name: 'username' },
  session: { kind: 'account', id: 'accountId', name: 'username' },
  client: { kind: 'client', id: 'client_id', name: 'client_name' },
  consent: { kind: 'client', id: 'client_id', name: 'client_name' },
  device: { kind: 'client', id: 'client_id', name: 'client_name' },
  token: { kind: 'client', id: 'client_id', name: 'client_name' },
  resource: { kind: 'resource', id: 'identifier', name: 'name' },
  provider: { kind: 'provider', id: 'provider', name: 'name' },
  key: { kind: 'key', id: 'kid', name: 'alg' },
}

/** Events that are caused by a person who has just proven that the account is theirs: by its password, a link in its mail, or a provider. */
const PROOFS: ReadonlySet<EventType> = new Set([
  'account.signed_in',
  'account.second_factor_asked',
  'account.registered',
])
/** What was signed in with is known by its User-Agent header. */
const SIGN_INS: ReadonlySet<EventType> = new Set(['account.signed_in', 'account.second_factor_asked'])
/** The account is the actor of these too, when no account is signed in. */
const OWN: ReadonlySet<EventType> = new Set([
  'account.created',
  'account.email_verified',
  'account.email_changed',
  'account.password_reset',
  'account.password_changed',
  'account.profile_changed',
  'account.deletion_cancelled',
  'account.linked',
  'account.unlinked',
  'account.sign_in_disowned',
  'account.recovery_started',
  'account.recovery_stopped',
  'account.recovery_finished',
  'factor.added',
  'factor.recovery_code_used',
  'factor.browser_remembered',
])

/** Types of events that carry the state before and after. */
const CHANGE = /(\.updated|_changed)$/

/** Fields that only the audit log holds, not the server's log: fewer people read it, and it has a retention of its own. */
const NOT_LOGGED = ['before', 'after', 'username', 'client_name', 'name']

/** The name of an account or client now. */
export type NameOf = (kind: string, id: string) => Promise<string | undefined>

/**
 * Takes every event of every feature: one line in the server's log, one entry in the audit log. The request, command
 * or job of the event is not acknowledged before the entry is on disk.
 */
export function createRecorder(deps: {
  audit: { record(entry: Promise<NewEntry>): Promise<void> }
  logger: { info(fields: object, message: string): void; error(fields: object, message: string): void }
  nameOf: NameOf
}) {
  return <Event extends AuditEvent>(event: Event): void => {
    const { type } = event
    if (saysNothing(event)) return
    const context = currentAuditContext()
    const logged = Object.entries(event).filter(([field]) => !NOT_LOGGED.includes(field))
    deps.logger.info({ event: type, ...Object.fromEntries(logged) }, type)
    const recorded = deps.audit.record(withNames(entryOf(event, context), deps.nameOf))
    recorded.catch((err: unknown) =>
      deps.logger.error({ err, event: type }, 'an entry of the audit log could not be written'),
    )
    context?.settling.push(recorded)
  }
}

/** Whether an event is of a form that was saved unchanged: that has no entry. */
function saysNothing(event: AuditEvent): boolean {
  if (!CHANGE.test(event.type) || !('before' in event && 'after' in event)) return false
  return Object.keys(entryOf(event, undefined).details ?? {}).length === 0
}

/** The entry of an event. @param context undefined: the server did it by itself */
export function entryOf(event: AuditEvent, context: AuditContext | undefined): NewEntry {
  const { type, address, before, after, ...rest } = event as AuditEvent & Record<string, unknown>
  const family = type.split('.', 1)[0] ?? ''
  const fields = own(TARGETS, family) ?? { kind: family, id: 'id', name: 'name' }
  const { [fields.id]: id, [fields.name]: name, ...more } = rest
  const target: Target | undefined =
    id === undefined && name === undefined ? undefined : { kind: fields.kind, id: text(id), name: text(name) }
  const actor = actorOf(type, context, target)
  // The account of the actor is named once: as the actor.
  if (more.accountId === actor.id) delete more.accountId
  return {
    action: type,
    actor,
    target,
    address: text(address) ?? context?.address,
    requestId: context?.requestId,
    details: {
      ...(more as Details),
      ...(SIGN_INS.has(type) && context?.userAgent && { user_agent: context.userAgent }),
      ...changes(record(before), record(after)),
    },
  }
}

function actorOf(action: EventType, context: AuditContext | undefined, target: Target | undefined): Actor {
  const actor: Actor = context?.actor ?? { kind: 'server' }
  const own = PROOFS.has(action) || (OWN.has(action) && actor.kind === 'anonymous')
  if (!own || context === undefined || actor.kind === 'command_line' || target?.id === undefined) return actor
  return { kind: 'account', id: target.id, ...(target.name !== undefined && { name: target.name }) }
}

/** Of the states before and after only the fields that differ; where one of the two is missing, all fields of the other. */
function changes(
  before: Record<string, unknown> | undefined,
  after: Record<string, unknown> | undefined,
): Pick<Details, 'before' | 'after'> {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter(
    (field) =>
      JSON.stringify(own(before ?? {}, field) ?? null) !== JSON.stringify(own(after ?? {}, field) ?? null),
  )
  const side = (all: Record<string, unknown> | undefined) =>
    all && Object.fromEntries(fields.map((field) => [field, own(all, field) ?? null]))
  return fields.length === 0
    ? {}
    : { ...(before && { before: side(before) ?? {} }), ...(after && { after: side(after) ?? {} }) }
}

/** Adds the current names of actor and target where the event does not carry them. */
async function withNames(entry: NewEntry, nameOf: NameOf): Promise<NewEntry> {
  const named = async <Party extends Actor | Target>(party: Party): Promise<Party> => {
    if (party.name !== undefined || party.id === undefined) return party
    const name = await nameOf(party.kind, party.id).catch(() => undefined)
    return name === undefined ? party : { ...party, name }
  }
  const [actor, target] = await Promise.all([named(entry.actor), entry.target && named(entry.target)])
  return { ...entry, actor, target }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const record = (value: unknown) =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
