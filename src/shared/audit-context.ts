import { AsyncLocalStorage } from 'node:async_hooks'
import type { Authority } from './administration/authority.ts'

export const ACTOR_KINDS = [
  'account',
  'client',
  'provider',
  'scim',
  'command_line',
  'server',
  'anonymous',
] as const

/** Who does something. `provider`: another service that vouches for a person, by what it says of them; `scim`: a directory, by one of its tokens; `server`: by itself, on a schedule; `anonymous`: nobody has shown who they are. */
export interface Actor {
  kind: (typeof ACTOR_KINDS)[number]
  id?: string
  /** For people; as it was at that moment. */
  name?: string
}

/** Who did something, as settings and applied files keep it: a name is told from that of another kind of actor by the kind alone. */
export interface NamedActor {
  /** One of `Actor`; empty: it was kept by a version that knew none. */
  kind: Actor['kind'] | ''
  /** Of what has none of its own the kind in words. */
  name: string
}

/** What stands for the name of an actor that has none of its own: “command line”. */
export const kindInWords = (kind: NamedActor['kind']): string => kind.replace('_', ' ')

/** What audit entries take from the request, the run of the command line or the job that they are recorded in. */
export interface AuditContext {
  actor: Actor
  /** The network address it comes from. */
  address?: string
  requestId?: string
  /** What the browser or program says it is (User-Agent), cut short. Entries of sign-ins hold it. */
  userAgent?: string
  /** What the actor may do of administration; set by the guards of console and administration API. */
  authority?: Authority
  /** Audit entries that have to be on disk before the answer is sent. */
  settling: Promise<unknown>[]
}

const storage = new AsyncLocalStorage<AuditContext>()

/** The context of the running code; undefined: the server acts by itself. */
export const currentAuditContext = (): AuditContext | undefined => storage.getStore()

/** Runs `work` in an audit context. */
export const runInAuditContext = <T>(context: AuditContext, work: () => T): T => storage.run(context, work)

/** Runs `work` in none: what the server goes on with by itself is not what the request did that it began in. */
export const runWithoutAuditContext = <T>(work: () => T): T => storage.exit(work)

/** Runs `work` as another actor: what it records is of the same request, command or job. */
export function asActor<T>(actor: Actor, work: () => T): T {
  const context = currentAuditContext()
  return context === undefined ? work() : storage.run({ ...context, actor }, work)
}

/** Sets the actor of the current context, once it is authenticated. */
export function setActor(actor: Actor): void {
  const context = currentAuditContext()
  if (context) context.actor = actor
}

/**
 * As `settled`, of the running code unless a context is given. Undefined, so that nothing has to be awaited: there is nothing to wait for.
 */
export function settleCurrent(context = currentAuditContext()): Promise<void> | undefined {
  return context === undefined || context.settling.length === 0 ? undefined : settled(context)
}

/** Waits until the audit entries of a context are on disk. Rejects when one could not be written. */
export async function settled(context: AuditContext): Promise<void> {
  while (context.settling.length > 0) await Promise.all(context.settling.splice(0))
}
