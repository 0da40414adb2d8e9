import { currentAuditContext } from '../shared/audit-context.ts'

/** @returns what gives the actor of the current audit context a name: “Ada”, “command line”, “server” */
export const actorName =
  (findAccount: (id: string) => Promise<{ displayUsername: string } | undefined>) =>
  async (): Promise<string> => {
    const { kind, id, name } = currentAuditContext()?.actor ?? { kind: 'server' }
    const account = kind === 'account' && id !== undefined ? await findAccount(id) : undefined
    return name ?? account?.displayUsername ?? kind.replace('_', ' ')
  }
