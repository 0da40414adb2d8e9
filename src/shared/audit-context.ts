import { AsyncLocalStorage } from 'node:async_hooks'

/** Who does something. `server`: by itself, on a schedule; `anonymous`: nobody has shown who they are. */
export interface Actor {
  kind: 'account' | 'client' | 'command_line' | 'server' | 'anonymous'
  id?: string
  /** For people; as it was at that moment. */
  name?: string
}

/** One request, one run of the command line, one chore: what happens in it is its actor's doing. */
export interface Act {
  actor: Actor
  /** The network address it comes from. */
  address?: string
  requestId?: string
  /** What has to be on disk before the act is acknowledged. */
  settling: Promise<unknown>[]
}

const acts = new AsyncLocalStorage<Act>()

/** The act that the running code is part of. Undefined: the server's own. */
export const currentAct = (): Act | undefined => acts.getStore()

/** Runs work as part of an act. */
export const during = <T>(act: Act, work: () => T): T => acts.run(act, work)

/** Says who the act is by, once that is known. */
export function actAs(actor: Actor): void {
  const act = currentAct()
  if (act) act.actor = actor
}

/** Waits for what the act has to leave on disk. Rejects when it could not. */
export async function settled(act: Act): Promise<void> {
  while (act.settling.length > 0) await Promise.all(act.settling.splice(0))
}
