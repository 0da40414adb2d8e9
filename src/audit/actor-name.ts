import { currentAuditContext, kindInWords, type NamedActor } from '../shared/audit-context.ts'

/** @returns what says the actor of the current audit context: “Ada”, and “command line” or “server”, which have no name of their own */
export const namedActor =
  (findAccount: (id: string) => Promise<{ displayUsername: string } | undefined>) =>
  async (): Promise<NamedActor> => {
    const { kind, id, name } = currentAuditContext()?.actor ?? { kind: 'server' }
    const account = kind === 'account' && id !== undefined ? await findAccount(id) : undefined
    return { kind, name: name ?? account?.displayUsername ?? kindInWords(kind) }
  }
