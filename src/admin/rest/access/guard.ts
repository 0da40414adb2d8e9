import type { FastifyRequest } from 'fastify'
import type { RestDependencies } from '../dependencies.ts'
import { callerOf } from '../guard.ts'
import { refuseAccessOfAdministrators } from '../machine.ts'

type Refuse = (request: FastifyRequest, id: string) => Promise<void>

/** Keeps programs from what administrators and auditors are in and have. Each throws AppError administration_not_granted (403). */
export function accessGuard({
  accounts,
  ofAdministrators,
}: Pick<RestDependencies, 'accounts' | 'ofAdministrators'>): {
  refuseOfGroup: Refuse
  refuseOfRole: Refuse
  refuseOfUser: Refuse
} {
  const refuseIf =
    (found: (id: string) => Promise<boolean>): Refuse =>
    (request, id) =>
      refuseAccessOfAdministrators(callerOf(request), () => found(id))
  return {
    refuseOfGroup: refuseIf(ofAdministrators.group),
    refuseOfRole: refuseIf(ofAdministrators.role),
    refuseOfUser: refuseIf(async (id) => {
      const account = id.includes('\0') ? undefined : await accounts.byId(id)
      return account !== undefined && account.role !== 'user'
    }),
  }
}
