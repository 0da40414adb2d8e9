import type { FastifyRequest } from 'fastify'
import type { Change } from '../../../configuration/diff.ts'
import type { RestDependencies } from '../dependencies.ts'
import { callerOf } from '../guard.ts'
import { refuseAccessOfAdministrators } from '../machine.ts'

type Refuse = (request: FastifyRequest, id: string) => Promise<void>

/** Keeps programs from what administrators and auditors are in and have. Each throws AppError administration_not_granted (403). */
export function accessGuard({
  accounts,
  ofAdministrators,
  organizations,
}: Pick<RestDependencies, 'accounts' | 'ofAdministrators' | 'organizations'>): {
  refuseOfGroup: Refuse
  refuseOfRole: Refuse
  refuseOfUser: Refuse
  refuseOfOrganization: Refuse
  /** @param id the resource indicator of an API, whose roles end with it */
  refuseOfApi: Refuse
  /** @param before what a change of a configuration file is about, by the names of the file */
  refuseOfChange(
    request: FastifyRequest,
    change: Pick<Change, 'kind' | 'action'>,
    before: Readonly<Record<string, unknown>> | undefined,
  ): Promise<void>
} {
  const refuseIf =
    (found: (id: string) => Promise<boolean>): Refuse =>
    (request, id) =>
      refuseAccessOfAdministrators(callerOf(request), () => found(id))
  const refuseOfApi = refuseIf(ofAdministrators.rolesAt)
  return {
    refuseOfApi,
    async refuseOfChange(request, { kind, action }, before) {
      // Of what does not exist yet nobody has anything.
      if (before === undefined) return
      const { name, resource, identifier, slug } = before
      const ofRole = (written: string) =>
        ofAdministrators.roleNamed(written, typeof resource === 'string' ? resource : undefined)
      if (kind === 'group') await refuseIf(ofAdministrators.groupNamed)(request, String(name))
      if (kind === 'role') await refuseIf(ofRole)(request, String(name))
      if (kind === 'organization')
        await refuseIf(async (written) => {
          const { id } = await organizations.find(written)
          return organizations.hasAdministrator(id)
        })(request, String(slug))
      if (kind === 'resource' && action === 'delete') await refuseOfApi(request, String(identifier))
    },
    refuseOfGroup: refuseIf(ofAdministrators.group),
    refuseOfRole: refuseIf(ofAdministrators.role),
    refuseOfOrganization: refuseIf(organizations.hasAdministrator),
    refuseOfUser: refuseIf(async (id) => {
      const account = id.includes('\0') ? undefined : await accounts.byId(id)
      return account !== undefined && account.role !== 'user'
    }),
  }
}
